import type { Request, RequestHandler, Response } from 'express';
import {
  ACTIONS,
  DEED_FILTERS,
  listDeeds,
  parseDeedQuery,
  type DeedQuery,
  type DeedRow,
} from '../../catalog/index.js';
import { lastValues, queryParameters, requireAction, STATUS } from '../../http/index.js';
import { hasCode } from '../../lib/errors.js';
import { sendPage, type Web } from '../page.js';
import { formatDateTime, NONE } from '../render.js';

const LINES = 100;
/** Longest text of a detail on the page; the API has all of it. */
const MAX_DETAIL = 300;

/** `GET /admin/log/`: the audit log, with the filters and the paging of `GET /audit/`. */
export function showLog(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    requireAction(res, 'administer');
    const values = lastValues(queryParameters(req));
    const query = readQuery(values);
    if (typeof query === 'string') {
      res.status(STATUS.bad_request);
      await sendLog(web, req, res, { values, problem: query, rows: [] });
      return;
    }
    await services.deeds.flush();
    const rows = await listDeeds(services.catalog, query);
    const last = rows.length < query.limit ? undefined : rows.at(-1);
    const olderUrl =
      last === undefined
        ? ''
        : `${base}/admin/log/?${toQuery({ ...values, cursor: String(last.id) })}`;
    await sendLog(web, req, res, { values, rows, olderUrl });
  };
}

/** What is wrong with the filters is told beside them, as text. */
function readQuery(values: Readonly<Record<string, string>>): DeedQuery | string {
  try {
    return parseDeedQuery((name) => (name === 'limit' ? '' : (values[name] ?? '')), LINES);
  } catch (error) {
    if (error instanceof Error && hasCode(error, 'bad_request')) return error.message;
    throw error;
  }
}

interface LogModel {
  readonly values: Readonly<Record<string, string>>;
  readonly rows: readonly DeedRow[];
  readonly problem?: string;
  readonly olderUrl?: string;
}

async function sendLog(web: Web, req: Request, res: Response, model: LogModel): Promise<void> {
  const { values } = model;
  const shown = Object.fromEntries(DEED_FILTERS.map((name) => [name, values[name] ?? '']));
  const place = { title: 'Log', place: 'users' } as const;
  await sendPage(web, req, res, 'log', place, {
    problem: model.problem ?? '',
    olderUrl: model.olderUrl ?? '',
    values: shown,
    actions: Object.entries(ACTIONS),
    csvUrl: `${web.base}/audit/?${toQuery({ ...shown, format: 'csv' })}`,
    rows: model.rows.map((row) => toRow(web.base, row)),
  });
}

function toRow(base: string, { atMs, actor, action, subject, outcome, old, detail }: DeedRow) {
  const frame = /^frame:(\d+)$/.exec(subject)?.[1];
  return {
    at: formatDateTime(atMs),
    actor: actor.username || 'visitor',
    address: actor.address || NONE,
    action,
    words: ACTIONS[action],
    isRefused: outcome === 'refused',
    subject,
    url: frame === undefined ? '' : `${base}/frames/${frame}/`,
    lines: [
      ...(old === undefined ? [] : [`before: ${toText(old)}`]),
      ...(detail === undefined ? [] : [toText(detail)]),
    ],
  };
}

/** `role: user, disabled: false`; what is no plain object stays JSON. */
function toText(value: unknown): string {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  const text = isPlain
    ? Object.entries(value)
        .map(([name, each]) => `${name}: ${typeof each === 'string' ? each : JSON.stringify(each)}`)
        .join(', ')
    : JSON.stringify(value);
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}

function toQuery(values: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')).toString();
}
