import type { Request } from 'express';
import type { CorrectionValue } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';

/** Ticks of one form at most. */
const MAX_TICKS = 1000;

/** All values of a field of a form, in order; [] if there is none. Only texts. */
export function bodyTexts(req: Request, name: string): string[] {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return [];
  const value: unknown = (body as Record<string, unknown>)[name];
  return [value].flat().filter((each) => typeof each === 'string');
}

/** The ids that are ticked in a form, each once. @throws 'bad_request' */
export function bodyIds(req: Request, name: string): number[] {
  const texts = bodyTexts(req, name);
  if (texts.length > MAX_TICKS || !texts.every((text) => /^\d{1,15}$/.test(text))) {
    throw new AppError('bad_request', `${name} is expected to be numbers, at most ${MAX_TICKS}.`);
  }
  return [...new Set(texts.map(Number))];
}

/** A value as one would write it in a header: a plain number is a number, `-` takes the keyword away. */
export function toCorrection(text: string): CorrectionValue {
  if (text === '-') return null;
  const isNumber = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/.test(text);
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}
