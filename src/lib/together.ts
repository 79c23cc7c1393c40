interface Asked<T> {
  readonly running: Promise<T>;
  /** For those who have come since it was asked. */
  next?: Promise<T>;
}

/**
 * Lets those who want to know the same at the same moment ask together. Who comes while somebody asks
 * does not take that answer, which may be from before they came: the next is asked for them, and for all
 * who come until then. So nobody is told what was not so any more when they asked.
 *
 * @returns the same function for those who may ask together
 */
export function askTogether<T>(ask: (about: string) => Promise<T>): (about: string) => Promise<T> {
  const asked = new Map<string, Asked<T>>();

  const begin = (about: string): Promise<T> => {
    const running = new Promise<T>((resolve) => {
      resolve(ask(about));
    });
    const now: Asked<T> = { running };
    asked.set(about, now);
    const end = (): void => {
      if (now.next === undefined) asked.delete(about);
    };
    running.then(end, end);
    return running;
  };

  return (about) => {
    const now = asked.get(about);
    if (now === undefined) return begin(about);
    const beginNext = (): Promise<T> => begin(about);
    now.next ??= now.running.then(beginNext, beginNext);
    return now.next;
  };
}
