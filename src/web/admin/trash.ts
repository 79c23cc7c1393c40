import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import { getTrashed, listTrashed } from '../../catalog/index.js';
import {
  bodyText,
  parameter,
  queryParameters,
  requireAction,
  requireCsrf,
  viewerOf,
} from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { askFirst, type GraveDeed } from '../confirm.js';
import { bodyIds } from '../forms.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatDateTime, NONE } from '../render.js';

const PAGE_ROWS = 100;
const DAY_MS = 86_400_000;

/** `GET /trash/`: what was deleted, and can come back. */
export function showTrash(web: Web): RequestHandler {
  return async (req, res) => {
    requireAction(res, 'delete');
    await sendTrash(web, req, res, []);
  };
}

/** `POST /trash/`: brings the ticked frames back, or removes them for good. */
export function changeTrash(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const isPurge = bodyText(req, 'do') === 'purge';
    const viewer = requireAction(res, isPurge ? 'purge' : 'delete');
    requireCsrf(services, req, res);
    const ids = bodyIds(req, 'ids');
    if (isPurge && ids.length > 0 && bodyText(req, 'sure') !== '1') {
      await askBeforePurge(web, req, res, ids);
      return;
    }
    const problems: string[] = [];
    for (const id of ids) {
      try {
        if (isPurge) await services.trash.purge(id, viewer);
        else await services.trash.restore(id, viewer);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        problems.push(
          error.code === 'not_found' ? `Frame ${id} is not in the trash any more.` : error.message,
        );
      }
    }
    if (problems.length === 0) goTo(web, req, res, `${base}/trash/`);
    else await sendTrash(web, req, res, problems);
  };
}

async function askBeforePurge(
  web: Web,
  req: Request,
  res: Response,
  ids: readonly number[],
): Promise<void> {
  const items: GraveDeed['items'][number][] = [];
  for (const id of ids) {
    const { basename, sizeBytes } = await getTrashed(web.services.catalog.read, id, viewerOf(res));
    items.push({ id, name: basename, sizeBytes });
  }
  await askFirst(web, req, res, {
    question: `Remove ${countOf(items.length, 'frame')} for good?`,
    deed: 'Remove for good',
    word: 'purge',
    place: 'trash',
    path: '/trash/',
    items,
  });
}

async function sendTrash(
  web: Web,
  req: Request,
  res: Response,
  problems: readonly string[],
): Promise<void> {
  const { catalog, config } = web.services;
  const viewer = requireAction(res, 'delete');
  const parameters = queryParameters(req);
  const asked = Number(parameter(parameters, 'page'));
  const page = Number.isSafeInteger(asked) && asked > 1 ? asked : 1;
  const offset = (page - 1) * PAGE_ROWS;
  const { total, bytes, items } = await listTrashed(catalog, { limit: PAGE_ROWS, offset }, viewer);
  const link = (to: number): string => `${web.base}/trash/?page=${to}`;
  const days = config.TRASH_DAYS;
  if (problems.length > 0) res.status(409);
  await sendPage(
    web,
    req,
    res,
    'trash',
    { title: 'Trash', place: 'trash' },
    {
      problems,
      mayPurge: may(viewer, 'purge'),
      summary: total === 0 ? '' : `${countOf(total, 'frame')} · ${formatBytes(bytes)}`,
      days: days === 0 ? '' : countOf(days, 'day'),
      backUrl: page > 1 ? link(page - 1) : '',
      nextUrl: offset + items.length < total ? link(page + 1) : '',
      rows: items.map((item) => ({
        id: item.frameId,
        name: item.basename,
        night: item.night ?? NONE,
        size: formatBytes(item.sizeBytes),
        versions: item.record.versions.length,
        at: formatDateTime(item.trashedMs),
        by: item.by,
        reason: item.reason,
        until: days === 0 ? '' : formatDateTime(item.trashedMs + days * DAY_MS).slice(0, 10),
      })),
    },
  );
}
