import {
  unpackedKeyword,
  type Facet,
  type FrameMember,
  type FrameShape,
  type StoredCard,
  type StoredHdu,
} from '../catalog/index.js';
import type { Issue } from '../fits/index.js';
import type { IngestResult } from '../ingest/index.js';

/** Types of which the pyobs dialect shows neither filter nor object. */
const WITHOUT_TARGET = ['bias', 'dark'] as const;

/**
 * A frame as both dialects know it: the keys of pyobs-archive, those of the OCS archive, and more of
 * ours at the end, which clients of neither mind.
 *
 * @param address stands, with the id of the frame behind it (or id, slash and number of a version), where
 *                the address of the download is to be put
 */
export function frameShape(address: string): FrameShape {
  const url: FrameMember = { idAfter: address };
  return {
    id: 'id',
    basename: 'basename',
    SITEID: 'siteId',
    TELID: 'telescope',
    INSTRUME: 'instrument',
    RLEVEL: 'reductionLevel',
    DATE_OBS: 'dateObs',
    FILTER: { value: 'filter', exceptOf: WITHOUT_TARGET },
    OBJECT: { value: 'object', exceptOf: WITHOUT_TARGET },
    EXPTIME: 'exposureSec',
    REQNUM: 'requestNumber',
    OBSNUM: 'obsNumber',
    OBSTYPE: 'type',
    binning: 'binning',
    related_frames: 'relatedIds',
    url,

    observation_date: 'dateObs',
    observation_day: 'night',
    DAY_OBS: 'night',
    proposal_id: { orEmpty: 'proposal' },
    PROPID: { orEmpty: 'proposal' },
    instrument_id: 'instrument',
    target_name: { orEmpty: 'object' },
    reduction_level: 'reductionLevel',
    site_id: 'siteId',
    telescope_id: 'telescope',
    exposure_time: 'exposureSec',
    primary_optical_element: { orEmpty: 'filter' },
    public_date: 'publicDate',
    L1PUBDAT: 'publicDate',
    configuration_type: 'type',
    observation_id: { digits: 'obsNumber' },
    BLKUID: { digits: 'obsNumber' },
    request_id: { digits: 'requestNumber' },
    filename: 'filename',
    version_set: {
      versions: versionShape(url),
      others: versionShape({ versionAfter: address }),
    },

    night: 'night',
    type: 'imageKind',
    width: 'width',
    height: 'height',
    TEL_RA: 'raDeg',
    TEL_DEC: 'decDeg',
    TEL_ALT: 'altDeg',
    TEL_AZ: 'azDeg',
    TEL_FOCU: 'focus',
    SUNALT: 'sunAltDeg',
    SUNDIST: 'sunDistanceDeg',
    MOONALT: 'moonAltDeg',
    MOONFRAC: 'moonFraction',
    MOONDIST: 'moonDistanceDeg',
    XORGSUBF: 'originX',
    YORGSUBF: 'originY',
    DATAMEAN: 'dataMean',
    AIRMASS: 'airmass',
    LST: 'siderealHours',
    HA: 'hourAngleHours',
    area: { ifAny: 'ring', object: AREA },
    footprint: 'footprint',
    size: 'sizeBytes',
    sha256: 'sha256',
    md5: 'md5',
    original: { ifAny: 'originalSha256', object: ORIGINAL },
    version: 'versionNumber',
    profile: 'profile',
    computed: 'computed',
    warnings: 'warnings',
    created: 'created',
    quality: { ifAny: 'measured', object: QUALITY },
    findings: 'findings',
    flag: 'flag',
    tags: 'tags',
  };
}

/** A version, as the OCS dialect lists it. */
function versionShape(url: FrameMember): FrameShape {
  return {
    id: 'versionId',
    key: 'sha256',
    md5: 'md5',
    extension: 'extension',
    url,
    created: 'versionCreated',
  };
}

/** GeoJSON, as the OCS dialect has it: a polygon of [RA, DEC], closed. RFC 7946 §3.1.6. */
const AREA: FrameShape = {
  type: { literal: 'Polygon' },
  coordinates: { list: ['ring'] },
};

/** What was measured; widths without a scale are told in pixels alone. */
export const QUALITY = {
  kind: 'kind',
  stars: 'stars',
  fwhm: 'fwhmArcsec',
  fwhm_px: 'fwhmPx',
  hfr_px: 'hfrPx',
  elongation: 'elongation',
  elongation_angle: 'elongationAngleDeg',
  background: 'background',
  background_gradient: 'backgroundGradient',
  noise: 'noise',
  saturated: 'saturatedFraction',
  hot_pixels: 'hotPixels',
  instrumental_mag: 'instrumentalMag',
  transparency: 'transparency',
  rank: {
    object: {
      fwhm: 'fwhmRank',
      hfr: 'hfrRank',
      elongation: 'elongationRank',
      stars: 'starsRank',
      background: 'backgroundRank',
      background_gradient: 'backgroundGradientRank',
      noise: 'noiseRank',
      saturated: 'saturatedRank',
      hot_pixels: 'hotPixelsRank',
      transparency: 'transparencyRank',
    },
  },
  method: 'method',
  measured: 'measured',
} as const satisfies FrameShape;

/** What was uploaded, of a file that was packed; null for a file that is stored as it came. */
const ORIGINAL: FrameShape = {
  size: 'originalSizeBytes',
  sha256: 'originalSha256',
  md5: 'originalMd5',
};

/** What `verify/` says of a file. `offset` counts bytes of the stored file, expanded if it is compressed as a whole. */
export function toFindingShape(issue: Issue): Record<string, unknown> {
  const { hdu, keyword, offset, level, code, text } = issue;
  return { hdu, keyword, offset, severity: level, code, message: text };
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
  const key = kind === 'compressed-image' ? unpackedKeyword(card.keyword) : card.keyword;
  return key === undefined ? undefined : { key, value: card.value };
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
  // Not by the id: that of a frame that is hidden from who sent its bytes again is not told.
  const safe = results.filter(({ status }) => status !== 'refused' && status !== 'failed');
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
