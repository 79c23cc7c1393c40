import type { Request, RequestHandler, Response } from 'express';
import {
  findOriginal,
  getFrame,
  inTransaction,
  listHeaders,
  listVisibleCorrections,
  listVisibleNotes,
  listVisibleSteps,
  NO_OVERRIDES,
  noteSubject,
  parseKeyword,
  parseOverrides,
  parseWhy,
  writeNote,
  type Catalog,
  type Correction,
  type CorrectionStep,
  type Frame,
  type Note,
  type StoredHdu,
  type Viewer,
} from '../catalog/index.js';
import {
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import { member, readBody, readIds, readMend, textMember } from './bodies.js';

/** Handlers of what people say about frames: header values set right, and notes. */
export function createCorrectionHandlers(services: Services) {
  const { catalog, revisions } = services;

  const send = async (res: Response, frame: Frame): Promise<void> => {
    const viewer = requireAction(res, 'read');
    const { chosenProfile } = await revisions.corrections(frame.id, viewer);
    const hdus = await listHeaders(catalog, frame.version);
    const results = await toMarks(catalog, frame, hdus, viewer);
    const steps = await listVisibleSteps(catalog, frame, viewer);
    const history = steps.map((step) => toStepShape(step, hdus));
    const { id, profile } = frame;
    res.json({ id, profile, chosen_profile: chosenProfile, results, history });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    await send(res, await getFrame(catalog, parseId(req.params.id), viewer));
  };

  /** @param isWhole true for PUT: what is not named is withdrawn */
  const change =
    (isWhole: boolean): RequestHandler =>
    async (req, res) => {
      const viewer = requireAction(res, 'correct');
      requireCsrf(services, req, res);
      const id = parseId(req.params.id);
      const overrides = parseOverrides(withoutWhy(readBody(req)));
      const why = parseWhy(parameter(queryParameters(req), 'why'));
      await revisions.correct(id, { overrides, isWhole, profile: readProfile(req), why }, viewer);
      await send(res, await getFrame(catalog, id, viewer));
    };

  const withdraw: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    const frame = await getFrame(catalog, parseId(req.params.id), viewer);
    const keyword = parseKeyword(String(req.params.keyword));
    const why = parseWhy(parameter(queryParameters(req), 'why'));
    const change = { overrides: NO_OVERRIDES, isWhole: false, withdrawn: [keyword], why };
    await revisions.correct(frame.id, change, viewer);
    await send(res, await getFrame(catalog, frame.id, viewer));
  };

  const changeMany: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(services, req, res);
    const body = readBody(req);
    const ids = readIds(body);
    if (ids === undefined) {
      throw new AppError('bad_request', 'Name the frames: {"ids": […]}.', { parameter: 'ids' });
    }
    const overrides = parseOverrides(member(body, 'corrections') ?? {});
    const { profile, why } = readMend({
      profile: member(body, 'profile'),
      why: member(body, 'why'),
    });
    const results: object[] = [];
    let failed = 0;
    for (const id of ids) {
      try {
        await revisions.correct(id, { overrides, isWhole: false, profile, why }, viewer);
        results.push({ id, error: null, code: null });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failed += 1;
        results.push({ id, error: error.message, code: error.code });
      }
    }
    res.json({ corrected: ids.length - failed, failed, results });
  };

  const notes: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read-notes');
    const frame = await getFrame(catalog, parseId(req.params.id), viewer);
    const found = await listVisibleNotes(catalog, frame, viewer);
    res.json({ count: found.length, results: found.map(toNoteShape) });
  };

  const addNote: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const { id } = await getFrame(catalog, parseId(req.params.id), viewer);
    const text = textMember(readBody(req), 'text') ?? '';
    const note = await inTransaction(catalog, (tx) => writeNote(tx, noteSubject(id), text, viewer));
    res.status(201).json(toNoteShape(note));
  };

  return { show, change, withdraw, changeMany, notes, addNote };
}

/** Flags and notes have their reason in the body: here everything in it is a keyword. */
function withoutWhy(body: ReturnType<typeof readBody>): ReturnType<typeof readBody> {
  if (member(body, 'why') === undefined) return body;
  const message = 'The reason goes into the address: `?why=…`. The body has keywords alone.';
  throw new AppError('bad_request', message, { parameter: 'why' });
}

/** Without `profile` it stays as it is; an empty one chooses by the header again. */
function readProfile(req: Request): string | null | undefined {
  const parameters = queryParameters(req);
  if (!parameters.has('profile')) return undefined;
  return parameter(parameters, 'profile') || null;
}

/** A note as the API tells it. */
export function toNoteShape({ id, text, by, atMs }: Note): Record<string, unknown> {
  return { id, text, by, at: formatInstant(atMs) };
}

/** The corrections of a frame, each with what the file itself says, and by whom and why if that may be told. */
export async function toMarks(
  catalog: Catalog,
  frame: Frame,
  hdus: readonly StoredHdu[],
  viewer: Viewer,
): Promise<Record<string, unknown>[]> {
  const corrections = await listVisibleCorrections(catalog, frame, viewer);
  return corrections.map((correction) => ({
    keyword: correction.keyword,
    value: correction.value,
    original: findOriginal(hdus, correction.keyword)?.value ?? null,
    ...toMaking(correction),
  }));
}

/** One change; where a value is as in the file, what the file says. */
function toStepShape(step: CorrectionStep, hdus: readonly StoredHdu[]): Record<string, unknown> {
  const { keyword, from, to } = step;
  const original = findOriginal(hdus, keyword)?.value ?? null;
  return {
    keyword,
    old: from === undefined ? original : from,
    new: to === undefined ? original : to,
    set: to !== undefined,
    ...toMaking(step),
  };
}

function toMaking({ by, ruleId, why, atMs }: Omit<Correction, 'keyword' | 'value'>) {
  return { by: by || null, rule: ruleId ?? null, why: why ?? null, at: formatInstant(atMs) };
}
