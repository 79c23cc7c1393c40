/** What was looked at, and what came of it. */
export interface Finding {
  /** As in `settings`, `disk`, `database`. */
  readonly topic: string;
  /** `fail`: the archive does not work, or does not keep what it should. `warn`: it may not one day. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; '' where there is nothing to be done. */
  readonly advice: string;
}

/** The findings of one topic: a word for each level. */
export function about(topic: string) {
  const finding =
    (level: Finding['level']) =>
    (text: string, advice = ''): Finding => ({ topic, level, text, advice });
  return { ok: finding('ok'), warn: finding('warn'), fail: finding('fail') };
}
