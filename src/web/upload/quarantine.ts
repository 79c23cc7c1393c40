import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import {
  countQuarantined,
  getQuarantined,
  listQuarantineCodes,
  listQuarantined,
  MAX_WHY,
  type Quarantined,
  type Viewer,
} from '../../catalog/index.js';
import {
  bodyText,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  viewerOf,
} from '../../http/index.js';
import { isMendable, type Examination } from '../../keeping/index.js';
import { AppError, hasCode } from '../../lib/errors.js';
import { askFirst } from '../confirm.js';
import { bodyIds } from '../forms.js';
import { sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatCardValue, formatDateTime } from '../render.js';
import { freshForm, readMend, readTyped, type Typed } from './mend.js';
import { toOutcome, type Outcome } from './upload.js';
import { dropRule, keepAsRules, patternOf, ruleRows } from './rules.js';
import { usualValues } from './usual.js';
import { NOWHERE, whereabouts, type Whereabouts } from './where.js';

const PAGE_ROWS = 100;
/** Files that are tried again by one press of a button: each takes some milliseconds. */
const MAX_AT_ONCE = 500;
/** Cards and findings that are shown of one file. */
const MAX_CARDS = 500;
const MAX_FINDINGS = 50;

/** Why files are refused, as a heading. */
const WORDS: Readonly<Record<string, string>> = {
  header_missing: 'A header value is missing',
  header_invalid: 'A header value cannot be read',
  path_escapes: 'No place can be made of the header',
  fits_invalid: 'Not FITS, or broken',
  fits_truncated: 'The file ends too early',
  fits_unsupported: 'A kind of file that is not read',
  too_large: 'Too large',
  forbidden: 'A frame of another account: an admin decides',
};

/** `GET /quarantine/`: refused files; `code` leaves those refused for it, `file` shows one. */
export function showQuarantine(web: Web): RequestHandler {
  return async (req, res) => {
    requireAction(res, 'upload');
    await sendQuarantine(web, req, res, {});
  };
}

/** What holds for more than the chosen files, or cannot be undone. */
const LASTING = new Set(['discard', 'rule', 'unrule']);

/**
 * `POST /quarantine/`: tries the ticked files again, says where they would go, or throws them away.
 */
export function changeQuarantine(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const deed = bodyText(req, 'do');
    const isDiscard = deed === 'discard';
    const viewer = requireAction(res, LASTING.has(deed) ? 'correct' : 'upload');
    requireCsrf(services, req, res);
    if (deed === 'unrule') {
      await sendQuarantine(web, req, res, { message: await dropRule(web, req, viewer) });
      return;
    }
    const isAll = deed === 'retry-all';
    const ids = isAll ? await mendableIds(web, req, viewer) : bodyIds(req, 'ids');
    if (ids.length === 0 && deed !== 'rule') {
      await sendQuarantine(web, req, res, { message: 'No file was chosen.' });
      return;
    }
    if (deed === 'where') {
      await sendWhere(web, req, res, ids);
      return;
    }
    if (isDiscard && bodyText(req, 'sure') !== '1') {
      await askBeforeDiscard(web, req, res, ids);
      return;
    }
    if (isDiscard) {
      for (const id of ids) await services.mending.discard(id, viewer).catch(ignoreGone);
      const message = `${countOf(ids.length, 'file')} thrown away.`;
      await sendQuarantine(web, req, res, { message });
      return;
    }
    const outcomes: Outcome[] = [];
    try {
      const message = deed === 'rule' ? await keepAsRules(web, req, viewer) : '';
      for (const id of ids) {
        const item = await getQuarantined(services.catalog, id, viewer);
        const result = await services.mending.retry(id, readMend(req, item), viewer);
        outcomes.push(toOutcome(web.base, result));
      }
      await sendQuarantine(web, req, res, { outcomes, message });
    } catch (error) {
      // A value that cannot be set: nothing more is tried, and what was typed need not be looked for.
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'bad_request') res.status(400);
      if (error.code === 'forbidden') res.status(403);
      const typed = readTyped(req);
      await sendQuarantine(web, req, res, { outcomes, message: error.message, typed });
    }
  };
}

/** The page with what was typed, and where that leads. Nothing is tried. */
async function sendWhere(
  web: Web,
  req: Request,
  res: Response,
  ids: readonly number[],
): Promise<void> {
  const typed = readTyped(req);
  try {
    const where = await whereabouts(web, ids, (item) => readMend(req, item), viewerOf(res));
    await sendQuarantine(web, req, res, { typed, where });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'bad_request') throw error;
    res.status(400);
    await sendQuarantine(web, req, res, { typed, message: error.message });
  }
}

async function askBeforeDiscard(
  web: Web,
  req: Request,
  res: Response,
  ids: readonly number[],
): Promise<void> {
  const filter = { ids, limit: ids.length };
  const found = await listQuarantined(web.services.catalog, filter, viewerOf(res));
  await askFirst(web, req, res, {
    question: `Throw ${countOf(found.length, 'file')} away?`,
    deed: 'Throw away',
    word: 'discard',
    place: 'upload',
    path: '/quarantine/',
    items: found.map(({ id, uploadName: name, sizeBytes }) => ({ id, name, sizeBytes })),
  });
}

function ignoreGone(error: unknown): void {
  if (!hasCode(error, 'not_found')) throw error;
}

/** Those that another value may help, of those that the page lists, the oldest first. */
async function mendableIds({ services }: Web, req: Request, viewer: Viewer): Promise<number[]> {
  const code = parameter(queryParameters(req), 'code');
  const filter = { ...(code === '' ? {} : { code }), limit: MAX_AT_ONCE };
  const items = await listQuarantined(services.catalog, filter, viewer);
  return items
    .filter(isMendable)
    .map(({ id }) => id)
    .reverse();
}

interface Told {
  readonly outcomes?: readonly Outcome[];
  readonly message?: string;
  /** What stood in the form, and shall stand there again. */
  readonly typed?: Typed;
  readonly where?: Whereabouts;
}

async function sendQuarantine(web: Web, req: Request, res: Response, told: Told): Promise<void> {
  const { services, base } = web;
  const { catalog } = services;
  const { outcomes = [], message = '' } = told;
  const viewer = requireAction(res, 'upload');
  const parameters = queryParameters(req);
  const code = parameter(parameters, 'code');
  const filter = code === '' ? {} : { code };
  const asked = Number(parameter(parameters, 'page'));
  const page = Number.isSafeInteger(asked) && asked > 1 ? asked : 1;
  const offset = (page - 1) * PAGE_ROWS;
  const [items, { files, bytes }, codes, shown] = await Promise.all([
    listQuarantined(catalog, { ...filter, limit: PAGE_ROWS, offset }, viewer),
    countQuarantined(catalog, filter, viewer),
    listQuarantineCodes(catalog, viewer),
    findShown(web, parameter(parameters, 'file'), viewer),
  ]);
  const where = told.where ?? (await whereIsShown(web, shown, viewer));
  const typed = told.typed ?? freshForm(missingKeywords(items, shown, where), shown);
  const query = (changes: Readonly<Record<string, string>>): string => {
    const words = new URLSearchParams({ ...filter, ...changes }).toString();
    return words === '' ? `${base}/quarantine/` : `${base}/quarantine/?${words}`;
  };
  await sendPage(
    web,
    req,
    res,
    'quarantine',
    { title: 'Quarantine', place: 'upload' },
    {
      outcomes,
      message,
      code,
      shown,
      summary: files === 0 ? '' : `${countOf(files, 'file')} · ${formatBytes(bytes)}`,
      usual: await usualValues(catalog, (shown?.item ?? items[0])?.keyword ?? null, viewer),
      maxWhy: MAX_WHY,
      mendable: countMendable(codes, code),
      formUrl: query(shown === null ? {} : { file: String(shown.id) }),
      backUrl: page > 1 ? query({ page: String(page - 1) }) : '',
      nextUrl: offset + items.length < files ? query({ page: String(page + 1) }) : '',
      allUrl: `${base}/quarantine/`,
      codes: codes.map((each) => ({
        code: each.code,
        words: WORDS[each.code] ?? each.code,
        files: each.files,
        url: `${base}/quarantine/?code=${encodeURIComponent(each.code)}`,
      })),
      typed,
      where,
      mayRule: may(viewer, 'correct'),
      rules: await ruleRows(web, viewer),
      profiles: services.reader.profiles.map(({ name, title }) => ({ name, title })),
      mayDiscard: may(viewer, 'correct'),
      rows: items.map((item) => ({ ...toRow(item), url: query({ file: String(item.id) }) })),
    },
  );
}

/** Where the one file goes that is shown, or what it lacks, before anything is typed. */
async function whereIsShown(
  web: Web,
  shown: { readonly item: Quarantined } | null,
  viewer: Viewer,
): Promise<Whereabouts> {
  if (shown === null || !isMendable(shown.item)) return NOWHERE;
  return whereabouts(web, [shown.item.id], () => ({}), viewer);
}

/** The keywords that stand in the way of the file that is shown, or of those that are listed. */
function missingKeywords(
  items: readonly Quarantined[],
  shown: { readonly item: Quarantined } | null,
  { places }: Whereabouts,
): string[] {
  if (shown === null) return items.flatMap(({ keyword }) => keyword ?? []);
  const missing = places.flatMap((place) => place.missing);
  return missing.length > 0 ? missing : [shown.item.keyword].flatMap((name) => name ?? []);
}

/** Files that another value may help, of those that the page lists: as `mendableIds`. */
function countMendable(
  codes: readonly { readonly code: string; readonly files: number }[],
  code: string,
): number {
  const listed = codes.filter((each) => isMendable(each) && (code === '' || each.code === code));
  const files = listed.reduce((sum, each) => sum + each.files, 0);
  return Math.min(files, MAX_AT_ONCE);
}

function toRow(item: Quarantined) {
  const tried = Object.entries(item.attempt?.overrides ?? {}).map(
    ([keyword, value]) => `${keyword} = ${value === null ? 'nothing' : String(value)}`,
  );
  const profile = item.attempt?.profile ?? null;
  return {
    id: item.id,
    name: item.uploadName,
    reason: item.reason,
    size: formatBytes(item.sizeBytes),
    at: formatDateTime(item.createdMs),
    isMendable: isMendable(item),
    attempts: item.attempts,
    tried: [...tried, ...(profile === null ? [] : [`read as ${profile}`])].join(', '),
  };
}

/** One file with what can be read of it; null if none is asked for, or it has gone meanwhile. */
async function findShown({ services, base }: Web, id: string, viewer: Viewer) {
  if (id === '') return null;
  try {
    const item = await getQuarantined(services.catalog, parseId(id), viewer);
    const pictureUrl = `${base}/quarantine/${item.id}/picture/`;
    const sheet = toSheet(await services.mending.examine(item));
    const pattern = patternOf(item.uploadName);
    return { item, pictureUrl, pattern, ...toRow(item), ...sheet };
  } catch (error) {
    if (hasCode(error, 'not_found')) return null;
    throw error;
  }
}

/** INSTRUME as the file itself says it; '' if it does not. */
function cameraOf(cards: readonly { keyword: string; value: unknown }[]): string {
  const value = cards.find(({ keyword }) => keyword === 'INSTRUME')?.value;
  return typeof value === 'string' ? value.trim() : '';
}

function toSheet({ hdus, findings, problem }: Examination) {
  const all = hdus.flatMap(({ hdu, cards }) => cards.map((card) => ({ hdu, card })));
  return {
    problem,
    total: all.length,
    camera: cameraOf(all.map(({ card }) => card)),
    cards: all.slice(0, MAX_CARDS).map(({ hdu, card }) => ({
      hdu,
      keyword: card.keyword,
      value: formatCardValue({
        kind: card.kind,
        value: typeof card.value === 'bigint' ? String(card.value) : card.value,
      }),
      comment: card.comment,
    })),
    findings: findings.slice(0, MAX_FINDINGS).map(({ level, text, hdu }) => ({ level, text, hdu })),
    moreFindings: Math.max(0, findings.length - MAX_FINDINGS),
  };
}
