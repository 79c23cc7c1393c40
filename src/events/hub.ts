import {
  listEvents,
  readEventSpan,
  tellEvents,
  type Catalog,
  type News,
  type OutboxEvent,
  type Viewer,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';

/** Somebody who is told of what happens, for as long as they listen. */
export interface Listener {
  /** Who they are now: asked before each telling, since rights change. */
  readonly viewer: () => Viewer;
  /** Whether they may see refused files now. */
  readonly seesRefused: () => boolean;
  /** Whom the bound of listeners of one client counts them for. */
  readonly client: string;
  /** The last event that they have been told of; undefined begins with what happens next. */
  readonly after: number | undefined;
  /**
   * What has happened, oldest first; also [], when there was nothing for them.
   *
   * @param position the event up to which all is told
   */
  readonly tell: (news: readonly News[], position: number) => void;
  /** What happened after `after` is not kept, or too much: all has to be read anew. */
  readonly reset: (position: number) => void;
  /** There is no more: the server stops. */
  readonly end: () => void;
}

/** Tells listeners of what the outbox says. */
export interface Events {
  /**
   * Begins to tell, from `after` on.
   *
   * @returns ends it
   * @throws 'too_many' if so many listen that no more can; 'busy' when the server stops
   */
  listen(listener: Listener): Promise<() => void>;
  /** Ends all listeners. */
  close(): Promise<void>;
}

export interface EventParts {
  readonly catalog: Catalog;
  readonly log: Log;
}

/** The outbox is looked at so often while somebody listens: other processes write to it too. */
const LOOK_MS = 400;
/** Events that are told at a time. */
const BATCH = 200;
/** Who is farther behind reads all anew: that is less than to be told. */
const MAX_BEHIND = 2000;
const MAX_LISTENERS = 500;
/** Tabs and wall screens of one account, or visitors from one network. */
const MAX_PER_CLIENT = 20;
const RETRY_SEC = 30;

interface Listening extends Listener {
  position: number;
}

/** Nothing is read as long as nobody listens. */
export function startEvents({ catalog, log }: EventParts): Events {
  const listening = new Set<Listening>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isClosed = false;

  const look = async (): Promise<void> => {
    try {
      await tellAll(catalog, listening);
    } catch (error) {
      log.warn('events not told', errorFields(error)); // they stay in the outbox
    }
  };
  const lookAgain = (): void => {
    timer = undefined;
    if (isClosed || listening.size === 0) return;
    looking = look().then(plan);
  };
  const plan = (): void => {
    if (!isClosed && listening.size > 0) timer ??= setTimeout(lookAgain, LOOK_MS).unref();
  };

  return {
    async listen(listener) {
      requireRoom(listening, listener.client, isClosed);
      const { oldest, newest } = await readEventSpan(catalog);
      requireRoom(listening, listener.client, isClosed);
      const { after = newest } = listener;
      const isLost = after > newest || after < oldest - 1 || newest - after > MAX_BEHIND;
      const entry: Listening = { ...listener, position: isLost ? newest : after };
      if (isLost) listener.reset(newest);
      else {
        // What has been missed is told before the listener is one of many.
        while (entry.position < newest) await tellOne(catalog, entry);
      }
      listening.add(entry);
      plan();
      return () => {
        listening.delete(entry);
      };
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      for (const listener of [...listening]) listener.end();
      listening.clear();
      await looking;
    },
  };
}

function requireRoom(listening: ReadonlySet<Listening>, client: string, isClosed: boolean): void {
  if (isClosed) throw new AppError('busy', 'The archive is being stopped. Ask again in a moment.');
  const own = [...listening].filter((each) => each.client === client).length;
  if (listening.size < MAX_LISTENERS && own < MAX_PER_CLIENT) return;
  const message = 'Too many pages and programs are listening already. Close one of them first.';
  throw new AppError('too_many', message, { retryAfterSec: RETRY_SEC });
}

async function tellAll(catalog: Catalog, listening: ReadonlySet<Listening>): Promise<void> {
  const least = Math.min(...[...listening].map(({ position }) => position));
  const events = await listEvents(catalog, least, BATCH);
  if (events.length === 0) return;
  // Who has the same rights is told the same.
  const told = new Map<string, Promise<readonly News[]>>();
  for (const listener of [...listening]) await tellBatch(catalog, listener, events, told);
}

async function tellOne(catalog: Catalog, listener: Listening): Promise<void> {
  const events = await listEvents(catalog, listener.position, BATCH);
  await tellBatch(catalog, listener, events, new Map());
}

async function tellBatch(
  catalog: Catalog,
  listener: Listening,
  events: readonly OutboxEvent[],
  told: Map<string, Promise<readonly News[]>>,
): Promise<void> {
  const last = events.at(-1);
  if (last === undefined || last.id <= listener.position) return;
  // Where they come from changes nothing of what they see.
  const key = JSON.stringify([{ ...listener.viewer(), address: '' }, listener.seesRefused()]);
  const asked =
    told.get(key) ?? tellEvents(catalog, events, listener.seesRefused(), listener.viewer());
  told.set(key, asked);
  const news = (await asked).filter(({ id }) => id > listener.position);
  listener.position = last.id;
  listener.tell(news, last.id);
}
