import { AppError } from '../lib/errors.js';
import type { FrameOrder } from './order.js';
import type { Position } from './ties.js';

/** Names of objects may be long; nothing longer can be sent in an address. */
const CURSOR = /^[\w-]{1,14000}$/;

/** A place in a list, and which way to read on from there. */
export interface Cursor extends Position {
  readonly direction: 'next' | 'previous';
}

/**
 * A cursor as text for an address: letters, digits, `-` and `_`. It holds for lists in the same order,
 * and keeps its place however many frames come and go.
 */
export function formatCursor(order: FrameOrder, { value, id, direction }: Cursor): string {
  const { descending } = order;
  const parts = [columnsOf(order), descending ? 1 : 0, direction === 'next' ? 1 : 0, value, id];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Columns of an order, and the direction of those behind the first. */
function columnsOf({ column, then = [] }: FrameOrder): string {
  return [column, ...then.map((key) => `${key.descending ? '-' : ''}${key.column}`)].join();
}

/** @throws 'bad_request' if `text` is no cursor, or one of a list in another order */
export function parseCursor(order: FrameOrder, text: string): Cursor {
  const [column, descending, forward, value, id] = readParts(text);
  const isPlace =
    (value === null || typeof value === 'string' || typeof value === 'number') &&
    typeof id === 'number' &&
    Number.isSafeInteger(id) &&
    (forward === 0 || forward === 1);
  if (!isPlace) throw badCursor('it is damaged');
  if (column !== columnsOf(order) || descending !== (order.descending ? 1 : 0)) {
    throw badCursor('it belongs to a list in another order');
  }
  return { value, id, direction: forward === 1 ? 'next' : 'previous' };
}

function readParts(text: string): unknown[] {
  if (!CURSOR.test(text)) throw badCursor('it is damaged');
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) && parts.length === 5 ? (parts as unknown[]) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function badCursor(reason: string): AppError {
  return new AppError('bad_request', `Invalid value for cursor: ${reason}.`, {
    parameter: 'cursor',
  });
}
