/** A queue in which those who wait take turns, however much each of them wants. */
export interface FairQueue<T> {
  readonly length: number;
  /** How many items wait for `client`. */
  waitingFor(client: string): number;
  push(item: T, client: string): void;
  find(test: (item: T) => boolean): T | undefined;
  /** Someone else waits for an item too: it comes at the earlier of the two turns. */
  join(item: T, client: string): void;
  /** Takes out the item whose turn it is. */
  shift(): T | undefined;
  /** Takes out one item, if it is there. */
  remove(item: T): void;
  /** Takes out the newest item of whoever has most, if that is more than `client` has; else undefined. */
  shed(client: string): T | undefined;
  /** Takes out all of them. */
  clear(): T[];
}

interface Place<T> {
  readonly item: T;
  readonly client: string;
  /** Whose turn it takes: of those who wait for it, the one who is served first. */
  payer: string;
  /** Turn at which it is due; equals go in order of arrival. */
  turn: number;
}

/**
 * Start-time fair queueing: each item of a client is due one turn after the one before it, and a client
 * that comes anew begins at the turn that is being served, neither before those who wait nor behind all
 * that others have ordered. Goyal, Vin and Cheng, SIGCOMM 1996.
 */
export function createFairQueue<T>(): FairQueue<T> {
  let places: Place<T>[] = [];
  /** Who was served at the present turn: for them the next one is the earliest. */
  const served = new Set<string>();
  let now = 0;

  /** What was taken out again costs no turn: who leaves a page is not late on the next. */
  const nextTurn = (client: string): number => {
    let turn = served.has(client) ? now + 1 : now;
    for (const place of places) {
      if (place.payer === client && place.turn >= turn) turn = place.turn + 1;
    }
    return turn;
  };
  const countOf = (client: string): number =>
    places.reduce((count, place) => count + (place.client === client ? 1 : 0), 0);

  return {
    get length() {
      return places.length;
    },
    waitingFor: countOf,
    push(item, client) {
      places.push({ item, client, payer: client, turn: nextTurn(client) });
    },
    find: (test) => places.find(({ item }) => test(item))?.item,
    join(item, client) {
      const place = places.find((each) => each.item === item);
      if (place === undefined || place.client === client) return;
      const turn = nextTurn(client);
      if (turn >= place.turn) return;
      place.turn = turn;
      place.payer = client;
    },
    shift() {
      let next = places[0];
      for (const place of places) if (next !== undefined && place.turn < next.turn) next = place;
      if (next === undefined) return undefined;
      places.splice(places.indexOf(next), 1);
      if (next.turn > now) served.clear();
      now = next.turn;
      served.add(next.payer);
      return next.item;
    },
    remove(item) {
      places = places.filter((place) => place.item !== item);
    },
    shed(client) {
      const counts = new Map<string, number>();
      for (const place of places) counts.set(place.client, (counts.get(place.client) ?? 0) + 1);
      const [greedy = client, most = 0] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
      if (greedy === client || most <= countOf(client) + 1) return undefined;
      const place = places.findLast((each) => each.client === greedy);
      if (place === undefined) return undefined;
      places.splice(places.indexOf(place), 1);
      return place.item;
    },
    clear() {
      const items = places.map(({ item }) => item);
      places = [];
      return items;
    },
  };
}
