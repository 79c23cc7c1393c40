import { renderPreview } from '../preview/render.js';

/** What workers can do: name → function of one clonable input and a signal. */
export const TASKS = {
  render: renderPreview,
} as const satisfies Record<string, (input: never, signal: AbortSignal) => Promise<object>>;

/** Input and output of each task, for the types of the pool. */
export type PixelTasks = {
  readonly [K in keyof typeof TASKS]: {
    readonly input: Parameters<(typeof TASKS)[K]>[0];
    readonly output: Awaited<ReturnType<(typeof TASKS)[K]>>;
  };
};
