import type { Catalog, FrameReader, Viewer } from '../catalog/index.js';
import {
  eachBatch,
  RANK_COLUMNS,
  textOf,
  valueOf,
  type FrameObject,
  type TableQuery,
} from './list-batches.js';

/** A column: as of `valueOf`, type, UCD (IVOA UCD1+ 1.5), and unit (VOUnits 1.1). */
interface VoField {
  readonly name: string;
  readonly type: 'char' | 'long' | 'int' | 'double' | 'time';
  readonly ucd: string;
  readonly unit?: string;
  /** The frame of reference that it is in. */
  readonly ref?: 'icrs';
}

const field = (
  name: string,
  type: VoField['type'],
  ucd: string,
  more: Pick<VoField, 'unit' | 'ref'> = {},
): VoField => ({ name, type, ucd, ...more });

const degrees = (name: string, ucd: string): VoField => field(name, 'double', ucd, { unit: 'deg' });

/** The columns of the table, in order. */
export const VOTABLE_FIELDS: readonly VoField[] = [
  field('id', 'long', 'meta.id;meta.main'),
  field('basename', 'char', 'meta.id;meta.dataset'),
  field('DATE_OBS', 'time', 'time.start;obs.exposure'),
  field('night', 'char', 'time.epoch;obs'),
  field('SITEID', 'char', 'meta.id;instr.obsty'),
  field('TELID', 'char', 'meta.id;instr.tel'),
  field('INSTRUME', 'char', 'meta.id;instr'),
  field('OBSTYPE', 'char', 'meta.code.class;obs'),
  field('type', 'char', 'meta.code.class'),
  field('OBJECT', 'char', 'meta.id;src'),
  field('FILTER', 'char', 'meta.id;instr.filter'),
  field('EXPTIME', 'double', 'time.duration;obs.exposure', { unit: 's' }),
  field('binning', 'char', 'instr.param'),
  field('width', 'int', 'meta.number;instr.pixel', { unit: 'pix' }),
  field('height', 'int', 'meta.number;instr.pixel', { unit: 'pix' }),
  field('RLEVEL', 'int', 'meta.calibLevel'),
  field('PROPID', 'char', 'meta.id;obs.proposal'),
  field('OBSNUM', 'char', 'meta.id;obs'),
  field('public_date', 'time', 'time.release'),
  field('TEL_RA', 'double', 'pos.eq.ra;meta.main', { unit: 'deg', ref: 'icrs' }),
  field('TEL_DEC', 'double', 'pos.eq.dec;meta.main', { unit: 'deg', ref: 'icrs' }),
  degrees('TEL_ALT', 'pos.az.alt'),
  degrees('TEL_AZ', 'pos.az.azi'),
  field('AIRMASS', 'double', 'obs.airMass'),
  field('LST', 'double', 'time;obs.exposure', { unit: 'h' }),
  field('HA', 'double', 'pos.eq.ha', { unit: 'h' }),
  field('TEL_FOCU', 'double', 'instr.param'),
  degrees('SUNALT', 'pos.az.alt'),
  degrees('MOONALT', 'pos.az.alt'),
  field('MOONFRAC', 'double', 'phys.area;arith.ratio'),
  degrees('MOONDIST', 'pos.angDistance'),
  field('quality.fwhm', 'double', 'instr.obsty.seeing', { unit: 'arcsec' }),
  field('quality.fwhm_px', 'double', 'instr.det.psf', { unit: 'pix' }),
  field('quality.hfr_px', 'double', 'instr.det.psf', { unit: 'pix' }),
  field('quality.stars', 'int', 'meta.number;src'),
  field('quality.elongation', 'double', 'phys.angSize;arith.ratio'),
  field('quality.elongation_angle', 'double', 'pos.posAng', { unit: 'deg' }),
  field('quality.background', 'double', 'instr.background'),
  field('quality.background_gradient', 'double', 'instr.background;arith.ratio'),
  field('quality.noise', 'double', 'stat.stdev;instr.background'),
  field('quality.saturated', 'double', 'instr.saturation;arith.ratio'),
  field('quality.hot_pixels', 'int', 'meta.number;instr.pixel'),
  field('quality.instrumental_mag', 'double', 'phot.mag', { unit: 'mag' }),
  field('quality.transparency', 'double', 'obs.atmos;arith.ratio'),
  ...RANK_COLUMNS.map((name) => field(name, 'int', 'stat.value;arith.ratio', { unit: '%' })),
  field('findings', 'char', 'meta.code.error'),
  field('flag', 'char', 'meta.code.qual'),
  field('tags', 'char', 'meta.note'),
  field('size', 'long', 'phys.size;meta.file', { unit: 'byte' }),
  field('sha256', 'char', 'meta.checksum'),
  field('md5', 'char', 'meta.checksum'),
  field('url', 'char', 'meta.ref.url'),
];

/** Content type of a table. IVOA VOTable 1.4 §8. */
export const VOTABLE_TYPE = 'application/x-votable+xml';

const TYPES = {
  char: 'datatype="char" arraysize="*"',
  time: 'datatype="char" arraysize="*" xtype="timestamp" ref="utc"',
  int: 'datatype="int"',
  long: 'datatype="long"',
  double: 'datatype="double"',
} as const satisfies Record<VoField['type'], string>;

// Version 1.4 kept the name space of 1.3: IVOA VOTable 1.4 §3.1.
const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/>
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="utc" timescale="UTC" refposition="TOPOCENTER"/>
<TABLE name="frames">
${VOTABLE_FIELDS.map(toFieldElement).join('\n')}
<DATA><TABLEDATA>
`;
const TAIL = '</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n';

/** Frames as a VOTable, piece by piece: what TOPCAT, Aladin and astropy read with units and meaning. */
export async function* eachVotablePiece(
  catalog: Catalog,
  read: FrameReader<Buffer>,
  query: TableQuery,
  viewer: Viewer,
): AsyncGenerator<string> {
  yield HEAD;
  for await (const frames of eachBatch(catalog, read, query, viewer)) {
    yield frames.map(toRow).join('');
  }
  yield TAIL;
}

function toFieldElement({ name, type, ucd, unit, ref }: VoField): string {
  // A dot is no part of a name that queries could use.
  const plain = name.replaceAll('.', '_');
  const rest = [
    unit === undefined ? '' : ` unit="${unit}"`,
    ref === undefined ? '' : ` ref="${ref}"`,
  ];
  return `<FIELD name="${plain}" ${TYPES[type]} ucd="${ucd}"${rest.join('')}/>`;
}

/** One frame as a row; what is not known is an empty cell. */
export function toRow(frame: FrameObject): string {
  const cells = VOTABLE_FIELDS.map(({ name, type }) => {
    const text = textOf(valueOf(frame, name));
    // Times of this column are UTC, which the column says itself. IVOA DALI 1.1 §3.3.3.
    return `<TD>${escapeXml(type === 'time' ? text.replace(/(?:Z|\+00:00)$/, '') : text)}</TD>`;
  });
  return `<TR>${cells.join('')}</TR>\n`;
}

/** Text between tags. Characters that XML 1.0 cannot have are left out: §2.2. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
