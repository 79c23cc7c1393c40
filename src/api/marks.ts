import type { Request, RequestHandler, Response } from 'express';
import {
  getFrame,
  inTransaction,
  listNightNotes,
  listVisibleMarks,
  nightSubject,
  parseFlag,
  parseTag,
  setFlag,
  setTag,
  writeNote,
  type CurrentMark,
  type Flag,
  type Frame,
  type Viewer,
} from '../catalog/index.js';
import { parseId, requireAction, requireCsrf, type Services } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant, parseDate } from '../lib/time.js';
import { readBody, textMember } from './bodies.js';
import { toNoteShape } from './corrections.js';

/** Handlers of flags and tags of frames, and of notes on nights. */
export function createMarkHandlers(services: Services) {
  const { catalog } = services;

  const send = async (res: Response, frame: Frame, viewer: Viewer): Promise<void> => {
    const { flag, tags, history } = await listVisibleMarks(catalog, frame, viewer);
    res.json({
      id: frame.id,
      flag: flag === null ? null : { flag: flag.value, ...toSigned(flag) },
      tags: tags.map((mark) => ({ tag: mark.value, ...toSigned(mark) })),
      history: history.map((mark) => ({
        [mark.kind]: mark.value,
        set: mark.isSet,
        ...toSigned(mark),
      })),
    });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    await send(res, await getFrame(catalog, parseId(req.params.id), viewer), viewer);
  };

  /** A frame that who asks may say something of. */
  const begin = async (req: Request, res: Response) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    return { viewer, frame: await getFrame(catalog, parseId(req.params.id), viewer) };
  };

  const flag =
    (read: (req: Request) => Flag | null): RequestHandler =>
    async (req, res) => {
      const { viewer, frame } = await begin(req, res);
      const flag = read(req);
      await inTransaction(catalog, (tx) => setFlag(tx, frame.id, flag, viewer));
      await send(res, frame, viewer);
    };

  const tag =
    (isSet: boolean): RequestHandler =>
    async (req, res) => {
      const { viewer, frame } = await begin(req, res);
      const word = parseTag(String(req.params.tag));
      await inTransaction(catalog, (tx) => setTag(tx, frame.id, word, { isSet, by: viewer }));
      await send(res, frame, viewer);
    };

  const nightNotes: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read-notes');
    const notes = await listNightNotes(catalog, nightOf(req), viewer);
    res.json({ count: notes.length, results: notes.map(toNoteShape) });
  };

  const addNightNote: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'upload');
    requireCsrf(services, req, res);
    const subject = nightSubject(nightOf(req));
    const text = textMember(readBody(req), 'text') ?? '';
    const note = await inTransaction(catalog, (tx) => writeNote(tx, subject, text, viewer));
    res.status(201).json(toNoteShape(note));
  };

  return {
    show,
    putFlag: flag((req) => parseFlag(textMember(readBody(req), 'flag') ?? '')),
    deleteFlag: flag(() => null),
    setTag: tag,
    nightNotes,
    addNightNote,
  };
}

/** The night in a path. @throws 'not_found' if it is no date */
function nightOf(req: Request): string {
  const night = String(req.params.night);
  if (parseDate(night) !== night) throw new AppError('not_found', 'Not found.');
  return night;
}

function toSigned({ by, atMs }: CurrentMark): { by: string | null; at: string } {
  return { by: by === '' ? null : by, at: formatInstant(atMs) };
}
