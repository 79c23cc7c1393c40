import type { Facet, Frame, StoredCard, StoredHdu, Version } from '../catalog/index.js';
import type { Issue } from '../fits/index.js';
import type { Footprint, SkyPoint } from '../sky/index.js';
import { downloadUrl, type Services } from '../http/index.js';
import { formatInstant } from '../lib/time.js';
import type { IngestResult } from '../ingest/index.js';

/** Types of which the pyobs dialect shows neither filter nor object. */
const WITHOUT_TARGET = new Set(['bias', 'dark']);

/**
 * A frame as both dialects know it: the keys of pyobs-archive, those of the OCS archive, and more of
 * ours at the end, which clients of neither mind.
 *
 * @param root public address of the archive, with a slash at its end
 */
export function toFrameShape(
  services: Services,
  root: string,
  frame: Frame,
): Record<string, unknown> {
  const { version } = frame;
  const hasTarget = !WITHOUT_TARGET.has(frame.imageKind);
  const dateObs = frame.dateObsMs === null ? null : formatInstant(frame.dateObsMs);
  const publicDate = frame.publicDateMs === null ? null : formatInstant(frame.publicDateMs);
  const url = downloadUrl(services, root, frame.id);
  const type = frame.imageType ?? frame.imageKind;
  return {
    id: frame.id,
    basename: frame.basename,
    SITEID: frame.siteId,
    TELID: frame.telescope,
    INSTRUME: frame.instrument,
    RLEVEL: frame.reductionLevel,
    DATE_OBS: dateObs,
    FILTER: hasTarget ? frame.filter : null,
    OBJECT: hasTarget ? frame.object : null,
    EXPTIME: frame.exposureSec,
    REQNUM: frame.requestNumber,
    OBSNUM: frame.obsNumber,
    OBSTYPE: type,
    binning: `${frame.binningX}x${frame.binningY}`,
    related_frames: frame.relatedIds,
    url,

    observation_date: dateObs,
    observation_day: frame.night,
    DAY_OBS: frame.night,
    proposal_id: frame.proposal ?? '',
    PROPID: frame.proposal ?? '',
    instrument_id: frame.instrument,
    target_name: frame.object ?? '',
    reduction_level: frame.reductionLevel,
    site_id: frame.siteId,
    telescope_id: frame.telescope,
    exposure_time: frame.exposureSec,
    primary_optical_element: frame.filter ?? '',
    public_date: publicDate,
    L1PUBDAT: publicDate,
    configuration_type: type,
    observation_id: digits(frame.obsNumber),
    BLKUID: digits(frame.obsNumber),
    request_id: digits(frame.requestNumber),
    filename: `${frame.basename}${version.extension}`,
    version_set: [
      {
        id: version.id,
        key: version.sha256,
        md5: version.md5,
        extension: version.extension,
        url,
        created: formatInstant(version.createdMs),
      },
    ],

    night: frame.night,
    type: frame.imageKind,
    width: frame.width,
    height: frame.height,
    TEL_RA: frame.raDeg,
    TEL_DEC: frame.decDeg,
    TEL_ALT: frame.altDeg,
    TEL_AZ: frame.azDeg,
    TEL_FOCU: frame.focus,
    SUNALT: frame.sunAltDeg,
    SUNDIST: frame.sunDistanceDeg,
    MOONALT: frame.moonAltDeg,
    MOONFRAC: frame.moonFraction,
    MOONDIST: frame.moonDistanceDeg,
    XORGSUBF: frame.originX,
    YORGSUBF: frame.originY,
    DATAMEAN: frame.dataMean,
    AIRMASS: frame.airmass,
    area: toArea(frame.footprint),
    footprint: toFootprintShape(frame.footprint),
    size: version.sizeBytes,
    sha256: version.sha256,
    md5: version.md5,
    original: toOriginalShape(version),
    version: version.number,
    profile: frame.profile,
    warnings: frame.warnings,
    created: formatInstant(frame.createdMs),
  };
}

/** GeoJSON, as the OCS dialect has it: a polygon of [RA, DEC], closed. RFC 7946 §3.1.6. */
function toArea(footprint: Footprint | null): Record<string, unknown> | null {
  const points = footprint?.polygon ?? null;
  if (points === null) return null;
  const ring = [...points, ...points.slice(0, 1)].map(({ raDeg, decDeg }) => [raDeg, decDeg]);
  return { type: 'Polygon', coordinates: [ring] };
}

function toFootprintShape(footprint: Footprint | null): Record<string, unknown> | null {
  if (footprint === null) return null;
  const { center, corners, cap } = footprint;
  const pair = (point: SkyPoint | null): number[] | null =>
    point === null ? null : [point.raDeg, point.decDeg];
  return {
    center: pair(center),
    corners: corners.map(pair),
    pixel_scale: footprint.pixelScaleArcsec,
    rotation: footprint.rotationDeg,
    mirrored: footprint.mirrored,
    circle: [cap.raDeg, cap.decDeg, cap.radiusDeg],
    provisional: footprint.provisional,
  };
}

/** What was uploaded, of a file that was packed; null for a file that is stored as it came. */
function toOriginalShape({ original }: Version): Record<string, unknown> | null {
  if (original === null) return null;
  const { sizeBytes, sha256, md5 } = original;
  return { size: sizeBytes, sha256, md5 };
}

/** What `verify/` says of a file. `offset` counts bytes of the stored file, expanded if it is compressed as a whole. */
export function toFindingShape(issue: Issue): Record<string, unknown> {
  const { hdu, keyword, offset, level, code, text } = issue;
  return { hdu, keyword, offset, severity: level, code, message: text };
}

/** A number where a text is all digits, else null: what the OCS dialect calls an id. */
function digits(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** What there is to choose from, in the words of both dialects. */
export function toAggregateShape(facets: readonly Facet[]): Record<string, unknown> {
  const distinct = (pick: (facet: Facet) => string | null): string[] => {
    // An empty name would be asked for as `SITE=`, which means any site.
    const values = facets.map((facet) => pick(facet) ?? '').filter((value) => value !== '');
    return [...new Set(values)].sort();
  };
  const imagetypes = distinct((facet) => facet.imageType ?? facet.imageKind);
  return {
    imagetypes,
    sites: distinct((facet) => facet.siteId),
    telescopes: distinct((facet) => facet.telescope),
    instruments: distinct((facet) => facet.instrument),
    filters: distinct((facet) => facet.filter || 'None'),
    binnings: distinct((facet) => facet.binning),
    obstypes: imagetypes,
    proposals: distinct((facet) => facet.proposal),
    generated_at: new Date().toISOString(),
  };
}

/** A keyword of a header and what it says. */
export interface HeaderEntry {
  readonly key: string;
  readonly value: StoredCard['value'];
}

/** Structure of the table in which a compressed image is packed: not of the image. FITS 4.0 §10.1. */
const PACKING =
  /^(?:XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|TTYPE\d+|TFORM\d+|ZIMAGE|ZCMPTYPE|ZTILE\d+|ZNAME\d+|ZVAL\d+|ZQUANTIZ|ZDITHER0|ZBLANK|CHECKSUM|DATASUM)$/;
/** Keywords of the image inside → what they are called in the image itself. */
const UNPACKED = /^Z(SIMPLE|TENSION|EXTEND|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|HECKSUM|DATASUM)$/;
const UNPACKED_NAMES: Readonly<Record<string, string>> = {
  TENSION: 'XTENSION',
  HECKSUM: 'CHECKSUM',
};

/**
 * The header of one HDU as both dialects give it: `results` in the order of keys, without commentary,
 * and `data` as an object. That of a compressed image reads as that of the image inside.
 */
export function toHeadersShape(hdu: StoredHdu | undefined): {
  results: HeaderEntry[];
  data: object;
} {
  const entries: HeaderEntry[] = [];
  for (const card of hdu?.cards ?? []) {
    const entry = toEntry(card, hdu?.kind ?? '');
    if (entry !== undefined) entries.push(entry);
  }
  const results = entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => compareText(a.entry.key, b.entry.key) || a.index - b.index)
    .map(({ entry }) => entry);
  // The first of a repeated keyword counts, as everywhere in FITS.
  const data = Object.fromEntries([...results].reverse().map(({ key, value }) => [key, value]));
  return { results, data };
}

/** A card as `results` has it; undefined for one that is left out. @param kind of its HDU */
export function toEntry(card: StoredCard, kind: string): HeaderEntry | undefined {
  if (card.kind === 'commentary' || card.keyword === '' || card.keyword === 'END') return undefined;
  const key = kind === 'compressed-image' ? unpackedName(card.keyword) : card.keyword;
  return key === undefined ? undefined : { key, value: card.value };
}

function unpackedName(keyword: string): string | undefined {
  const inner = UNPACKED.exec(keyword)?.[1];
  if (inner !== undefined) return UNPACKED_NAMES[inner] ?? inner;
  return PACKING.test(keyword) ? undefined : keyword;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Every card of some HDUs, in the order of the file, with kinds and comments. */
export function toHdusShape(hdus: readonly StoredHdu[]): Record<string, unknown> {
  return {
    hdus: hdus.map((hdu) => ({ ...toHduShape(hdu), cards: hdu.cards.map(toCardShape) })),
  };
}

/** An HDU without its cards. */
export function toHduShape(hdu: StoredHdu): Record<string, unknown> {
  const { name, kind, bitpix, axes, checksum } = hdu;
  return { hdu: hdu.hdu, name, kind, bitpix, axes, checksum };
}

/** A card with its kind and comment. */
export function toCardShape({ keyword, kind, value, comment }: StoredCard): object {
  return { key: keyword, kind, value, comment };
}

/**
 * The answer to an upload: what clients of the reference archive look at, and what became of each
 * file. `created` counts every file that is safe in the archive now, also if it was there before.
 */
export function toCreateShape(results: readonly IngestResult[]): Record<string, unknown> {
  const safe = results.filter((result) => result.id !== null);
  const errors = [...new Set(results.flatMap((result) => result.error ?? []))];
  return {
    created: safe.length,
    filenames: safe.map((result) => result.basename),
    ...(errors.length === 0 ? {} : { errors }),
    files: results.map((result) => ({
      name: result.name,
      basename: result.basename,
      id: result.id,
      version: result.version,
      status: result.status,
      error: result.error,
      warnings: result.warnings,
      sha256: result.sha256,
      size: result.sizeBytes,
    })),
  };
}
