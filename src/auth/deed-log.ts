import { recordDeeds, type Actor, type Catalog, type Deed } from '../catalog/index.js';
import { errorFields, type Log } from '../lib/log.js';
import { networkOf } from './guesses.js';

/**
 * Notes deeds that change nothing that is kept: refusals. A flood of them must cost
 * neither time nor disk, so they are written in the background, and what is repeated is counted.
 */
export interface DeedLog {
  /** @param isChange true if something was to be changed: of that, more lines are kept apart */
  note(actor: Actor, deed: Deed, isChange?: boolean): void;
  /** Writes what is noted so far; what is counted goes on being counted. */
  flush(): Promise<void>;
  /** Writes everything down, also the counts. */
  close(): Promise<void>;
}

interface Noted {
  readonly actor: Actor;
  readonly deed: Deed;
  readonly atMs: number;
}

/** Something noted, and the line that it is counted with. */
interface Place {
  readonly key: string;
  readonly noted: Noted;
}

interface Counted {
  noted: Noted;
  more: number;
  lastMs: number;
}

const MINUTE_MS = 60_000;
const WRITE_AFTER_MS = 1000;
const RETRY_AFTER_MS = 10_000;
/** Lines that wait for a catalogue that cannot be written; more are lost, and the log says so. */
const MAX_KEPT = 5000;
/**
 * Different lines of one minute: of one client, and of all. What is beyond is counted as `more`. Visitors
 * are told apart by their network, accounts by who they are: no flood of the others pushes theirs out.
 */
const BUDGETS = {
  visitors: { each: 20, all: 300 },
  accounts: { each: 20, all: 300 },
  changes: { each: 100, all: 300 },
} as const;
type Budget = (typeof BUDGETS)[keyof typeof BUDGETS];

const NOBODY: Actor = { userId: null, username: '', address: '' };

/**
 * Of the same actor, network, action, subject and reason the first in a minute is written at once, and the
 * others as one line with `count` when the minute is over.
 *
 * @param now the clock, epoch ms
 */
export function createDeedLog(
  catalog: Catalog,
  log: Pick<Log, 'warn'>,
  now: () => number = Date.now,
): DeedLog {
  let pending: Noted[] = [];
  let minute = createMinute(now());
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Infinity;
  let writing = Promise.resolve();

  const endMinute = (): void => {
    pending.push(...minute.counts());
    minute = createMinute(now());
  };
  const endMinuteIfOver = (): void => {
    const ageMs = now() - minute.beganMs;
    // A clock that was set back must not make a minute of a day.
    if (ageMs >= MINUTE_MS || ageMs < 0) endMinute();
  };

  const wake = (afterMs: number): void => {
    if (now() + afterMs >= dueMs) return;
    clearTimeout(timer);
    dueMs = now() + afterMs;
    timer = setTimeout(() => void write(), afterMs).unref();
  };

  const writeBatch = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    try {
      await recordDeeds(catalog, batch);
    } catch (error) {
      log.warn('audit lines not written', { lines: batch.length, ...errorFields(error) });
      if (batch.length + pending.length > MAX_KEPT) return;
      pending = [...batch, ...pending];
      wake(RETRY_AFTER_MS);
    }
  };

  const write = (): Promise<void> => {
    clearTimeout(timer);
    dueMs = Infinity;
    endMinuteIfOver();
    if (minute.hasCounts()) wake(MINUTE_MS);
    writing = writing.then(writeBatch);
    return writing;
  };

  return {
    note(actor, deed, isChange = false) {
      endMinuteIfOver();
      const first = minute.add({ actor, deed, atMs: now() }, isChange);
      if (first !== undefined) pending.push(first);
      wake(pending.length > 0 ? WRITE_AFTER_MS : MINUTE_MS);
    },
    flush: write,
    async close() {
      endMinute();
      await write();
      clearTimeout(timer);
    },
  };
}

/** What was noted in one minute, by what is the same. */
function createMinute(beganMs: number) {
  const visitors = createShare(BUDGETS.visitors);
  const accounts = createShare(BUDGETS.accounts);
  const changes = createShare(BUDGETS.changes);
  const shares = [visitors, accounts, changes];
  return {
    beganMs,
    /** @returns the line to write now; undefined if one like it was there already */
    add(noted: Noted, isChange: boolean): Noted | undefined {
      if (noted.actor.userId === null) return visitors.add(noted);
      return (isChange ? changes : accounts).add(noted);
    },
    hasCounts: (): boolean => shares.some((share) => share.hasCounts()),
    /** One line for each that was repeated. */
    counts: (): Noted[] => shares.flatMap((share) => share.counts()),
  };
}

/** What was noted in one minute within one budget. */
function createShare(budget: Budget) {
  const seen = new Map<string, Counted>();
  const ofClient = new Map<string, number>();

  /** The line that this one is counted with: its own, or that of all further ones. */
  const placeOf = (noted: Noted): Place => {
    const { actor, deed } = noted;
    const own = keyOf(noted);
    if (seen.has(own)) return { key: own, noted };
    const isMuch = (ofClient.get(clientOf(actor)) ?? 0) >= budget.each;
    if (!isMuch && seen.size < budget.all) return { key: own, noted };
    const about = { action: deed.action, subject: 'more', outcome: deed.outcome } as const;
    const address = networkOf(actor.address);
    const here = { ...noted, actor: { ...actor, address }, deed: about };
    // One line for an account, also if it comes from everywhere.
    const counted = actor.userId === null ? here : { ...here, actor: { ...actor, address: '' } };
    const key = keyOf(counted);
    if (seen.has(key) || seen.size < 2 * budget.all) return { key, noted: here };
    const all = { ...noted, actor: NOBODY, deed: about };
    return { key: keyOf(all), noted: all };
  };

  return {
    add(each: Noted): Noted | undefined {
      const { key, noted } = placeOf(each);
      const counted = seen.get(key);
      if (counted !== undefined) {
        counted.more += 1;
        counted.lastMs = noted.atMs;
        const { actor } = counted.noted;
        if (actor.address !== noted.actor.address) {
          const address = commonNetwork(actor.address, noted.actor.address);
          counted.noted = { ...counted.noted, actor: { ...actor, address } };
        }
        return undefined;
      }
      seen.set(key, { noted, more: 0, lastMs: noted.atMs });
      const client = clientOf(noted.actor);
      ofClient.set(client, (ofClient.get(client) ?? 0) + 1);
      return noted;
    },
    hasCounts: (): boolean => [...seen.values()].some(({ more }) => more > 0),
    counts: (): Noted[] =>
      [...seen.values()]
        .filter(({ more }) => more > 0)
        .map(({ noted: { actor, deed }, more, lastMs }) => ({
          actor,
          deed: { ...deed, detail: { ...toFields(deed.detail), count: more } },
          atMs: lastMs,
        })),
  };
}

/** One customer has a whole network of IPv6 addresses to itself, and could use each once. */
function clientOf({ userId, address }: Actor): string {
  return userId === null ? networkOf(address) : `user ${userId}`;
}

/** Empty if the two addresses have none in common. */
function commonNetwork(one: string, other: string): string {
  const network = networkOf(one);
  return network === networkOf(other) ? network : '';
}

function keyOf({ actor, deed }: Noted): string {
  const { userId, username, address } = actor;
  const { why, status } = toFields(deed.detail);
  const network = networkOf(address);
  return JSON.stringify([userId, username, network, deed.action, deed.subject, why, status]);
}

function toFields(detail: unknown): { readonly why?: unknown; readonly status?: unknown } {
  return typeof detail === 'object' && detail !== null ? detail : {};
}
