import type { Calibrations } from '../calibration/index.js';
import {
  countUnmeasured,
  findUsual,
  listNightFindings,
  listNightNotes,
  listNightRows,
  listQuarantined,
  nightNumber,
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
import { observedIn, partsOf, type NightTarget } from './observed.js';
import { refusedIn } from './refused.js';
import type { InstrumentUse } from './shutter.js';
import type { Skies } from './skies.js';
import type { SiteNight } from './sky.js';
import { isScience, useOf } from './use.js';

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
  /** Frames that are still to be measured; null with MEASURE=false. */
  readonly unmeasured: number | null;
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
  { catalog, config, calibrations, skies: ofSites }: NightParts & { readonly skies: Skies },
  night: string,
  viewer: Viewer,
  { seesRefused, seesNotes, now = Date.now() }: NightOptions,
): Promise<NightReport | undefined> {
  const [rows, findings, notes, unmeasured] = await Promise.all([
    listNightRows(catalog, night, viewer),
    listNightFindings(catalog, night, viewer),
    seesNotes ? listNightNotes(catalog, night, viewer) : null,
    config.MEASURE ? countUnmeasured(catalog, night, viewer) : null,
  ]);
  const science = rows.filter(isRawScience).map(({ id }) => id);
  const [missing, medians, { skies, refused }] = await Promise.all([
    science.length === 0 ? [] : calibrations.findMissing(science.slice(0, MAX_JUDGED), viewer),
    mediansOf(rows.filter(isScience), (groupId, exposureSec) =>
      findUsual(catalog, groupId, nightNumber(night), exposureSec),
    ),
    ofSites.overFrames(night, rows).then(async (found) => ({
      skies: found,
      refused: seesRefused ? await listRefused(catalog, night, found, viewer) : null,
    })),
  ]);
  if (rows.length === 0) {
    const isThere = [...(refused ?? []), ...(notes ?? [])].length > 0;
    return isThere ? { ...NO_FRAMES, night, skies, unmeasured, refused, notes } : undefined;
  }
  const leastMs = config.NIGHT_GAP_MINUTES * MINUTE_MS;
  return {
    night,
    parts: countParts(night, rows),
    rows,
    targets: observedIn(partsOf(rows)),
    skies,
    instruments: useOf(rows, cloudyIn(findings), skies, { leastMs, now }),
    medians,
    findings,
    unmeasured,
    missing: toldMissing(missing, rows),
    refused,
    notes,
  };
}

/** Frames of a night by how they were taken, as `listNightParts` has them. */
function countParts(night: string, rows: readonly NightRow[]): NightPart[] {
  const keyOf = (row: NightRow): string => {
    const { siteId, telescope, instrument, imageKind, filter, reductionLevel } = row;
    return JSON.stringify([reductionLevel, imageKind, siteId, telescope, instrument, filter]);
  };
  const groups = [...groupBy(rows, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.flatMap(([, some]) => {
    const [first] = some;
    if (first === undefined) return [];
    const { siteId, telescope, instrument, imageKind, filter, reductionLevel } = first;
    const frames = some.length;
    return [{ night, siteId, telescope, instrument, imageKind, filter, reductionLevel, frames }];
  });
}

function cloudyIn(findings: readonly FrameFinding[]): ReadonlySet<number> {
  return new Set(findings.filter(({ code }) => code === 'clouds').map(({ frameId }) => frameId));
}

function isRawScience(row: NightRow): boolean {
  return isScience(row) && row.reductionLevel === 0;
}

/** The refused files of one night, the latest first: as `refusedIn`. */
async function listRefused(
  catalog: Catalog,
  night: string,
  skies: readonly SiteNight[],
  viewer: Viewer,
): Promise<RefusedUpload[]> {
  const all = await listQuarantined(catalog, { limit: MAX_REFUSED }, viewer);
  return refusedIn(all, night, skies).map(({ id, uploadName, code, reason, createdMs }) => ({
    id,
    uploadName,
    code,
    reason,
    createdMs,
  }));
}
