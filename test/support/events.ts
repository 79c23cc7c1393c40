import type { TestArchive } from './archive.js';

/** A server-sent event as it was received. */
export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A program that listens. */
export interface TestListener {
  readonly response: Response;
  /** Everything so far but signs of life. */
  readonly events: readonly ReceivedEvent[];
  /** Waits until an event satisfies `isIt`. @throws if the stream ends before */
  until(isIt: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  /** Waits until the server ends the stream. @throws if it was broken off */
  untilEnd(): Promise<void>;
  leave(): void;
}

interface Wish {
  readonly query?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Listens to `/events/`; a failed request has no events. */
export async function listen(archive: TestArchive, wish: Wish = {}): Promise<TestListener> {
  const { query = '', token = archive.adminToken, headers = {} } = wish;
  const control = new AbortController();
  const init = { headers, signal: control.signal, token };
  const response = await archive.fetch(`/events/?${query}`, init);
  const events: ReceivedEvent[] = [];
  let wake: () => void = () => undefined;
  const ended = read(response, (event) => {
    if (event.event !== 'beat' && event.event !== '') events.push(event);
    wake();
  });
  ended
    .catch(() => undefined)
    .finally(() => {
      wake();
    });
  return {
    response,
    events,
    async until(isIt) {
      const over = ended.then(
        () => 'over' as const,
        () => 'over' as const,
      );
      for (;;) {
        const found = events.find(isIt);
        if (found !== undefined) return found;
        const next = new Promise<'more'>((resolve) => {
          wake = () => {
            resolve('more');
          };
        });
        if ((await Promise.race([over, next])) === 'more') continue;
        const last = events.find(isIt);
        if (last !== undefined) return last;
        throw new Error(`the stream ended after ${JSON.stringify(events)}`);
      }
    },
    untilEnd: () => ended,
    leave() {
      control.abort();
    },
  };
}

async function read(response: Response, each: (event: ReceivedEvent) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) each(parse(block));
  }
}

function parse(block: string): ReceivedEvent {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  const data = field('data');
  return {
    id: field('id'),
    event: field('event'),
    data: data === '' ? {} : (JSON.parse(data) as ReceivedEvent['data']),
  };
}
