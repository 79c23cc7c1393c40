import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { systemCode } from '../lib/errors.js';
import { createMeter, type Fingerprint, type Meter } from '../lib/hash.js';

/** To the thread: the next bytes of an open file, its end, or that it is not wanted any more. */
export type ToSpool =
  | { readonly kind: 'add'; readonly id: number; readonly fd: number; readonly piece: Piece }
  | { readonly kind: 'end' | 'drop'; readonly id: number };

/** Bytes of a buffer that is sent when it is new, and known by its number from then on. */
export interface Piece {
  readonly number: number;
  readonly buffer?: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/** From the thread, one for each `add` and `end`, in their order; an `end` is told the sums. */
export interface FromSpool {
  readonly id: number;
  readonly fingerprint?: Fingerprint;
  /** Why bytes were not written, as the system calls it. */
  readonly failure?: { readonly code: string | undefined; readonly message: string };
}

/**
 * Bytes that are written at once. Linux answers longer writes with pages of megabytes, which it may
 * have to get first: measured on 6.18, ext4, in a virtual machine, 8 MB took 2 to 6 ms of processor
 * time in pieces of 64 KiB, and 17 to 25 ms in pieces of 128 KiB and more.
 */
const PIECE_BYTES = 64 * 1024;

/** Writes and adds up files for whoever holds the other end of `port`. */
function serveSpool(port: NonNullable<typeof parentPort>): void {
  const meters = new Map<number, Meter>();
  const buffers = new Map<number, SharedArrayBuffer>();
  const bytesOf = ({ number, buffer = buffers.get(number), offset, length }: Piece): Uint8Array => {
    if (buffer === undefined) throw new Error(`There is no buffer ${number}.`);
    buffers.set(number, buffer);
    return new Uint8Array(buffer, offset, length);
  };
  const add = (fd: number, meter: Meter, bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
      meter.add(piece);
    }
  };
  port.on('message', (message: ToSpool) => {
    const { id } = message;
    const meter = meters.get(id) ?? createMeter();
    const answer = (more: Omit<FromSpool, 'id'>): void => {
      port.postMessage({ id, ...more } satisfies FromSpool);
    };
    if (message.kind === 'add') {
      meters.set(id, meter);
      const { fd, piece } = message;
      const failure = failureOf(() => {
        add(fd, meter, bytesOf(piece));
      });
      answer(failure === undefined ? {} : { failure });
      return;
    }
    meters.delete(id);
    if (message.kind === 'end') answer({ fingerprint: meter.fingerprint() });
  });
}

function failureOf(work: () => void): FromSpool['failure'] {
  try {
    work();
    return undefined;
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    return { code: systemCode(error), message };
  }
}

if (parentPort === null) throw new Error('This runs only as the thread of the spool.');
serveSpool(parentPort);
