import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { ARCHIVE_VIEWER, readChanges, type NightExposure } from '../catalog/index.js';
import { toldMissing, type Missing } from './missing.js';
import type { NightParts } from './night.js';
import type { Sights } from './sights.js';
import { isScience } from './use.js';

/** What the nights of an overview lack, as far as it has been looked for. */
export interface Lacking {
  /**
   * What was found last of each night, at once; undefined of nights that nobody has looked through yet.
   * Those, and what may have changed since, are looked through meanwhile, one after another: each takes
   * longer than all the rest of a page.
   */
  known(nights: readonly string[]): Promise<(readonly Missing[] | undefined)[]>;
  /**
   * The same of one night, which is looked through before all others, and for which it is waited so long.
   * @param waitMs milliseconds
   */
  soon(night: string, waitMs: number): Promise<readonly Missing[] | undefined>;
}

const KEPT_NIGHTS = 2000;
/** Nights that wait to be looked through: who asks for more will ask again. */
const MAX_WAITING = 60;
/** Frames of which it is looked what they lack. */
const MAX_JUDGED = 5000;
/** Before each that is not hurried, so that whoever asked is answered first. */
const PAUSE_MS = 100;
/** Answers this old are looked for again if anything has changed. */
const RENEW_MS = 30_000;

interface Answer {
  readonly missing: readonly Missing[];
  readonly changes: number;
  readonly atMs: number;
}

/** Remembers what nights lack. Only for those who see everything: others know of fewer calibrations. */
export function createLacking({
  catalog,
  calibrations,
  sights,
}: Pick<NightParts, 'catalog' | 'calibrations'> & { readonly sights: Sights }): Lacking {
  const kept = new LRUCache<string, Answer>({ max: KEPT_NIGHTS });
  const waiting = new Set<string>();
  const hurried = new Map<string, Promise<readonly Missing[] | undefined>>();
  let last: Promise<unknown> = Promise.resolve();

  const look = async (night: string): Promise<readonly Missing[]> => {
    const changes = await readChanges(catalog);
    const [sight] = await sights.read([night], [], ARCHIVE_VIEWER);
    const rows = sight?.exposures ?? [];
    const ids = rows.filter(isRawScience).map(({ id }) => id);
    const found = await calibrations.findMissing(ids.slice(0, MAX_JUDGED), ARCHIVE_VIEWER);
    const missing = toldMissing(found, rows);
    kept.set(night, { missing, changes, atMs: Date.now() });
    return missing;
  };

  /** Puts a night at the end of the queue; what fails is told by the night's own page. */
  const queue = (night: string): void => {
    if (waiting.has(night) || waiting.size >= MAX_WAITING) return;
    waiting.add(night);
    last = last
      .then(() => sleep(PAUSE_MS, undefined, { ref: false }))
      .then(() => look(night))
      .catch(() => undefined)
      .finally(() => waiting.delete(night));
  };

  /** Looks at once, however many wait. */
  const hurry = (night: string): Promise<readonly Missing[] | undefined> => {
    const asked = hurried.get(night);
    if (asked !== undefined) return asked;
    const looked = look(night)
      .catch(() => undefined)
      .finally(() => hurried.delete(night));
    hurried.set(night, looked);
    return looked;
  };

  return {
    async known(nights) {
      const changes = await readChanges(catalog);
      const now = Date.now();
      return nights.map((night) => {
        const answer = kept.get(night);
        const isOld = answer === undefined || now - answer.atMs > RENEW_MS;
        if (isOld && answer?.changes !== changes) queue(night);
        return answer?.missing;
      });
    },
    async soon(night, waitMs) {
      const answer = kept.get(night);
      if (answer?.changes === (await readChanges(catalog))) return answer.missing;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => {
          resolve(undefined);
        }, waitMs);
      });
      const found = await Promise.race([hurry(night), late]);
      clearTimeout(timer);
      return found ?? answer?.missing;
    },
  };
}

function isRawScience(row: NightExposure): boolean {
  return isScience(row) && row.reductionLevel === 0;
}
