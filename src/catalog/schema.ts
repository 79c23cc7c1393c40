import type { Footprint } from '../sky/index.js';
import type { CubeColumns } from './cube-keys.js';
import { formatFootprint, toFootprint, type StoredFootprint } from './footprint-text.js';

/**
 * What the headers of a frame say, after a profile has read them (`ingest/mapping.ts`): the columns of
 * a frame. Angles are degrees, instants epoch ms UTC.
 */
export interface FrameFacts {
  /** Name of the profile that was used. */
  readonly profile: string;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  /** The word in the file, trimmed. */
  readonly imageType: string | null;
  readonly imageKind: ImageKind;
  readonly dateObsMs: number | null;
  /** `YYYY-MM-DD`; null only if there is neither a day nor a date. */
  readonly night: string | null;
  readonly object: string | null;
  readonly filter: string | null;
  readonly exposureSec: number | null;
  readonly reductionLevel: number;
  readonly requestNumber: string | null;
  readonly obsNumber: string | null;
  readonly proposal: string | null;
  readonly publicDateMs: number | null;
  readonly binningX: number;
  readonly binningY: number;
  /** Pixels of the main image; 0 × 0 if the file has none. */
  readonly width: number;
  readonly height: number;
  /** As in the header, taken for ICRS: positions of other equinoxes are not precessed. */
  readonly raDeg: number | null;
  readonly decDeg: number | null;
  readonly altDeg: number | null;
  readonly azDeg: number | null;
  /** Local sidereal time at the start of the exposure, hours, 0…24. */
  readonly siderealHours: number | null;
  /** At the start of the exposure, hours; negative before the meridian. */
  readonly hourAngleHours: number | null;
  /** In the unit of the focuser: mm or steps. */
  readonly focus: number | null;
  readonly sunAltDeg: number | null;
  readonly sunDistanceDeg: number | null;
  readonly moonAltDeg: number | null;
  /** Lit part of the Moon, 0…1. */
  readonly moonFraction: number | null;
  readonly moonDistanceDeg: number | null;
  readonly originX: number | null;
  readonly originY: number | null;
  readonly dataMean: number | null;
  readonly airmass: number | null;
  readonly ccdTempC: number | null;
  /** As written: electrons per ADU, or the setting of a CMOS camera. */
  readonly gain: number | null;
  /** Where the frame lies on the sky; null if neither a WCS nor a pointing with a scale tell it. */
  readonly footprint: Footprint | null;
  readonly relations: readonly Relation[];
  /**
   * Facts that the header does not say, by the keyword that it would have: altitude, Sun and Moon that
   * were worked out from place, time and position.
   */
  readonly computed: readonly string[];
  /** What could not be read or had to be guessed, for people. */
  readonly warnings: readonly string[];
}

/** What a frame is, whatever word its header has for it; `other` if unknown or not said. */
export const IMAGE_KINDS = [
  'object',
  'bias',
  'dark',
  'flat',
  'skyflat',
  'focus',
  'acquisition',
  'guiding',
  'standard',
  'arc',
  'other',
] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

/** A frame that a header names, without folder and known extensions: `L1BIAS` → basename. */
export interface Relation {
  readonly key: string;
  readonly name: string;
}

/** The bytes of a frame. */
export interface Version {
  readonly id: number;
  readonly frameId: number;
  readonly number: number;
  readonly key: string;
  readonly extension: string;
  readonly container: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly md5: string;
  readonly crc32: number;
  /** What was uploaded, if it was packed before it was stored; else null. */
  readonly original: OriginalBytes | null;
  readonly uploadName: string;
  readonly uploadedBy: number | null;
  readonly createdMs: number;
}

export interface OriginalBytes {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly md5: string;
}

export type NewVersion = Omit<Version, 'id' | 'frameId' | 'number' | 'createdMs'>;

/** A frame as lists and pages show it: facts, current version, and the ids of the frames it names. */
export interface Frame extends Omit<FrameFacts, 'relations'> {
  readonly id: number;
  readonly basename: string;
  readonly version: Version;
  readonly relatedIds: readonly number[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** One card as the catalogue keeps it; bigints are text in `value` with kind `integer`. */
export interface StoredCard {
  readonly keyword: string;
  readonly kind: string;
  readonly value: string | number | boolean | readonly [number, number] | null;
  readonly comment: string;
}

export interface StoredHdu {
  readonly hdu: number;
  readonly name: string;
  readonly kind: string;
  readonly bitpix: number;
  readonly axes: readonly number[];
  /** Whether CHECKSUM and DATASUM hold; null if it was never looked at. */
  readonly checksum: 'ok' | 'absent' | 'wrong' | null;
  readonly cards: readonly StoredCard[];
}

export type Row = Readonly<Record<string, string | number | null>>;

/** FrameFacts kept as JSON or in another table. */
type Unlisted = 'relations' | 'computed' | 'warnings' | 'footprint';

/** FrameFacts that are one column each: property → column. One list for reading and writing. */
const COLUMNS = {
  profile: 'profile',
  siteId: 'site_id',
  telescope: 'telescope',
  instrument: 'instrument',
  imageType: 'image_type',
  imageKind: 'image_kind',
  dateObsMs: 'date_obs_ms',
  night: 'night',
  object: 'object',
  filter: 'filter',
  exposureSec: 'exposure_sec',
  reductionLevel: 'reduction_level',
  requestNumber: 'request_number',
  obsNumber: 'obs_number',
  proposal: 'proposal',
  publicDateMs: 'public_date_ms',
  binningX: 'binning_x',
  binningY: 'binning_y',
  width: 'width',
  height: 'height',
  raDeg: 'ra_deg',
  decDeg: 'dec_deg',
  altDeg: 'alt_deg',
  azDeg: 'az_deg',
  siderealHours: 'sidereal_hours',
  hourAngleHours: 'hour_angle_hours',
  focus: 'focus',
  sunAltDeg: 'sun_alt_deg',
  sunDistanceDeg: 'sun_distance_deg',
  moonAltDeg: 'moon_alt_deg',
  moonFraction: 'moon_fraction',
  moonDistanceDeg: 'moon_distance_deg',
  originX: 'origin_x',
  originY: 'origin_y',
  dataMean: 'data_mean',
  airmass: 'airmass',
  ccdTempC: 'ccd_temp_c',
  gain: 'gain',
} as const satisfies Record<keyof Omit<FrameFacts, Unlisted>, string>;

export const columnEntries = Object.entries(COLUMNS) as [keyof typeof COLUMNS, string][];

/** Columns of a version, prefixed where the frame has a column of the same name. */
export const VERSION_COLUMNS = [
  'versions.id as v_id',
  'versions.frame_id as v_frame_id',
  'versions.number as v_number',
  'versions.key as v_key',
  'versions.extension as v_extension',
  'versions.container as v_container',
  'versions.size_bytes as v_size_bytes',
  'versions.sha256 as v_sha256',
  'versions.md5 as v_md5',
  'versions.crc32 as v_crc32',
  'versions.original_size_bytes as v_original_size_bytes',
  'versions.original_sha256 as v_original_sha256',
  'versions.original_md5 as v_original_md5',
  'versions.upload_name as v_upload_name',
  'versions.uploaded_by as v_uploaded_by',
  'versions.created_ms as v_created_ms',
];

/** Facts that are doubles. JSON made by SQLite has 15 digits, so they are read as columns. */
const REALS = [
  'exposureSec',
  'raDeg',
  'decDeg',
  'altDeg',
  'azDeg',
  'siderealHours',
  'hourAngleHours',
  'focus',
  'sunAltDeg',
  'sunDistanceDeg',
  'moonAltDeg',
  'moonFraction',
  'moonDistanceDeg',
  'originX',
  'originY',
  'dataMean',
  'airmass',
  'ccdTempC',
  'gain',
] as const satisfies (keyof typeof COLUMNS)[];

const reals = new Set<string>(REALS);
const exactEntries = columnEntries.filter(([name]) => !isRealFact(name));

/** True for facts that are doubles. */
export function isRealFact(name: string): boolean {
  return reals.has(name);
}

const VERSION_FIELDS = VERSION_COLUMNS.map((column) => column.split(' as ')) as [string, string][];

/**
 * What is selected of `frames` joined with `versions` to make frames of. All that JSON holds exactly
 * comes as one text: a driver that makes an object with 70 members for each row takes longer than
 * everything else that a list needs.
 */
export const FRAME_SELECT = [
  ...REALS.map((name) => `frames.${COLUMNS[name]}`),
  `json_array(${[
    'frames.id',
    'frames.basename',
    'frames.created_ms',
    'frames.updated_ms',
    'json(frames.warnings)',
    'json(frames.footprint)',
    'json(frames.ring)',
    'json(frames.computed)',
    ...exactEntries.map(([, column]) => `frames.${column}`),
    ...VERSION_FIELDS.map(([column]) => column),
  ].join(', ')}) as rest`,
].join(', ');

/** Members of `rest` before the facts, in order. */
type Head = [
  ...[id: number, basename: string, createdMs: number, updatedMs: number, warnings: string[]],
  footprint: StoredFootprint | null,
  ring: [number, number][] | null,
  computed: string[] | null,
];
const HEAD = 8;

/**
 * @param row     has FRAME_SELECT
 * @param related ids of the frames that headers name, by id of the frame whose headers they are
 */
export function toFrame(row: Row, related: ReadonlyMap<number, readonly number[]>): Frame {
  const rest = JSON.parse(String(row.rest)) as [...Head, ...Row[string][]];
  const [id, basename, createdMs, updatedMs, warnings, footprint, ring, computed] = rest;
  const facts: Record<string, unknown> = {};
  for (const name of REALS) facts[name] = row[COLUMNS[name]];
  let at = HEAD;
  for (const [name] of exactEntries) facts[name] = rest[at++];
  const version: Record<string, string | number | null> = {};
  for (const [, name] of VERSION_FIELDS) version[name] = (rest[at++] ?? null) as Row[string];
  return {
    ...(facts as unknown as Omit<FrameFacts, Unlisted>),
    footprint: footprint === null ? null : toFootprint(footprint, ring),
    computed: computed ?? [],
    warnings,
    id,
    basename,
    version: toVersion(version),
    relatedIds: related.get(id) ?? [],
    createdMs,
    updatedMs,
  };
}

/** @param row has VERSION_COLUMNS */
export function toVersion(row: Row): Version {
  return {
    id: Number(row.v_id),
    frameId: Number(row.v_frame_id),
    number: Number(row.v_number),
    key: String(row.v_key),
    extension: String(row.v_extension),
    container: String(row.v_container),
    sizeBytes: Number(row.v_size_bytes),
    sha256: String(row.v_sha256),
    md5: String(row.v_md5),
    crc32: Number(row.v_crc32),
    original: toOriginal(row),
    uploadName: String(row.v_upload_name),
    uploadedBy: row.v_uploaded_by === null ? null : Number(row.v_uploaded_by),
    createdMs: Number(row.v_created_ms),
  };
}

function toOriginal(row: Row): OriginalBytes | null {
  if (typeof row.v_original_sha256 !== 'string') return null;
  return {
    sizeBytes: Number(row.v_original_size_bytes),
    sha256: row.v_original_sha256,
    md5: String(row.v_original_md5),
  };
}

/** The columns of `frames` that come from the facts. `vector` is the unit vector of the pointing. */
export function toFrameRow(
  facts: FrameFacts,
  vector: readonly number[] | null,
): Record<string, unknown> & CubeColumns {
  const columns = Object.fromEntries(columnEntries.map(([name, column]) => [column, facts[name]]));
  return {
    ...(columns as Record<string, unknown> & CubeColumns),
    request_key: requestKey(facts.requestNumber),
    vec_x: vector?.[0] ?? null,
    vec_y: vector?.[1] ?? null,
    vec_z: vector?.[2] ?? null,
    ...formatFootprint(facts.footprint),
    computed: facts.computed.length === 0 ? null : JSON.stringify(facts.computed),
    warnings: JSON.stringify(facts.warnings),
  };
}

/** A request number as both dialects compare it: as text, leading zeros ignored. */
export function requestKey(requestNumber: string | null): string | null {
  return requestNumber === null ? null : requestNumber.trim().replace(/^0+(?=.)/, '');
}

export function toVersionRow(version: NewVersion): Record<string, unknown> {
  return {
    key: version.key,
    extension: version.extension,
    container: version.container,
    size_bytes: version.sizeBytes,
    sha256: version.sha256,
    md5: version.md5,
    crc32: version.crc32,
    original_size_bytes: version.original?.sizeBytes ?? null,
    original_sha256: version.original?.sha256 ?? null,
    original_md5: version.original?.md5 ?? null,
    upload_name: version.uploadName,
    uploaded_by: version.uploadedBy,
  };
}
