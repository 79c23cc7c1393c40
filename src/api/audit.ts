import type { Request, RequestHandler } from 'express';
import {
  DEED_FILTERS,
  listDeeds,
  MAX_DEEDS,
  parseDeedQuery,
  type Catalog,
  type DeedQuery,
  type DeedRow,
} from '../catalog/index.js';
import {
  contentDisposition,
  parameter,
  queryParameters,
  requireAction,
  rootUrl,
  sendStream,
  type Services,
} from '../http/index.js';
import { formatCsvText } from '../lib/csv.js';
import { AppError } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';

const DEFAULT_LIMIT = 100;
/** Lines of a CSV without `limit`. */
const MOST_LINES = 1_000_000;

/**
 * `GET /audit/`: the log of every change and every refusal, newest first. A page ends with `next`, the
 * address of the one before it in time; `format=csv` gives all lines that match in one table.
 */
export function createAuditHandler(services: Services): RequestHandler {
  const { catalog } = services;
  return async (req, res) => {
    requireAction(res, 'administer');
    const parameters = queryParameters(req);
    const format = parameter(parameters, 'format') || 'json';
    if (format !== 'json' && format !== 'csv') {
      const message = 'Invalid value for format: expected json or csv.';
      throw new AppError('bad_request', message, { parameter: 'format' });
    }
    const valueOf = (name: string): string => parameter(parameters, name);
    const query = parseDeedQuery(valueOf, DEFAULT_LIMIT);
    // What was noted a moment ago is part of it.
    await services.deeds.flush();
    res.set('Cache-Control', 'private, no-store');
    if (format === 'csv') {
      res.type('text/csv').set('Content-Disposition', contentDisposition('audit.csv'));
      const lines = valueOf('limit') === '' ? MOST_LINES : query.limit;
      if (req.method === 'HEAD') res.end();
      else await sendStream(eachCsvLine(catalog, query, lines), res);
      return;
    }
    const rows = await listDeeds(catalog, query);
    const next = rows.length < query.limit ? null : nextUrl(services, req, rows.at(-1));
    res.json({ next, results: rows.map(toDeedShape) });
  };
}

function nextUrl(services: Services, req: Request, last: DeedRow | undefined): string | null {
  if (last === undefined) return null;
  const url = new URL('audit/', rootUrl(services, req));
  const parameters = queryParameters(req);
  for (const name of [...DEED_FILTERS, 'limit']) {
    const value = parameter(parameters, name);
    if (value !== '') url.searchParams.set(name, value);
  }
  url.searchParams.set('cursor', String(last.id));
  return url.href;
}

function toDeedShape(row: DeedRow) {
  return {
    id: row.id,
    at: formatInstant(row.atMs),
    actor: row.actor.username,
    address: row.actor.address,
    action: row.action,
    subject: row.subject,
    outcome: row.outcome,
    old: row.old ?? null,
    detail: row.detail ?? null,
  };
}

async function* eachCsvLine(
  catalog: Catalog,
  query: DeedQuery,
  lines: number,
): AsyncGenerator<string> {
  yield 'id,at,actor,address,action,subject,outcome,old,detail\r\n';
  let left = lines;
  let before = query.before;
  while (left > 0) {
    const limit = Math.min(left, MAX_DEEDS);
    const rows = await listDeeds(catalog, { ...query, limit, ...(before ? { before } : {}) });
    yield rows.map((row) => toCsvLine(toDeedShape(row))).join('');
    if (rows.length < limit) return;
    left -= rows.length;
    before = rows.at(-1)?.id;
  }
}

function toCsvLine(shape: Readonly<Record<string, unknown>>): string {
  const cells = Object.values(shape).map((value) => {
    if (value === null || typeof value === 'number') return String(value ?? '');
    return formatCsvText(typeof value === 'string' ? value : JSON.stringify(value));
  });
  return `${cells.join(',')}\r\n`;
}
