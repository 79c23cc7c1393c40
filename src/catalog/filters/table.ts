import { splitFitsName } from '../../lib/paths.js';
import { parseAngularSize, parseDec, parseRa } from '../../sky/index.js';
import { onColumn, onFrames, onObjects } from '../conditions.js';
import { requestKey } from '../schema.js';
import { ALMANAC_FILTERS } from './almanac.js';
import { headerCondition, HEADER_PREFIX } from './headers.js';
import { QUALITY_FILTERS } from './quality.js';
import {
  binningCondition,
  choiceOf,
  exactRow,
  instantRow,
  levelCondition,
  matchTypes,
  nightRow,
  numberCondition,
  typeCondition,
} from './rows.js';
import { coneCondition, footprintCondition } from './sky.js';
import type { FrameFilter } from './types.js';
import { badValue, lastOf, listedTexts, requireFlag, requireInstant } from './values.js';
import {
  nameCondition,
  objectCondition,
  targetCondition,
  withoutAccents,
  wordsCondition,
} from './words.js';

const TEXT = { type: 'string' } as const;
const NUMBER = { type: 'number' } as const;
const FLAG = { type: 'boolean' } as const;

/** Kinds of frames that are data and no calibration. OCS archive: SCIENCE_CONFIGURATION_TYPES. */
const SCIENCE_TYPES = ['EXPOSE', 'TARGET', 'SPECTRUM', 'CATALOG', 'OBJECT'];

/** Every filter of a list. API, pages, zip and documentation read this table. */
export const FRAME_FILTERS: readonly FrameFilter[] = [
  {
    name: 'IMAGETYPE',
    aliases: ['OBSTYPE', 'configuration_type', 'include_configuration_type'],
    label: 'Type',
    help: 'image type, as in the header or as its kind (object, bias, dark, flat, …), in any case',
    kind: 'choice',
    schema: TEXT,
    isList: true,
    operators: ['ne'],
    examples: [
      ['IMAGETYPE', 'object'],
      ['IMAGETYPE', 'bias,dark'],
      ['IMAGETYPE!', 'bias'],
    ],
    condition: typeCondition,
  },
  {
    name: 'exclude_configuration_type',
    aliases: ['exclude_OBSTYPE'],
    label: 'Without type',
    help: 'leaves out an image type; the same as `IMAGETYPE!`',
    kind: 'choice',
    schema: TEXT,
    isList: true,
    operators: [],
    examples: [['exclude_configuration_type', 'BIAS']],
    condition: (asked) => matchTypes(listedTexts(asked), true),
  },
  {
    name: 'exclude_calibrations',
    aliases: [],
    label: 'Without calibrations',
    help: `\`true\`: only frames of the sky (${SCIENCE_TYPES.join(', ')})`,
    kind: 'flag',
    schema: FLAG,
    isList: false,
    operators: [],
    examples: [['exclude_calibrations', 'true']],
    condition: (asked) =>
      requireFlag(asked.name, lastOf(asked)) ? matchTypes(SCIENCE_TYPES, false) : undefined,
  },
  choiceOf(
    'site_id',
    { name: 'SITE', aliases: ['SITEID', 'site_id'], label: 'Site', help: 'SITEID' },
    'hill',
  ),
  choiceOf(
    'telescope',
    { name: 'TELESCOPE', aliases: ['TELID', 'telescope_id'], label: 'Telescope', help: 'TELID' },
    '0m5',
  ),
  choiceOf(
    'instrument',
    {
      name: 'INSTRUMENT',
      aliases: ['INSTRUME', 'instrument_id'],
      label: 'Instrument',
      help: 'INSTRUME',
    },
    'cam1',
  ),
  choiceOf(
    'filter',
    {
      name: 'FILTER',
      aliases: ['primary_optical_element'],
      label: 'Filter',
      help: 'FILTER; `None` for frames without one',
    },
    'V',
  ),
  {
    name: 'binning',
    aliases: [],
    label: 'Binning',
    help: 'such as 1x1',
    kind: 'choice',
    schema: { type: 'string', pattern: '^\\d{1,4}x\\d{1,4}(,\\d{1,4}x\\d{1,4})*$' },
    isList: true,
    operators: ['ne'],
    examples: [
      ['binning', '2x2'],
      ['binning', '1x1,2x2'],
      ['binning!', '1x1'],
    ],
    condition: binningCondition,
  },
  {
    name: 'RLEVEL',
    aliases: ['reduction_level'],
    label: 'Reduction level',
    help: 'RLEVEL, a whole number',
    kind: 'choice',
    schema: { type: 'string', pattern: '^[+-]?\\d{1,9}(,[+-]?\\d{1,9})*$' },
    isList: true,
    operators: ['ne'],
    examples: [
      ['RLEVEL', '0'],
      ['RLEVEL', '0,1'],
      ['RLEVEL!', '1'],
    ],
    condition: levelCondition,
  },
  choiceOf(
    'proposal',
    {
      name: 'PROPID',
      aliases: ['proposal_id'],
      label: 'Proposal',
      help: 'PROPID; `None` for frames without one',
    },
    'P-2026A',
  ),
  nightRow(
    {
      name: 'night',
      aliases: ['DAY_OBS', 'dayobs'],
      label: 'Night',
      help: 'date of the evening, YYYY-MM-DD',
    },
    '=',
  ),
  nightRow(
    { name: 'night_start', aliases: [], label: 'From night', help: 'this night and later ones' },
    '>=',
  ),
  nightRow(
    { name: 'night_end', aliases: [], label: 'Until night', help: 'this night and earlier ones' },
    '<=',
  ),
  instantRow(
    {
      name: 'start',
      aliases: [],
      label: 'From',
      help: 'start of the exposure, UTC, inclusive: a date (its midnight), or date and time',
    },
    (fromMs) => ({ fromMs }),
  ),
  instantRow(
    {
      name: 'end',
      aliases: [],
      label: 'Until',
      help: 'start of the exposure, UTC, inclusive: a date (its midnight), or date and time',
    },
    (toMs) => ({ toMs }),
  ),
  instantRow(
    {
      name: 'DATE_OBS',
      aliases: [],
      label: 'Exactly at',
      help: 'start of the exposure, UTC, to the millisecond',
    },
    (ms) => ({ fromMs: ms, toMs: ms }),
  ),
  {
    name: 'q',
    aliases: [],
    label: 'Search',
    help: 'words, each of them part of the name or the object, or a night (`2026-03-01`, `2026-03`); all must match',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['q', 'm31'],
      ['q', 'm31 2026-03'],
    ],
    condition: wordsCondition,
  },
  {
    name: 'basename',
    aliases: [],
    label: 'Name',
    help: 'part of the name, case-blind; a whole file name finds its frame too',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: ['ne'],
    examples: [
      ['basename', 'm31'],
      ['basename!', 'test'],
    ],
    condition: nameCondition,
  },
  exactRow(
    'frames.basename',
    {
      name: 'basename_exact',
      aliases: [],
      label: 'Name exactly',
      help: 'the whole name; a file name with its extension is the same',
    },
    'm31-0001',
    (text) => [text, splitFitsName(text).basename],
  ),
  {
    name: 'OBJECT',
    aliases: [],
    label: 'Object',
    help: 'part of the OBJECT, case-blind',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: ['ne'],
    examples: [
      ['OBJECT', 'm 31'],
      ['OBJECT!', 'test'],
    ],
    condition: objectCondition,
  },
  {
    name: 'target',
    aliases: [],
    label: 'Target, any name',
    help: 'an object under any of its names and spellings: `M31` also finds `NGC 224` and `Andromeda Galaxy`',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['target', 'M 31'],
      ['target', 'andromeda'],
    ],
    condition: targetCondition,
  },
  {
    name: 'target_name',
    aliases: [],
    label: 'Target',
    help: 'part of the OBJECT, case-blind; accents of what is searched are left out',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [['target_name', 'café']],
    condition: (asked) => objectCondition({ ...asked, values: [withoutAccents(lastOf(asked))] }),
  },
  {
    name: 'target_name_exact',
    aliases: [],
    label: 'Target exactly',
    help: 'the whole OBJECT, as it stands or without the accents of what is searched',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [['target_name_exact', 'M 31']],
    condition(asked) {
      const names = [lastOf(asked), withoutAccents(lastOf(asked))];
      return onObjects((query, table) => {
        void query.whereIn(`${table}.object`, names);
      });
    },
  },
  {
    name: 'empty_target_name',
    aliases: [],
    label: 'Without target',
    help: 'with any value: frames without an OBJECT',
    kind: 'flag',
    schema: FLAG,
    isList: false,
    operators: [],
    examples: [['empty_target_name', 'true']],
    condition: () => onColumn('object', 'is null'),
  },
  {
    name: 'EXPTIME',
    aliases: ['exposure_time'],
    label: 'Exposure at least',
    help: 'exposure time in seconds, this or longer',
    kind: 'number',
    schema: NUMBER,
    isList: false,
    operators: ['ne', 'lt', 'lte', 'gt', 'gte'],
    examples: [
      ['EXPTIME', '30'],
      ['EXPTIME!', '60'],
      ['EXPTIME__lt', '1.5'],
      ['exposure_time__gte', '60'],
    ],
    condition: numberCondition('exposure_sec', 'gte'),
  },
  exactRow(
    'frames.request_key',
    {
      name: 'REQNUM',
      aliases: ['request_id'],
      label: 'Request',
      help: 'REQNUM, leading zeros ignored',
    },
    '007',
    (text) => [requestKey(text) ?? ''],
  ),
  exactRow(
    'frames.obs_number',
    {
      name: 'OBSNUM',
      aliases: ['BLKUID', 'observation_id'],
      label: 'Observation',
      help: 'OBSNUM or BLKUID, exact',
    },
    '12',
    (text) => [text],
  ),
  {
    name: 'RA',
    aliases: [],
    label: 'RA',
    help: 'right ascension of the middle of a cone: degrees, or hh:mm:ss; together with `DEC`',
    kind: 'angle',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['RA', '10.68'],
      ['RA', '00:42:44.3'],
    ],
    condition: (asked) => {
      if (parseRa(lastOf(asked), { numbersAre: 'degrees' }) === undefined)
        throw badValue('RA', lastOf(asked), 'degrees from 0 to 360, or hh:mm:ss');
      return coneCondition(asked);
    },
  },
  {
    name: 'DEC',
    aliases: [],
    label: 'Dec',
    help: 'declination of the middle of a cone: degrees, or ±dd:mm:ss; together with `RA`',
    kind: 'angle',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['DEC', '41.27'],
      ['DEC', '+41:16:09'],
    ],
    condition: (asked) => {
      if (parseDec(lastOf(asked)) === undefined)
        throw badValue('DEC', lastOf(asked), 'degrees from −90 to 90, or ±dd:mm:ss');
      return undefined; // `RA` makes the cone of both
    },
  },
  {
    name: 'radius',
    aliases: [],
    label: 'Radius',
    help: 'radius of the cone around `RA` and `DEC`: degrees, or with a unit as `10\'`, `30"`, `0.5d`; without it 10 arcminutes',
    kind: 'angle',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['radius', '0.5'],
      ['radius', "10'"],
    ],
    condition: (asked) => {
      const radiusDeg = parseAngularSize(lastOf(asked));
      if (radiusDeg === undefined || radiusDeg > 180)
        throw badValue(
          'radius',
          lastOf(asked),
          'degrees from 0 to 180, or with a unit as 10\' or 30"',
        );
      return undefined;
    },
  },
  {
    name: 'covers',
    aliases: [],
    label: 'Shows all of',
    help: 'frames that show all of a point or region: `ra,dec`, `POINT(ra dec)`, `POLYGON((ra dec, …))`, `LINESTRING(…)` or `CIRCLE(ra dec radius)` in degrees',
    kind: 'region',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['covers', '10.68,41.27'],
      ['covers', 'POINT(10.68 41.27)'],
    ],
    condition: footprintCondition('covers'),
  },
  {
    name: 'intersects',
    aliases: [],
    label: 'Shows some of',
    help: 'frames that show some of a region, written as for `covers`',
    kind: 'region',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [
      ['intersects', 'CIRCLE(10.68 41.27 0.5)'],
      ['intersects', 'POLYGON((10 41, 11 41, 11 42, 10 42, 10 41))'],
    ],
    condition: footprintCondition('intersects'),
  },
  {
    name: 'public',
    aliases: [],
    label: 'Public',
    help: '`false`: only frames that are not public yet; `true` changes nothing',
    kind: 'flag',
    schema: FLAG,
    isList: false,
    operators: [],
    examples: [['public', 'false']],
    condition(asked) {
      if (requireFlag(asked.name, lastOf(asked))) return undefined;
      return onFrames((query) => {
        const now = Date.now();
        void query.where((either) => {
          void either.whereNull('frames.public_date_ms').orWhere('frames.public_date_ms', '>', now);
        });
      });
    },
  },
  {
    name: 'L1PUBDAT',
    aliases: [],
    label: 'Public since',
    help: 'the instant from which the frame is public, UTC',
    kind: 'instant',
    schema: { type: 'string', format: 'date-time' },
    isList: false,
    operators: [],
    examples: [['L1PUBDAT', '2027-03-01T00:00:00Z']],
    condition(asked) {
      return onColumn('public_date_ms', '= ?', [requireInstant(asked.name, lastOf(asked))]);
    },
  },
  {
    name: 'submitter',
    aliases: [],
    label: 'Submitter',
    help: 'header USERID; accents of what is searched are left out',
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: [],
    examples: [['submitter', 'ana']],
    condition: (asked) =>
      headerCondition({ ...asked, keyword: 'USERID', values: [withoutAccents(lastOf(asked))] }),
  },
  {
    name: 'id',
    aliases: [],
    label: 'Id',
    help: 'number of the frame, or several of them',
    kind: 'number',
    schema: { type: 'string', pattern: '^\\d{1,15}(,\\d{1,15})*$' },
    isList: true,
    operators: ['ne', 'lt', 'lte', 'gt', 'gte'],
    examples: [
      ['id__gt', '100'],
      ['id', '1,2'],
    ],
    condition: numberCondition('id', 'is'),
  },
  ...ALMANAC_FILTERS,
  ...QUALITY_FILTERS,
  {
    name: `${HEADER_PREFIX}KEYWORD`,
    aliases: [],
    label: 'Header',
    help: 'any keyword of the main image or the primary header in place of KEYWORD: a number is compared as a number, anything else as text, of which the first 68 characters are kept (a longer value is refused). `__contains` and `__startswith` look at texts only, never at numbers. A compressed image is searched as the image inside; BITPIX and NAXISn are those of the main image. Not searched, and refused: columns of tables and the packing of images (TTYPEn, TFORMn, ZTILEn, …), CHECKSUM, DATASUM, COMMENT and HISTORY',
    kind: 'header',
    schema: TEXT,
    isList: true,
    operators: ['ne', 'lt', 'lte', 'gt', 'gte', 'contains', 'startswith', 'exists'],
    examples: [
      ['header.GAIN', '1.5'],
      ['header.CCD-TEMP__lt', '-15'],
      ['header.OBSERVER', 'ana,bob'],
      ['header.READMODE!', 'fast'],
      ['header.OBSERVER__contains', 'an'],
      ['header.DATE__startswith', '2026-03'],
      ['header.ESO DET ID__exists', 'true'],
    ],
    condition: headerCondition,
  },
];
