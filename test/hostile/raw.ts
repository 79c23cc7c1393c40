import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What came back on a socket; status 0 if the connection ended without a word. */
export interface RawAnswer {
  readonly status: number;
  /** Everything, as Latin-1. */
  readonly text: string;
}

export interface RawOptions {
  /** How long an answer is waited for; then the client leaves. */
  readonly waitMs?: number;
  /** Leaves as soon as all has been sent, without listening. */
  readonly isRude?: boolean;
}

/**
 * Sends bytes as they are, piece by piece, and collects what comes back: until the server closes,
 * or for a while after the first answer.
 */
export async function sendRaw(
  port: number,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  { waitMs = 1500, isRude = false }: RawOptions = {},
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // An answer is there: what belongs to it follows at once.
      setTimeout(resolve, 60);
    });
    socket.once('error', () => {
      resolve();
    });
    socket.once('close', () => {
      resolve();
    });
  });
  await Promise.race([once(socket, 'connect'), ended]);
  await write(socket, pieces);
  if (!isRude) {
    const patience = new Promise((resolve) => setTimeout(resolve, waitMs));
    await Promise.race([ended, patience]);
  }
  socket.destroy();
  const text = Buffer.concat(chunks).toString('latin1');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

async function write(
  socket: Socket,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    if (socket.destroyed) return;
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    if (!socket.write(bytes)) {
      await Promise.race([
        once(socket, 'drain').catch(() => undefined),
        new Promise((resolve) => socket.once('close', resolve)),
      ]);
    }
  }
}

/** What no answer may tell: where the program lies, what it is made of, what it asks its database. */
const LEAKS =
  /node_modules|\/dist\/|\bat \S+ \(|SQLITE_|no such (?:table|column)|\.sqlite\b|\bselect .{1,200} from\b|\/tmp\/platevault|internal\/(?:process|modules)/i;

/** The leak in an answer, undefined if there is none. */
export function findLeak(text: string): string | undefined {
  return LEAKS.exec(text)?.[0];
}
