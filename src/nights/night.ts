import type { Calibrations } from '../calibration/index.js';
import {
  findUsual,
  inNights,
  listNightFindings,
  listNightNotes,
  listNightParts,
  listNightRows,
  listObjectParts,
  listQuarantined,
  nightNumber,
  SCIENCE_KINDS,
  type Catalog,
  type FrameFinding,
  type NightPart,
  type NightRow,
  type Note,
  type Quarantined,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Reader } from '../ingest/index.js';
import { groupBy } from '../lib/groups.js';
import { mediansOf, type NightMedians } from './medians.js';
import { toldMissing, type Missing } from './missing.js';
import { observedIn, type NightTarget } from './observed.js';
import { findGaps, openMs, type Exposure, type InstrumentUse } from './shutter.js';
import { skiesOf, type SiteNight } from './sky.js';

/** A file that came in a night and was refused. */
export type RefusedUpload = Pick<
  Quarantined,
  'id' | 'uploadName' | 'code' | 'reason' | 'createdMs'
>;

/** Everything about one night. Instants are epoch ms UTC. */
export interface NightReport {
  readonly night: string;
  readonly parts: readonly NightPart[];
  readonly rows: readonly NightRow[];
  readonly targets: readonly NightTarget[];
  readonly skies: readonly SiteNight[];
  readonly instruments: readonly InstrumentUse[];
  readonly medians: readonly NightMedians[];
  readonly findings: readonly FrameFinding[];
  readonly missing: readonly Missing[];
  /** Null for those who may not see refused files. */
  readonly refused: readonly RefusedUpload[] | null;
  /** Null for those who may not read them; of those who do not see everything, their own. */
  readonly notes: readonly Note[] | null;
}

/** What a report is made with. */
export interface NightParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly calibrations: Pick<Calibrations, 'findMissing'>;
  /** How headers are read. */
  readonly reader: Pick<Reader, 'profiles'>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Light that came through, against the clearest of the same field: less is clouds. */
const CLOUDY = 0.7;
/** Frames of which it is looked what they lack. */
const MAX_JUDGED = 5000;
const MAX_REFUSED = 10_000;

/** What besides frames is told. */
export interface NightOptions {
  /** Whether the viewer may see refused files. */
  readonly seesRefused: boolean;
  /** Whether they may read notes. */
  readonly seesNotes: boolean;
  /** Epoch ms; the rest of a night that is not over is no gap. */
  readonly now?: number;
}

/** A night of which only refused files or notes came. */
const NO_FRAMES = {
  parts: [],
  rows: [],
  targets: [],
  instruments: [],
  medians: [],
  findings: [],
  missing: [],
} as const satisfies Partial<NightReport>;

/** All that is to be told of a night; undefined if `viewer` sees no frame, refused file or note of it. */
export async function describeNight(
  { catalog, config, calibrations, reader }: NightParts,
  night: string,
  viewer: Viewer,
  { seesRefused, seesNotes, now = Date.now() }: NightOptions,
): Promise<NightReport | undefined> {
  const rows = await listNightRows(catalog, night, viewer);
  const skies = await skiesOf({ catalog, config, reader }, night, rows);
  const refused = seesRefused ? await listRefused(catalog, night, skies, viewer) : null;
  const notes = seesNotes ? await listNightNotes(catalog, night, viewer) : null;
  if (rows.length === 0) {
    const isThere = [...(refused ?? []), ...(notes ?? [])].length > 0;
    return isThere ? { ...NO_FRAMES, night, skies, refused, notes } : undefined;
  }
  const science = rows.filter(isRawScience).map(({ id }) => id);
  const [parts, observed, findings, missing, medians] = await Promise.all([
    listNightParts(catalog, [night], [], viewer),
    listObjectParts(catalog, undefined, [inNights([night])], viewer),
    listNightFindings(catalog, night, viewer),
    calibrations.findMissing(science.slice(0, MAX_JUDGED), viewer),
    mediansOf(rows.filter(isScience), (groupId) =>
      findUsual(catalog, groupId, nightNumber(night), null),
    ),
  ]);
  const leastMs = config.NIGHT_GAP_MINUTES * MINUTE_MS;
  return {
    night,
    parts,
    rows,
    targets: observedIn(observed),
    skies,
    instruments: useOf(rows, findings, skies, { leastMs, now }),
    medians,
    findings,
    missing: toldMissing(missing),
    refused,
    notes,
  };
}

function isScience({ imageKind }: NightRow): boolean {
  return SCIENCE_KINDS.some((kind) => kind === imageKind);
}

function isRawScience(row: NightRow): boolean {
  return isScience(row) && row.reductionLevel === 0;
}

/** What each camera did, in order of site and name. */
function useOf(
  rows: readonly NightRow[],
  findings: readonly FrameFinding[],
  skies: readonly SiteNight[],
  { leastMs, now }: { readonly leastMs: number; readonly now: number },
): InstrumentUse[] {
  const cloudy = new Set(
    findings.filter(({ code }) => code === 'clouds').map(({ frameId }) => frameId),
  );
  const keyOf = (row: NightRow): string => `${row.siteId}\n${row.telescope}\n${row.instrument}`;
  const groups = [...groupBy(rows, keyOf).values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const { siteId, telescope, instrument } = first;
    // Of frames that were only brought reduced, these are all that tells of the shutter.
    const level = Math.min(...some.map(({ reductionLevel }) => reductionLevel));
    const raw = some.filter(({ reductionLevel }) => reductionLevel === level);
    const exposures = raw.flatMap((row) => toExposure(row, cloudy));
    const dark = skies.find((each) => each.siteId === siteId)?.sky.dark ?? null;
    const past = dark === null ? null : { ...dark, toMs: Math.min(dark.toMs, now) };
    const hasScience = exposures.some((each) => each.isScience);
    const open = openMs(exposures, dark);
    return [
      {
        siteId,
        telescope,
        instrument,
        frames: raw.length,
        openSec: open / 1000,
        used: dark === null ? null : open / (dark.toMs - dark.fromMs),
        // A camera that was not meant to look at the sky leaves no gap in it.
        gaps: past === null ? null : hasScience ? findGaps(exposures, past, leastMs) : [],
      },
    ];
  });
  const byName = new Intl.Collator('en', { numeric: true }).compare;
  return groups.sort((a, b) => byName(a.siteId, b.siteId) || byName(a.instrument, b.instrument));
}

function toExposure(row: NightRow, cloudy: ReadonlySet<number>): Exposure[] {
  const { id, dateObsMs, exposureSec, transparency } = row;
  if (dateObsMs === null) return [];
  const toMs = dateObsMs + Math.max(0, exposureSec ?? 0) * 1000;
  const isCloudy = cloudy.has(id) || (transparency !== null && transparency < CLOUDY);
  return [{ id, fromMs: dateObsMs, toMs, isScience: isScience(row), isCloudy }];
}

/**
 * Refused files that came between the noons around a night, or have its date in their names, as files
 * that are brought in the morning after have.
 */
async function listRefused(
  catalog: Catalog,
  night: string,
  skies: readonly SiteNight[],
  viewer: Viewer,
): Promise<RefusedUpload[]> {
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  const fromMs = Math.min(noonMs, ...skies.map(({ sky }) => sky.fromMs));
  const toMs = Math.max(noonMs + DAY_MS, ...skies.map(({ sky }) => sky.toMs));
  const named = new RegExp(`(?<!\\d)${night.split('-').join('[-_]?')}(?!\\d)`);
  const all = await listQuarantined(catalog, { limit: MAX_REFUSED }, viewer);
  return all
    .filter(({ uploadName, createdMs }) => {
      return (createdMs >= fromMs && createdMs < toMs) || named.test(uploadName);
    })
    .map(({ id, uploadName, code, reason, createdMs }) => ({
      id,
      uploadName,
      code,
      reason,
      createdMs,
    }));
}
