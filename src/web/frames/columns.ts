import { SORT_COLUMNS, sortColumn, type ListedMore } from '../../catalog/index.js';
import {
  filterSlot,
  formatBytes,
  formatDateTime,
  formatExposure,
  formatNumber,
  kindLabel,
  NONE,
} from '../render.js';
import { longText, numberColumn, share, textColumn, type Cell, type Column } from './column.js';
import { MEASURE_COLUMNS } from './measure-columns.js';

const HEADER = 'header.';

/** Columns that stay however narrow the window is. */
const KEPT: ReadonlySet<string> = new Set(['basename', 'DATE_OBS', 'OBJECT', 'FILTER', 'EXPTIME']);

/** Check box, thumbnail and the edges of the box. */
const BEFORE_PX = 34 + 44 + 2;

/** Every column but those of headers, in the order in which they are offered. */
export const COLUMNS: readonly Column[] = [
  {
    ...textColumn('basename', 'Name', (frame) => frame.basename),
    sort: 'basename',
    className: 'col-name',
    widthPx: 200,
  },
  {
    ...textColumn('DATE_OBS', 'Start, UTC', (frame) => formatDateTime(frame.dateObsMs)),
    sort: 'DATE_OBS',
    className: 'col-start',
    widthPx: 154,
  },
  {
    ...textColumn('OBJECT', 'Target', (frame) => frame.object),
    sort: 'OBJECT',
    className: 'col-target',
    widthPx: 120,
    cell: ({ object }) => longText(object),
  },
  {
    ...textColumn('FILTER', 'Filter', (frame) => frame.filter),
    sort: 'FILTER',
    className: 'col-filter',
    widthPx: 88,
    cell: ({ filter }) => ({ ...longText(filter), slot: filterSlot(filter) }),
  },
  {
    ...numberColumn('EXPTIME', 'Exp, s', (frame) => formatExposure(frame.exposureSec)),
    name: 'Exposure, s',
    sort: 'EXPTIME',
    className: 'col-exposure num',
    widthPx: 68,
  },
  textColumn('IMAGETYP', 'Type', (frame) => kindLabel(frame.imageKind), {
    sort: 'IMAGETYP',
    className: 'col-kind',
    widthPx: 84,
  }),
  {
    ...textColumn('INSTRUME', 'Camera', (frame) => frame.instrument),
    sort: 'INSTRUME',
    className: 'col-camera',
    widthPx: 88,
    cell: ({ instrument }) => longText(instrument),
  },
  numberColumn('AIRMASS', 'Airmass', ({ airmass }) => formatNumber(airmass, 2), {
    sort: 'AIRMASS',
  }),
  ...MEASURE_COLUMNS,
  numberColumn('TEL_ALT', 'Alt, °', ({ altDeg }) => formatNumber(altDeg, 1), {
    sort: 'TEL_ALT',
    name: 'Altitude, °',
  }),
  numberColumn('HA', 'HA, h', ({ hourAngleHours }) => formatNumber(hourAngleHours, 2), {
    sort: 'HA',
    name: 'Hour angle at the start, hours',
  }),
  numberColumn('LST', 'LST, h', ({ siderealHours }) => formatNumber(siderealHours, 2), {
    sort: 'LST',
    name: 'Local sidereal time at the start, hours',
  }),
  numberColumn('SUNALT', 'Sun, °', ({ sunAltDeg }) => formatNumber(sunAltDeg, 0), {
    sort: 'SUNALT',
    name: 'Altitude of the Sun, °',
  }),
  numberColumn('MOONDIST', 'Moon, °', ({ moonDistanceDeg }) => formatNumber(moonDistanceDeg, 0), {
    sort: 'MOONDIST',
    name: 'Distance of the Moon, °',
  }),
  numberColumn('MOONALT', 'Moon alt, °', ({ moonAltDeg }) => formatNumber(moonAltDeg, 0), {
    sort: 'MOONALT',
    name: 'Altitude of the Moon, °',
    widthPx: 100,
  }),
  numberColumn('MOONFRAC', 'Moon lit, %', ({ moonFraction }) => share(moonFraction), {
    sort: 'MOONFRAC',
    name: 'Lit part of the Moon, %',
    widthPx: 100,
  }),
  numberColumn('CCD-TEMP', 'Sensor, °C', ({ ccdTempC }) => formatNumber(ccdTempC, 1), {
    sort: 'CCD-TEMP',
    name: 'Temperature of the sensor, °C',
    widthPx: 92,
  }),
  numberColumn('TEL_FOCU', 'Focus', ({ focus }) => formatNumber(focus, 2), { sort: 'TEL_FOCU' }),
  {
    ...textColumn('flag', 'Flag', () => null),
    sort: 'flag',
    widthPx: 94,
    cell: (_frame, more) => flagCell(more),
  },
  {
    ...textColumn('findings', 'Findings', () => null),
    sort: 'findings',
    widthPx: 150,
    cell: (_frame, more) => findingsCell(more),
  },
  textColumn('tags', 'Tags', (_frame, more) => more?.tags.join(', ') ?? null, {
    sort: 'tags',
    widthPx: 120,
  }),
  numberColumn('size', 'Size', ({ version }) => formatBytes(version.sizeBytes), {
    sort: 'size',
    className: 'col-size num',
  }),
  textColumn('night', 'Night', ({ night }) => night, { sort: 'night' }),
  textColumn('TELID', 'Telescope', ({ telescope }) => telescope, { sort: 'TELID' }),
  textColumn('SITEID', 'Site', ({ siteId }) => siteId, { sort: 'SITEID' }),
  textColumn('binning', 'Binning', ({ binningX, binningY }) => `${binningX}×${binningY}`, {
    sort: 'binning',
  }),
  numberColumn('RLEVEL', 'Level', ({ reductionLevel }) => String(reductionLevel), {
    sort: 'RLEVEL',
    name: 'Reduction level',
  }),
  textColumn('PROPID', 'Proposal', ({ proposal }) => proposal, { sort: 'PROPID', widthPx: 110 }),
  textColumn('OBSNUM', 'Observation', ({ obsNumber }) => obsNumber, { sort: 'OBSNUM' }),
  textColumn('REQNUM', 'Request', ({ requestNumber }) => requestNumber, { sort: 'REQNUM' }),
  numberColumn('id', 'Id', ({ id }) => String(id), { sort: 'id' }),
];

/** What a table shows of whom nobody has chosen otherwise. */
export const USUAL_COLUMNS: readonly string[] =
  'basename DATE_OBS OBJECT FILTER EXPTIME INSTRUME AIRMASS fwhm background flag IMAGETYP size'.split(
    ' ',
  );

/** Most columns of a table. */
export const MAX_COLUMNS = 30;

/** Characters of a keyword, blanks among them, as HIERARCH has them. */
const KEYWORD = /^[A-Z0-9_-]+(?: [A-Z0-9_-]+)*$/;

/**
 * Reads a choice of columns, `basename,fwhm,header.GAIN`: known ones, each once, in the order given.
 * What is not known is left out: an old bookmark is worth more than a complaint.
 */
export function parseColumns(text: string): string[] {
  const keys = text.split(',').map((each) => normalKey(each.trim()));
  const known = keys.filter((key) => findColumn(key) !== undefined);
  return [...new Set(known)].slice(0, MAX_COLUMNS);
}

/** `header.gain` is GAIN of the header; everything else is as it stands. */
export function normalKey(text: string): string {
  if (!text.startsWith(HEADER)) return text;
  return HEADER + text.slice(HEADER.length).trim().replace(/\s+/g, ' ').toUpperCase();
}

/** The column of a key; undefined if there is none. */
export function findColumn(key: string): Column | undefined {
  if (!key.startsWith(HEADER)) return COLUMNS.find((column) => column.key === key);
  const keyword = key.slice(HEADER.length);
  if (keyword.length > 68 || !KEYWORD.test(keyword)) return undefined;
  // A keyword that a list is sorted by already is sorted by as a column too.
  const own = Object.hasOwn(SORT_COLUMNS, keyword) ? keyword : key;
  const sort = sortColumn(own) === undefined ? {} : { sort: own };
  return {
    key,
    label: keyword,
    name: keyword,
    ...sort,
    isNumber: false,
    className: 'col-header',
    widthPx: Math.max(72, 9 * keyword.length + 16),
    cell: (_frame, more) => longText(more?.headers.get(keyword) ?? null),
  };
}

/** The keywords of headers that some columns show. */
export function keywordsOf(columns: readonly string[]): string[] {
  return columns.filter((key) => key.startsWith(HEADER)).map((key) => key.slice(HEADER.length));
}

/**
 * For columns in order, the least width of the table in which each has room, pixels; 0 for those that
 * always stay. The last that were chosen are the first to go.
 */
export function roomOf(columns: readonly Column[]): number[] {
  let taken = widthOf(columns.filter(({ key }) => KEPT.has(key)));
  return columns.map(({ key, widthPx }) => {
    if (KEPT.has(key)) return 0;
    taken += widthPx;
    return toStep(taken);
  });
}

/**
 * The least width of the table in which it need not be moved sideways, pixels: of the columns that
 * always stay, or of all if none may be left out.
 */
export function leastRoom(columns: readonly Column[], isChosen: boolean): number {
  return toStep(widthOf(isChosen ? columns : columns.filter(({ key }) => KEPT.has(key))));
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { widthPx }) => sum + widthPx, BEFORE_PX);
}

function toStep(widthPx: number): number {
  return Math.min(MOST_ROOM_PX, Math.ceil(widthPx / ROOM_STEP_PX) * ROOM_STEP_PX);
}

/** Widths of tables differ by so much; the style sheet has a rule for each, up to MOST_ROOM_PX. */
export const ROOM_STEP_PX = 80;
export const MOST_ROOM_PX = 2400;

/** What people judged. */
export function flagCell(more: ListedMore | undefined): Cell {
  const flag = more?.flag ?? null;
  if (flag === null) return { text: NONE };
  const icon = flag === 'good' ? 'tick' : flag === 'bad' ? 'bad' : 'warn';
  return { text: flag, icon, isOdd: flag !== 'good' };
}

/** Words of findings, of those that trouble someone first. */
export function findingsCell(more: ListedMore | undefined): Cell {
  const grave = more?.findings.filter(({ level }) => level !== 'note') ?? [];
  const told = grave.length > 0 ? grave : (more?.findings ?? []);
  if (told.length === 0) return { text: NONE };
  const words = [...new Set(told.map(({ code }) => code.replaceAll('-', ' ')))];
  return {
    text: words.join(', '),
    title: told.map(({ text }) => text).join(' '),
    ...(grave.length === 0 ? {} : { isOdd: true, icon: 'warn' as const }),
  };
}
