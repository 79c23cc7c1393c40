import type { RequestHandler } from 'express';
import {
  inTransaction,
  listNightNotes,
  nightSubject,
  writeNote,
  type Note,
} from '../../catalog/index.js';
import { bodyText, requireAction, requireCsrf, STATUS } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { goTo, type Web } from '../page.js';
import { requireNight, sendNight } from './night.js';

/** `POST /nights/<date>/note/`: writes the next version of what is said of a night. */
export function noteNight(web: Web): RequestHandler {
  const { services, base } = web;
  const send = sendNight(web);
  return async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const night = requireNight(req);
    const text = bodyText(req, 'text');
    const after = Number(bodyText(req, 'after'));
    try {
      const known = await listNightNotes(services.catalog, night, viewer);
      if ((known.at(-1)?.id ?? 0) !== after) throw overtaken(known.at(-1));
      await inTransaction(services.catalog, (tx) => {
        return writeNote(tx, nightSubject(night), text, viewer);
      });
    } catch (error) {
      if (!(error instanceof AppError) || STATUS[error.code] >= 500) throw error;
      res.status(STATUS[error.code]);
      await send(req, res, { message: error.message, text });
      return;
    }
    goTo(web, req, res, `${base}/nights/${night}/#notes`);
  };
}

/** Someone wrote while this one was typing: neither text may be lost without a word. */
function overtaken(last: Note | undefined): AppError {
  const by = last === undefined || last.by === '' ? 'Someone' : last.by;
  return new AppError(
    'bad_request',
    `${by} wrote another version meanwhile, which now stands above. Yours is still here: join them, then save.`,
  );
}
