import { CALIBRATION_KINDS } from '../../calibration/index.js';
import { SCIENCE_KINDS, type NightExposure, type Viewer } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { remember } from '../../lib/remember.js';
import { cameraKey, gapsOf, type Missing, type NightOverview } from '../../nights/index.js';
import { countOf, formatDuration } from '../render.js';

/** Something about a night that a person should mend or know, with the page where that is done. */
export interface Trouble {
  readonly level: 'bad' | 'warn';
  /** `V flats missing on cam2` */
  readonly title: string;
  /** The same in a narrow column, and the camera that it is about, '' for none. */
  readonly short: string;
  readonly where: string;
  /** How much it touches, or what is next. */
  readonly detail: string;
  readonly url: string;
}

/** What a night is told by. */
export interface Told {
  readonly base: string;
  readonly night: NightOverview;
  /** Undefined: nobody has looked yet, or who asks is not told. */
  readonly missing: readonly Missing[] | undefined;
}

/** Filters or exposure times that are named. */
const NAMED = 3;
const KIND_WORDS = { bias: 'biases', dark: 'darks', flat: 'flats' } as const;
/** Stars so much wider than usual are worth a word: half as wide again is seen at a glance. */
const WIDE = 1.3;
const MINUTE = 60;
/** UTC+14: there the day begins first. */
const FARTHEST_EAST_MS = 14 * 3_600_000;

/** Calibrations that its science frames lack, each camera once. */
export function missingTroubles({ base, night, missing = [] }: Told): Trouble[] {
  if (missing.length === 0) return [];
  return sumMissing(night.exposures, missing).map(({ some, waiting }) => {
    const camera = some[0]?.camera ?? '';
    const what = some.map(wordsOf).join(', ');
    const isAll = CALIBRATION_KINDS.every((kind) => some.some((each) => each.kind === kind));
    const briefly = some.length > 1 ? some.map(({ kind }) => KIND_WORDS[kind]).join(', ') : what;
    const verb = waiting === 1 ? 'waits' : 'wait';
    return {
      level: 'bad',
      title: capital(`${what} missing on ${camera}`),
      short: `no ${isAll ? 'calibrations' : briefly}`,
      where: camera,
      detail: `${countOf(waiting, 'science frame')} ${verb} for them`,
      url: `${base}/nights/${night.night}/#calibrations`,
    };
  });
}

/** What each camera lacks, and how many of its science frames wait for it. */
const sumMissing = remember((exposures: readonly NightExposure[], missing: readonly Missing[]) =>
  [...groupBy(missing, cameraKey).values()].map((some) => ({
    some,
    waiting: exposures.filter((each) => some.some((one) => waitsFor(each, one))).length,
  })),
);

/** `V, R flats`, `300 s darks`, `biases` */
function wordsOf({ kind, of }: Missing): string {
  const some = of.slice(0, NAMED).join(', ');
  const more = of.length > NAMED ? ', …' : '';
  return `${some}${more}${some === '' ? '' : ' '}${KIND_WORDS[kind]}`;
}

function waitsFor(exposure: NightExposure, missing: Missing): boolean {
  const { imageKind, filter, exposureSec, reductionLevel } = exposure;
  if (reductionLevel > 0 || cameraKey(exposure) !== cameraKey(missing)) return false;
  if (!SCIENCE_KINDS.some((kind) => kind === imageKind)) return false;
  if (missing.kind === 'flat') return missing.of.includes(filter ?? 'no filter');
  if (missing.kind === 'dark') return missing.of.includes(`${exposureSec ?? 0} s`);
  return true;
}

/** Frames that the program doubts and nobody has judged. */
export function doubtTroubles({ base, night }: Omit<Told, 'missing'>): Trouble[] {
  const doubtful = night.exposures.filter(isOpenDoubt);
  const [first] = doubtful;
  if (first === undefined) return [];
  const counts = new Map<string, number>();
  for (const { doubts } of doubtful) {
    for (const code of doubts) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const codes = [...counts].sort(([, a], [, b]) => b - a);
  const words = codes.map(([code, count]) => {
    return `${doubtful.length === 1 ? '' : `${count} `}${code.replaceAll('-', ' ')}`;
  });
  const title = countOf(doubtful.length, 'doubtful frame');
  const query = new URLSearchParams({
    night: night.night,
    finding: codes.map(([code]) => code).join(','),
  });
  const isOne = doubtful.length === 1;
  return [
    {
      level: 'warn',
      title,
      short: `${doubtful.length} doubtful`,
      where: '',
      detail: [isOne ? first.object : null, ...words.slice(0, 3)].filter(Boolean).join(', '),
      url: isOne ? `${base}/frames/${first.id}/` : `${base}/frames/?${query.toString()}`,
    },
  ];
}

function isOpenDoubt({ doubts, flag }: NightExposure): boolean {
  return flag === 'doubtful' || (doubts.length > 0 && flag === null);
}

/** Stretches of the dark between frames in which cameras took nothing. */
export function gapTroubles({ base, night }: Omit<Told, 'missing'>): Trouble[] {
  const gaps = gapsOf(night.instruments);
  if (gaps.length === 0) return [];
  const minutes = gaps.reduce((sum, gap) => sum + gap.minutes, 0);
  const title = countOf(gaps.length, 'gap');
  const detail = formatDuration(minutes * MINUTE);
  const url = `${base}/nights/${night.night}/`;
  return [{ level: 'warn', title, short: `${title}, ${detail}`, where: '', detail, url }];
}

/** A night that has not been yet: the clock of a camera is wrong. */
export function futureTroubles({ base, night }: Omit<Told, 'missing'>): Trouble[] {
  if (!isToCome(night.night)) return [];
  const title = 'In the future';
  const detail = 'The clock of the camera is wrong, or the header. Correct the date';
  const url = `${base}/frames/?night=${night.night}`;
  return [{ level: 'bad', title, short: title, where: '', detail, url }];
}

/** Whether a night has begun nowhere on Earth yet. @param night `YYYY-MM-DD` */
export function isToCome(night: string, now = Date.now()): boolean {
  return night > new Date(now + FARTHEST_EAST_MS).toISOString().slice(0, 10);
}

/** Refused files that belong to a night. */
export function refusedTroubles({ base, night }: Omit<Told, 'missing'>): Trouble[] {
  const { refused } = night;
  if (refused === null || refused === 0) return [];
  return [quarantineTrouble(base, refused)];
}

/** Files that wait in quarantine for someone to mend them. */
export function quarantineTrouble(base: string, files: number): Trouble {
  return {
    level: 'bad',
    title: `${countOf(files, 'upload')} in quarantine`,
    short: `${files} in quarantine`,
    where: '',
    detail: 'Kept, none lost. Repair or discard',
    url: `${base}/quarantine/`,
  };
}

/** Stars that are far wider than the same camera usually has them. */
export function widthTroubles({ base, night }: Omit<Told, 'missing'>): Trouble[] {
  const { leading } = night;
  const [now, usual] = [leading?.fwhmPx ?? null, leading?.usualFwhmPx ?? null];
  if (now === null || usual === null || now < usual * WIDE) return [];
  const title = 'FWHM above usual';
  const url = `${base}/nights/${night.night}/`;
  return [{ level: 'warn', title, short: title, where: '', detail: '', url }];
}

/** Whether who asks is told what is missing: others know of fewer calibrations than there are. */
export function isToldMissing(viewer: Viewer): boolean {
  return viewer.seesAll && viewer.role !== 'anonymous';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
