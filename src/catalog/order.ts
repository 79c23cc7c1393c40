import { FACET_COLUMNS } from './cube-keys.js';
import { isSearched, keywordKey } from './header-values.js';
import { RANK_COLUMNS } from './measures.js';

/** A column that frames are put in order by. */
export interface SortKey {
  /** As `sortColumn` gives it. */
  readonly column: string;
  readonly descending: boolean;
}

export interface FrameOrder extends SortKey {
  /** Columns of `frames` that decide, one after the other, where those before are equal. */
  readonly then?: readonly SortKey[];
}

/** Names by which a list can be sorted → column: those of the reference archive's model, and ours. */
export const SORT_COLUMNS: Readonly<Record<string, string>> = {
  id: 'frames.id',
  basename: 'frames.basename',
  path: 'versions.key',
  SITEID: 'frames.site_id',
  TELID: 'frames.telescope',
  INSTRUME: 'frames.instrument',
  IMAGETYP: 'frames.image_type',
  OBSTYPE: 'frames.image_type',
  RLEVEL: 'frames.reduction_level',
  DATE_OBS: 'frames.date_obs_ms',
  night: 'frames.night',
  OBJECT: 'frames.object',
  TEL_RA: 'frames.ra_deg',
  TEL_DEC: 'frames.dec_deg',
  vec_x: 'frames.vec_x',
  vec_y: 'frames.vec_y',
  vec_z: 'frames.vec_z',
  TEL_ALT: 'frames.alt_deg',
  TEL_AZ: 'frames.az_deg',
  AIRMASS: 'frames.airmass',
  LST: 'frames.sidereal_hours',
  HA: 'frames.hour_angle_hours',
  TEL_FOCU: 'frames.focus',
  'CCD-TEMP': 'frames.ccd_temp_c',
  SUNALT: 'frames.sun_alt_deg',
  SUNDIST: 'frames.sun_distance_deg',
  MOONALT: 'frames.moon_alt_deg',
  MOONFRAC: 'frames.moon_fraction',
  MOONDIST: 'frames.moon_distance_deg',
  EXPTIME: 'frames.exposure_sec',
  FILTER: 'frames.filter',
  binning: 'frames.binning_x',
  XBINNING: 'frames.binning_x',
  YBINNING: 'frames.binning_y',
  XORGSUBF: 'frames.origin_x',
  YORGSUBF: 'frames.origin_y',
  width: 'frames.width',
  height: 'frames.height',
  DATAMEAN: 'frames.data_mean',
  PROPID: 'frames.proposal',
  REQNUM: 'frames.request_number',
  OBSNUM: 'frames.obs_number',
  size: 'frames.size_bytes',
  fwhm: 'measures.fwhm_arcsec',
  fwhm_px: 'measures.fwhm_px',
  stars: 'measures.stars',
  background: 'measures.background',
  elongation: 'measures.elongation',
  elongation_angle: 'measures.elongation_angle_deg',
  hfr_px: 'measures.hfr_px',
  noise: 'measures.noise',
  saturated: 'measures.saturated_fraction',
  hot_pixels: 'measures.hot_pixels',
  background_gradient: 'measures.background_gradient',
  instrumental_mag: 'measures.instrumental_mag',
  transparency: 'measures.transparency',
  ...Object.fromEntries(
    Object.entries(RANK_COLUMNS).map(([name, column]) => [name, `measures.${column}`]),
  ),
  flag: 'said.flag',
  findings: 'said.finding',
  tags: 'said.tag',
};

const HEADER = 'header.';

/**
 * The column of an order for a name of SORT_COLUMNS, or for `header.<KEYWORD>`.
 *
 * @returns undefined if lists cannot be sorted by it
 */
export function sortColumn(name: string): string | undefined {
  if (Object.hasOwn(SORT_COLUMNS, name)) return SORT_COLUMNS[name];
  if (!name.startsWith(HEADER)) return undefined;
  const keyword = keywordKey(name.slice(HEADER.length));
  return keyword !== '' && isSearched(keyword) ? `${HEADER}${keyword}` : undefined;
}

/** The keyword whose values in headers the order is about, if it is. */
export function keywordOf({ column }: Pick<FrameOrder, 'column'>): string | undefined {
  return column.startsWith(HEADER) ? column.slice(HEADER.length) : undefined;
}

/** True if the order is by what tables beside `frames` say of a frame: its header, people, findings. */
export function isSaid(order: Pick<FrameOrder, 'column'>): boolean {
  return order.column.startsWith('said.') || keywordOf(order) !== undefined;
}

/** Sources of frames in order of a column: an index that is walked, in either direction. */
const WALKS: Readonly<Record<string, string>> = {
  'frames.id': 'frames indexed by frames_measures',
  'frames.basename': 'frames indexed by frames_basename_unique',
  'frames.date_obs_ms': 'frames indexed by frames_date',
  'frames.night': 'frames indexed by frames_night',
  'frames.object': 'frames indexed by frames_object',
  'frames.exposure_sec': 'frames indexed by frames_exposure',
  'frames.ra_deg': 'frames indexed by frames_ra_deg',
  'frames.dec_deg': 'frames indexed by frames_dec_deg',
  'frames.alt_deg': 'frames indexed by frames_alt_deg',
  'frames.airmass': 'frames indexed by frames_airmass',
  'frames.az_deg': 'frames indexed by frames_az_deg',
  'frames.sidereal_hours': 'frames indexed by frames_sidereal_hours',
  'frames.hour_angle_hours': 'frames indexed by frames_hour_angle_hours',
  'frames.sun_alt_deg': 'frames indexed by frames_sun_alt_deg',
  'frames.sun_distance_deg': 'frames indexed by frames_sun_distance_deg',
  'frames.moon_alt_deg': 'frames indexed by frames_moon_alt_deg',
  'frames.moon_fraction': 'frames indexed by frames_moon_fraction',
  'frames.moon_distance_deg': 'frames indexed by frames_moon_distance_deg',
  'frames.ccd_temp_c': 'frames indexed by frames_ccd_temp_c',
  'frames.data_mean': 'frames indexed by frames_data_mean',
  'frames.size_bytes': 'frames indexed by frames_size',
  'versions.key':
    'versions indexed by versions_key_unique cross join frames on frames.id = versions.frame_id and frames.version_id = versions.id',
};

/**
 * The source that has frames in this order already; undefined if they have to be sorted.
 *
 * @param isNull of the frames without a value: those without measures are in no index of measures
 */
export function walkOf({ column }: Pick<FrameOrder, 'column'>, isNull = false): string | undefined {
  if (!isOfMeasures(column)) return WALKS[column];
  const index = column.replace('.', '_');
  const frames = 'cross join frames on frames.id = measures.frame_id';
  return isNull ? undefined : `measures indexed by ${index} ${frames}`;
}

/** What has to be joined to `frames` for the column of an order; undefined if it is one of theirs. */
export function joinOf({ column }: Pick<FrameOrder, 'column'>): string | undefined {
  if (column === 'versions.key') return 'join versions on versions.id = frames.version_id';
  return isOfMeasures(column) ? 'left join measures on measures.frame_id = frames.id' : undefined;
}

function isOfMeasures(column: string): boolean {
  return column.startsWith('measures.');
}

/** True if all that is chosen by stands beside the column in its index. */
export function isCovered({ column }: FrameOrder): boolean {
  return column === 'frames.date_obs_ms' || column === 'frames.id';
}

/** Column of `facets` that the order is about, if it is. */
export function facetColumnOf({ column }: FrameOrder): string | undefined {
  const name = column.replace('frames.', '');
  return FACET_COLUMNS.find((each) => each === name);
}

/** What every search can be sorted in, where no index has the order: all columns that are not above. */
export const MEASURES = 'frames indexed by frames_measures';

/** True if many frames may have one value: the instants of exposures are hardly ever the same. */
export function mayTie({ column }: Pick<FrameOrder, 'column'>): boolean {
  return !/^(?:frames\.(?:id|basename|date_obs_ms)|versions\.key)$/.test(column);
}

/** Which way the values of a column are read, in a list that may be read from its end. */
export function directionOf(
  { descending }: Pick<SortKey, 'descending'>,
  isReversed: boolean,
): 'asc' | 'desc' {
  return descending === isReversed ? 'asc' : 'desc';
}

/** True if the column can be NULL: those frames stand last, whichever way the list is sorted. */
export function canBeNull({ column }: Pick<FrameOrder, 'column'>): boolean {
  return !/^(?:frames\.(?:id|basename|width|height)|versions\.key)$/.test(column);
}
