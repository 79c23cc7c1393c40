import type { Request, RequestHandler, Response } from 'express';
import {
  getFrame,
  inTransaction,
  listVisibleSteps,
  noteSubject,
  parseFlag,
  parseTag,
  setFlag,
  setTag,
  NO_OVERRIDES,
  parseOverrides,
  parseWhy,
  writeNote,
  type Overrides,
  type Viewer,
} from '../../catalog/index.js';
import { bodyText, parseId, requireAction, requireCsrf, STATUS } from '../../http/index.js';
import type { CorrectionChange } from '../../keeping/index.js';
import { AppError } from '../../lib/errors.js';
import { toCorrection } from '../forms.js';
import { sendFrame } from './frame.js';
import { NOTHING_TOLD, type Told } from './frame-said.js';
import { goTo, type Web } from '../page.js';

/**
 * `POST /frames/<id>/correct/`: sets one header value right; or another profile. `withdraw=<keyword>` goes
 * back to the file, `undo=<keyword>` to what it was before its last change.
 */
export function correctFrame(web: Web): RequestHandler {
  const { revisions } = web.services;
  return async (req, res) => {
    const viewer = requireAction(res, 'correct');
    requireCsrf(web.services, req, res);
    const id = parseId(req.params.id);
    const [keyword, value] = [bodyText(req, 'keyword').trim(), bodyText(req, 'value').trim()];
    const reason = bodyText(req, 'why');
    const told: Told = { ...NOTHING_TOLD, form: 'correct', keyword, value, why: reason };
    await orTell(web, req, res, told, async () => {
      const why = parseWhy(reason);
      const [withdrawn, undone] = [bodyText(req, 'withdraw'), bodyText(req, 'undo')];
      if (withdrawn !== '') {
        await revisions.correct(id, { ...withdrawal(withdrawn), why }, viewer);
      } else if (undone !== '') {
        await revisions.correct(id, { ...(await stepBack(web, id, undone, viewer)), why }, viewer);
      } else {
        const overrides = readCorrection(keyword, value);
        const profile = readProfile(bodyText(req, 'profile'));
        if (overrides.size === 0 && profile === undefined) {
          throw new AppError('bad_request', 'Say which keyword has which value.');
        }
        await revisions.correct(id, { overrides, isWhole: false, profile, why }, viewer);
      }
      goTo(web, req, res, `${web.base}/frames/${id}/#header`);
    });
  };
}

/** `POST /frames/<id>/note/`: a sentence for colleagues. Notes are never changed: another one is written. */
export function noteFrame(web: Web): RequestHandler {
  const { catalog } = web.services;
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(web.services, req, res);
    const { id } = await getFrame(catalog, parseId(req.params.id), viewer);
    const text = bodyText(req, 'text');
    await orTell(web, req, res, { ...NOTHING_TOLD, form: 'note', text }, async () => {
      await inTransaction(catalog, (tx) => writeNote(tx, noteSubject(id), text, viewer));
      goTo(web, req, res, `${web.base}/frames/${id}/#notes`);
    });
  };
}

/**
 * `POST /frames/<id>/mark/`: flags a frame or gives it a tag; `flag=none` and `without=<tag>` take them
 * away.
 */
export function markFrame(web: Web): RequestHandler {
  const { catalog } = web.services;
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(web.services, req, res);
    const { id } = await getFrame(catalog, parseId(req.params.id), viewer);
    const [flag, tag, without] = ['flag', 'tag', 'without'].map((name) => bodyText(req, name));
    await orTell(web, req, res, { ...NOTHING_TOLD, form: 'mark', value: tag ?? '' }, async () => {
      await inTransaction(catalog, async (tx) => {
        if (flag !== undefined && flag !== '') {
          await setFlag(tx, id, flag === 'none' ? null : parseFlag(flag), viewer);
        } else if (without !== undefined && without !== '') {
          await setTag(tx, id, parseTag(without), { isSet: false, by: viewer });
        } else await setTag(tx, id, parseTag(tag ?? ''), { isSet: true, by: viewer });
      });
      // How the picture was shown and from which list one came stay as they were.
      const state = bodyText(req, 'state');
      const query = /^[\x21-\x7e]{1,4000}$/.test(state) ? `?${state.replaceAll('#', '')}` : '';
      goTo(web, req, res, `${web.base}/frames/${id}/${query}#quality`);
    });
  };
}

/** What cannot be done is told beside what was typed, which is not lost. */
async function orTell(
  web: Web,
  req: Request,
  res: Response,
  told: Told,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError) || STATUS[error.code] >= 500) throw error;
    if (error.code === 'not_found') throw error;
    res.status(STATUS[error.code]);
    await sendFrame(web, req, res, { ...told, message: error.message });
  }
}

function withdrawal(keyword: string): CorrectionChange {
  return { overrides: NO_OVERRIDES, isWhole: false, withdrawn: [keyword] };
}

/** What a keyword was before its last change. @throws 'bad_request' if there was no change */
async function stepBack(
  { services: { catalog } }: Web,
  id: number,
  keyword: string,
  viewer: Viewer,
): Promise<CorrectionChange> {
  const steps = await listVisibleSteps(catalog, await getFrame(catalog, id, viewer), viewer);
  const last = steps.findLast((step) => step.keyword === keyword);
  if (last === undefined) throw new AppError('bad_request', `${keyword} was never corrected.`);
  if (last.from === undefined) return withdrawal(keyword);
  return { overrides: new Map([[keyword, last.from]]), isWhole: false };
}

/** @throws 'bad_request' for a keyword that cannot be set, or one without a value */
function readCorrection(keyword: string, value: string): Overrides {
  if (keyword === '' && value === '') return NO_OVERRIDES;
  const read = parseOverrides({ [keyword]: toCorrection(value) });
  if (value !== '') return read;
  const message = `${keyword.toUpperCase()} needs a value; a lone minus takes it as absent.`;
  throw new AppError('bad_request', message);
}

/** Undefined leaves it as it is; null chooses by the header again. */
function readProfile(text: string): string | null | undefined {
  if (text === '') return undefined;
  return text === '-' ? null : text;
}
