import type { RequestHandler } from 'express';
import {
  countQuarantined,
  getQuarantined,
  listQuarantined,
  type Quarantined,
  type QuarantineFilter,
  type Viewer,
} from '../catalog/index.js';
import {
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  sendMade,
  type Services,
} from '../http/index.js';
import { createReadStream } from 'node:fs';
import { notStored, type IngestResult } from '../ingest/index.js';
import { isMendable, type Examination } from '../keeping/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import { readBody, readMend, readPage, readSelection } from './bodies.js';
import { toFindingShape } from './shapes.js';

/** Refused files that one request may be about: each takes some milliseconds. */
const MAX_AT_ONCE = 500;
/** What is shown of a header; a file may have 100 000 cards. */
const MAX_HDUS = 50;
const MAX_CARDS = 1000;

/** Handlers of refused files. */
export function createQuarantineHandlers(services: Services) {
  const { catalog, mending, reader } = services;

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    const parameters = queryParameters(req);
    const [code, keyword] = [parameter(parameters, 'code'), parameter(parameters, 'keyword')];
    const filter: QuarantineFilter = {
      ...(code === '' ? {} : { code }),
      ...(keyword === '' ? {} : { keyword: keyword.toUpperCase() }),
    };
    const { limit, offset } = readPage(req);
    const { files, bytes } = await countQuarantined(catalog, filter, viewer);
    const items = await listQuarantined(catalog, { ...filter, limit, offset }, viewer);
    res.json({ count: files, size: bytes, results: items.map(toItemShape) });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    const item = await getQuarantined(catalog, parseId(req.params.file), viewer);
    const examination = await mending.examine(item);
    const profiles = reader.profiles.map(({ name, title }) => ({ name, title }));
    res.json({ ...toItemShape(item), ...toExaminationShape(examination), profiles });
  };

  const download: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    const item = await getQuarantined(catalog, parseId(req.params.file), viewer);
    const path = await mending.fileOf(item);
    await sendMade(req, res, {
      filename: item.uploadName,
      // Whatever it is: it was not taken for FITS, or not for a frame.
      contentType: 'application/octet-stream',
      sizeBytes: item.sizeBytes,
      modifiedMs: item.createdMs,
      etag: `"${item.sha256}"`,
      read: ({ start, end }) => createReadStream(path, { start, end: end - 1 }),
    });
  };

  const retry: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const id = parseId(req.params.file);
    const result = await mending.retry(id, readMend(readBody(req)), viewer);
    res.json(toResultShape(id, result));
  };

  const retryMany: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const body = readBody(req);
    const mend = readMend(body);
    const results: Record<string, unknown>[] = [];
    for (const item of await select(readSelection(body), viewer)) {
      const result = await mending.retry(item.id, mend, viewer).catch(refusalOf(item));
      if (result !== undefined) results.push(toResultShape(item.id, result));
    }
    const stored = results.filter((result) => result.id !== null).length;
    res.json({ count: results.length, stored, results });
  };

  const discard: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    await mending.discard(parseId(req.params.file), viewer);
    res.status(204).end();
  };

  const discardMany: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    const ids: number[] = [];
    for (const { id } of await select(readSelection(readBody(req)), viewer)) {
      await mending.discard(id, viewer).then(() => ids.push(id), ignoreGone);
    }
    res.json({ discarded: ids.length, ids });
  };

  /** The oldest first, as they came. @throws 'not_found' if an id is not there */
  const select = async (filter: QuarantineFilter, viewer: Viewer): Promise<Quarantined[]> => {
    const items = await listQuarantined(catalog, { ...filter, limit: MAX_AT_ONCE }, viewer);
    const missing = filter.ids?.find((id) => items.every((item) => item.id !== id));
    if (missing !== undefined) {
      throw new AppError('not_found', `There is no file ${missing} in quarantine.`);
    }
    return items.reverse();
  };

  return { list, show, download, retry, retryMany, discard, discardMany };
}

/** Mended or thrown away by somebody else meanwhile. */
function ignoreGone(error: unknown): undefined {
  if (!hasCode(error, 'not_found')) throw error;
  return undefined;
}

/** That one file is not theirs to change in this way is no reason to leave out the others. */
function refusalOf(item: Quarantined): (error: unknown) => IngestResult | undefined {
  return (error) => {
    if (error instanceof AppError && error.code === 'forbidden') {
      return notStored(item, 'refused', error);
    }
    ignoreGone(error);
    return undefined;
  };
}

function toItemShape(item: Quarantined): Record<string, unknown> {
  return {
    id: item.id,
    name: item.uploadName,
    size: item.sizeBytes,
    sha256: item.sha256,
    code: item.code,
    reason: item.reason,
    keyword: item.keyword,
    is_mendable: isMendable(item),
    attempts: item.attempts,
    overrides: item.attempt?.overrides ?? {},
    profile: item.attempt?.profile ?? null,
    why: item.attempt?.why ?? null,
    created: formatInstant(item.createdMs),
  };
}

function toExaminationShape({ hdus, findings, problem }: Examination): Record<string, unknown> {
  return {
    problem: problem === '' ? null : problem,
    hdus: hdus.slice(0, MAX_HDUS).map(({ hdu, name, cards }) => ({
      hdu,
      name,
      cards: cards.slice(0, MAX_CARDS).map(({ keyword, kind, value, comment }) => ({
        key: keyword,
        kind,
        value: typeof value === 'bigint' ? String(value) : value,
        comment,
      })),
    })),
    findings: findings.slice(0, MAX_CARDS).map(toFindingShape),
  };
}

function toResultShape(quarantineId: number, result: IngestResult): Record<string, unknown> {
  const { name, basename, id, version, status, error, code, warnings } = result;
  return {
    quarantine_id: quarantineId,
    name,
    basename,
    id,
    version,
    status,
    error,
    code,
    warnings,
  };
}
