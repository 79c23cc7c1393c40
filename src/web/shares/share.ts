import type { RequestHandler, Response } from 'express';
import { listSharedFrames, type SharedFrame } from '../../catalog/index.js';
import { parameter, queryParameters, STATUS } from '../../http/index.js';
import { AppError, hasCode } from '../../lib/errors.js';
import { groupBy } from '../../lib/groups.js';
import { sendPage, type Web } from '../page.js';
import {
  countOf,
  filterSlot,
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatNumber,
  kindLabel,
  NONE,
} from '../render.js';
import { filesOf, keepPrivate, openShare } from './open.js';
import { WITHDRAWN } from './words.js';

/** Frames on a page of the contact sheet. */
const PAGE = 120;

/** `GET /s/<token>/`: a share for those who have the link, account or not. */
export function showShare(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    keepPrivate(res);
    const opened = await openShare(services, req).catch((error: unknown) => tellGone(res, error));
    if (opened instanceof AppError) {
      const model = { message: opened.message, isGone: opened.code === 'gone' };
      await sendPage(web, req, res, 'share-gone', { title: 'Nothing is shared here' }, model);
      return;
    }
    const { share, sharer, path } = opened;
    const frames = await listSharedFrames(services.catalog, share.id, sharer);
    const files = filesOf(frames);
    const offset = readOffset(parameter(queryParameters(req), 'offset'), frames.length);
    const url = `${base}${path}`;
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    await sendPage(
      web,
      req,
      res,
      'share',
      { title: share.title },
      {
        by: share.madeBy.username,
        until: formatDateTime(share.expiresMs),
        summary: toSummary(frames, bytes),
        zipUrl: `${url}zip/`,
        zipLabel: `Download ${countOf(files.length, 'frame')} · ${formatBytes(bytes)}`,
        hasFiles: files.length > 0,
        scriptUrl: `${url}script/`,
        windowsUrl: `${url}script/?format=script-windows`,
        readmeUrl: `${url}README.txt`,
        sumsUrl: `${url}SHA256SUMS`,
        groups: toGroups(url, frames.slice(offset, offset + PAGE)),
        gone: frames.flatMap(({ basename, file }) =>
          typeof file === 'string' ? [{ name: basename, why: WITHDRAWN[file] }] : [],
        ),
        pager: {
          words: `${formatCount(offset + 1)}–${formatCount(Math.min(frames.length, offset + PAGE))} of ${formatCount(frames.length)}`,
          backUrl: offset > 0 ? `${url}?offset=${Math.max(0, offset - PAGE)}` : '',
          nextUrl: offset + PAGE < frames.length ? `${url}?offset=${offset + PAGE}` : '',
        },
      },
    );
  };
}

/** The reason why a share cannot be shown, with its status set; anything else is thrown again. */
function tellGone(res: Response, error: unknown): AppError {
  if (!(error instanceof AppError)) throw error;
  if (!hasCode(error, 'gone') && !hasCode(error, 'not_found')) throw error;
  res.status(STATUS[error.code]);
  return error;
}

function readOffset(text: string, total: number): number {
  const offset = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return offset < total ? offset : 0;
}

/** What it is, in a line. */
function toSummary(frames: readonly SharedFrame[], bytes: number): string {
  const seconds = frames.reduce((sum, { exposureSec }) => sum + (exposureSec ?? 0), 0);
  const objects = new Set(frames.flatMap(({ object }) => object ?? []));
  return [
    countOf(frames.length, 'frame'),
    ...(objects.size === 0 ? [] : [countOf(objects.size, 'target')]),
    ...(seconds === 0 ? [] : [`${formatDuration(seconds)} of open shutter`]),
    formatBytes(bytes),
  ].join(' · ');
}

/** The contact sheet, by target. */
function toGroups(url: string, frames: readonly SharedFrame[]) {
  const titleOf = ({ object, imageKind }: SharedFrame): string =>
    object ?? (imageKind === null ? 'Not here any more' : kindLabel(imageKind));
  return [...groupBy(frames, titleOf)].map(([title, some]) => ({
    title,
    words: countOf(some.length, 'frame'),
    plates: some.map((frame) => toPlate(url, frame)),
  }));
}

function toPlate(url: string, frame: SharedFrame) {
  const { number, basename, extension, file, filter, exposureSec, dateObsMs, fwhmArcsec } = frame;
  const isThere = typeof file !== 'string';
  return {
    name: `${basename}${extension}`,
    isThere,
    why: isThere ? '' : WITHDRAWN[file],
    url: `${url}files/${number}/`,
    thumbnail: `${url}files/${number}/preview/?v=${frame.sha256.slice(0, 12)}`,
    filter: filter ?? (frame.imageKind === null ? NONE : kindLabel(frame.imageKind)),
    slot: filterSlot(filter),
    exposure: exposureSec === null ? '' : `${formatNumber(exposureSec)}\u202fs`,
    fwhm: fwhmArcsec === null ? '' : `${formatNumber(fwhmArcsec, 1)}″`,
    start: dateObsMs === null ? '' : `${formatDateTime(dateObsMs)} UTC`,
    size: formatBytes(frame.sizeBytes),
  };
}
