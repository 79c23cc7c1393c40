import { readQueue, type Catalog } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';
import type { Store } from '../store/index.js';
import { describeRoom, judgeRoom, readDisk } from './disk.js';
import { createPartsLook } from './parts.js';
import { LIMIT_MS, patiently } from './patience.js';

/** One thing without which the archive cannot do its work, or soon will not. */
export interface ReadyCheck {
  readonly name: 'database' | 'store' | 'disk_data' | 'disk_archive' | 'queue';
  /** `warn` asks for a person, and is ready all the same. */
  readonly state: 'ok' | 'warn' | 'fail';
  /** For admins: it may name folders. */
  readonly text: string;
}

type Verdict = Omit<ReadyCheck, 'name'>;
type Look = () => Promise<Verdict>;

export interface ReadinessParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
}

/**
 * Looks whether frames can be read and written now. A look that hangs is waited for once, however
 * often somebody asks: each of them holds a thread that downloads need.
 *
 * @returns a function that gives the checks in the order of the names
 */
export function createReadiness(parts: ReadinessParts): () => Promise<readonly ReadyCheck[]> {
  const { config } = parts;
  const findAway = createPartsLook(config.ARCHIVE_ROOT);
  const looks: readonly (readonly [ReadyCheck['name'], Look])[] = [
    ['database', () => lookAtDatabase(parts)],
    ['store', () => lookAtStore(parts, findAway)],
    ['disk_data', () => lookAtDisk(config.DATA_DIR)],
    ['disk_archive', () => lookAtDisk(config.ARCHIVE_ROOT)],
    ['queue', () => lookAtQueue(parts)],
  ];
  const patient = looks.map(([name, look]) => ({ name, look: once(look) }));
  return () => Promise.all(patient.map(async ({ name, look }) => ({ name, ...(await look()) })));
}

/** The same look for all who ask while it lasts; a sentence for those who waited long enough. */
function once(look: Look): Look {
  const text = `It does not answer within ${LIMIT_MS / 1000} s. Is its disk still there?`;
  return patiently(() => look().catch(toFailure), { state: 'fail', text });
}

function toFailure(error: unknown): Verdict {
  const reason = error instanceof Error ? error.message : String(error);
  return { state: 'fail', text: error instanceof AppError ? reason : `It fails: ${reason}.` };
}

async function lookAtDatabase({ catalog }: ReadinessParts): Promise<Verdict> {
  await catalog.read('counters').first('name');
  return { state: 'ok', text: 'The catalogue answers.' };
}

/** A part that is away is a warning: all that belongs elsewhere is still filed. */
async function lookAtStore(
  { store }: ReadinessParts,
  findAway: () => Promise<readonly string[]>,
): Promise<Verdict> {
  await store.check();
  const away = await findAway();
  if (away.length > 0) return { state: 'warn', text: away.join(' ') };
  return { state: 'ok', text: 'The root is there, has its marker, and can be written.' };
}

async function lookAtDisk(path: string): Promise<Verdict> {
  const disk = await readDisk(path);
  const free = `${describeRoom(disk)} are free for ${path}`;
  const room = judgeRoom(disk);
  if (room === 'full') return { state: 'fail', text: `${free}: no upload is taken.` };
  if (room === 'low') return { state: 'warn', text: `${free}: make room soon.` };
  return { state: 'ok', text: `${free}.` };
}

async function lookAtQueue({ catalog, config }: ReadinessParts): Promise<Verdict> {
  const { due, oldestDueMs } = await readQueue(catalog);
  const minutes = oldestDueMs === null ? 0 : (Date.now() - oldestDueMs) / 60_000;
  const most = config.READY_QUEUE_MINUTES;
  const isLate = most > 0 && minutes > most;
  const waiting =
    due === 0 ? 'No job waits' : `${due} waiting, the oldest for ${Math.floor(minutes)} min`;
  const text = isLate ? `${waiting}: longer than READY_QUEUE_MINUTES (${most}).` : `${waiting}.`;
  return { state: isLate ? 'fail' : 'ok', text };
}
