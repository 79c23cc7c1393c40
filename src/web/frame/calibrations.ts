import {
  CALIBRATION_KINDS,
  type FrameCalibrations,
  type Match,
  type Rejection,
} from '../../calibration/index.js';
import type { Frame, FrameSetup } from '../../catalog/index.js';
import { countOf, formatBytes, kindLabel, NONE } from '../render.js';

/** Frames of a set that are linked one by one. */
const MAX_LINKS = 60;
const LABELS = { bias: 'Bias', dark: 'Dark', flat: 'Flat' } as const;

/** Ids of the frames that are chosen to calibrate one. */
export function chosenIds(found: FrameCalibrations): number[] {
  const chosen = CALIBRATION_KINDS.flatMap((kind) => found[kind].chosen?.frames ?? []);
  return [...new Set(chosen.map(({ id }) => id))];
}

/**
 * The part of a frame's page about its calibrations; null for a frame that needs none.
 *
 * @param chosenFrames those of `chosenIds`
 */
export function toCalibrations(
  base: string,
  frame: Frame,
  found: FrameCalibrations,
  chosenFrames: readonly Frame[],
) {
  const kinds = CALIBRATION_KINDS.filter((kind) => found[kind].notNeeded === '').map((kind) => {
    const { wanted, masters, sets, rejected, chosen } = found[kind];
    const others = [...masters, ...sets].filter((match) => match !== chosen);
    return {
      label: LABELS[kind],
      chosen: chosen === null ? null : toItem(base, chosen),
      others: others.map((match) => toItem(base, match)),
      rejected: rejected.map((each) => ({
        ...toItem(base, { ...each, notes: [], scale: null }),
        reasons: each.reasons.join('; '),
      })),
      wanted: Object.entries(wanted)
        .map(([name, value]) => `${wordsOf(name)} ${value === '' ? NONE : value}`)
        .join(', '),
    };
  });
  if (kinds.length === 0) return null;
  const missing = kinds.filter(({ chosen }) => chosen === null).map(({ label }) => label);
  const there = kinds.filter(({ chosen }) => chosen !== null).map(({ label }) => label);
  const bytes = [frame, ...chosenFrames].reduce((sum, { version }) => sum + version.sizeBytes, 0);
  return {
    kinds,
    chosenFrames: chosenFrames.length,
    bundle: `with these, ${formatBytes(bytes)}`,
    /** In a word or two, for a row that is closed. */
    gist: (missing.length === 0 ? there : missing).join(', ').toLowerCase(),
    isWhole: missing.length === 0,
    jsonUrl: `${base}/frames/${frame.id}/calibrations/`,
  };
}

interface Item {
  readonly name: string;
  readonly url: string;
  readonly isMaster: boolean;
  readonly what: string;
  readonly age: string;
  readonly notes: readonly string[];
  readonly count: number;
  /** The frames of a set of several. */
  readonly links: readonly { readonly name: string; readonly url: string }[];
}

function toItem(base: string, match: Match | (Rejection & Pick<Match, 'notes' | 'scale'>)): Item {
  const { frames, isMaster, notes } = match;
  const middle = frames[Math.floor((frames.length - 1) / 2)];
  const link = ({ id, basename }: FrameSetup) => ({
    name: basename,
    url: `${base}/frames/${id}/`,
  });
  const kind = kindLabel(middle?.imageKind ?? 'other').toLowerCase();
  return {
    ...(middle === undefined ? { name: NONE, url: '' } : link(middle)),
    isMaster,
    what: isMaster ? `master ${kind}` : countOf(frames.length, kind, PLURALS[kind] ?? `${kind}s`),
    age: formatAge(match.ageDays),
    notes,
    count: frames.length,
    links: frames.length < 2 ? [] : frames.slice(0, MAX_LINKS).map(link),
  };
}

const PLURALS: Readonly<Record<string, string>> = { bias: 'biases' };

/** `3 h before`, `12 days after`: from the frame's point of view. */
function formatAge(days: number): string {
  const size = Math.abs(days);
  const when = days < 0 ? 'after' : 'before';
  if (size < 1 / 24) return 'within the hour';
  if (size < 1) return `${Math.round(size * 24)}\u202fh ${when}`;
  const whole = Math.round(size);
  return `${whole} ${whole === 1 ? 'day' : 'days'} ${when}`;
}

function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
