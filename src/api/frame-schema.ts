import { IMAGE_KINDS } from '../catalog/index.js';
import { refTo, type Schema } from '../openapi/index.js';
import {
  address,
  day,
  flag,
  instant,
  integer,
  listOf,
  number,
  object,
  oneOf,
  orNull,
  text,
} from './openapi/words.js';

const CORRECTIONS = listOf(
  refTo('Correction'),
  'values that people set right; absent if there are none',
);

/** [RA, Dec], ICRS degrees. */
const position: Schema = { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 };

/** What `frameShape` tells of a frame, key by key and in its order. */
const FRAME = {
  id: integer('number of the frame'),
  basename: text('name of the file without its extension; unique'),
  SITEID: text('site'),
  TELID: text('telescope'),
  INSTRUME: text('camera'),
  RLEVEL: integer('reduction level; 0 is raw'),
  DATE_OBS: orNull(instant('start of the exposure, UTC')),
  FILTER: orNull(text('filter; null for biases and darks')),
  OBJECT: orNull(text('object; null for biases and darks')),
  EXPTIME: orNull(number('exposure, seconds')),
  REQNUM: orNull(text('number of the request')),
  OBSNUM: orNull(text('number of the observation')),
  OBSTYPE: text('type as in the header, or its kind'),
  binning: text('such as 1x1'),
  related_frames: listOf(integer(), 'ids of the frames that this one names and that are here'),
  url: address('download without credentials until it expires'),

  observation_date: orNull(instant('the same as DATE_OBS')),
  observation_day: orNull(day('the same as night')),
  DAY_OBS: orNull(day('the same as night')),
  proposal_id: text('proposal; empty if there is none'),
  PROPID: text('the same as proposal_id'),
  instrument_id: text('the same as INSTRUME'),
  target_name: text('OBJECT of any type; empty if there is none'),
  reduction_level: integer('the same as RLEVEL'),
  site_id: text('the same as SITEID'),
  telescope_id: text('the same as TELID'),
  exposure_time: orNull(number('the same as EXPTIME')),
  primary_optical_element: text('FILTER of any type; empty if there is none'),
  public_date: orNull(instant('from when on the frame is public; null is never')),
  L1PUBDAT: orNull(instant('the same as public_date')),
  configuration_type: text('the same as OBSTYPE'),
  observation_id: orNull(integer('OBSNUM, if it is a number')),
  BLKUID: orNull(integer('the same as observation_id')),
  request_id: orNull(integer('REQNUM, if it is a number')),
  filename: text('name of the file that is downloaded'),
  version_set: listOf(
    object({
      id: integer(),
      key: text('SHA-256 of the stored bytes'),
      md5: text(),
      extension: text(),
      url: address(),
      created: instant(),
    }),
    'the current version, and behind it the others, newest first, for accounts that see everything',
  ),

  night: orNull(day('date of the evening')),
  type: oneOf(IMAGE_KINDS, 'what the frame is, whatever word its header has for it'),
  width: integer('pixels; 0 without an image'),
  height: integer('pixels; 0 without an image'),
  TEL_RA: orNull(number('degrees')),
  TEL_DEC: orNull(number('degrees')),
  TEL_ALT: orNull(number('degrees')),
  TEL_AZ: orNull(number('degrees')),
  TEL_FOCU: orNull(number('in the unit of the focuser')),
  SUNALT: orNull(number('degrees')),
  SUNDIST: orNull(number('degrees')),
  MOONALT: orNull(number('degrees')),
  MOONFRAC: orNull(number('lit part of the Moon, 0 to 1')),
  MOONDIST: orNull(number('degrees')),
  XORGSUBF: orNull(number('first column of the window')),
  YORGSUBF: orNull(number('first row of the window')),
  DATAMEAN: orNull(number('mean of the pixels')),
  AIRMASS: orNull(number('1 overhead; computed ones are sec z of the altitude without refraction')),
  LST: orNull(number('local sidereal time at the start of the exposure, hours')),
  HA: orNull(number('hour angle at the start of the exposure, hours; negative in the east')),
  area: orNull({
    ...object({
      type: { type: 'string', const: 'Polygon' },
      coordinates: listOf(listOf(position)),
    }),
    description: 'where the frame lies on the sky, as GeoJSON: [RA, Dec] in degrees, closed',
  }),
  footprint: orNull(refTo('Footprint')),
  size: integer('bytes of the stored file'),
  sha256: text('of the stored file'),
  md5: text('of the stored file'),
  original: orNull({
    ...object({ size: integer(), sha256: text(), md5: text() }),
    description: 'what was uploaded, of a file that was packed; else null',
  }),
  version: integer('from 1; grows when the same exposure comes with other bytes'),
  profile: text('how its headers were read'),
  computed: listOf(
    text(),
    'keywords of what the header does not say and was worked out from place, time and position',
  ),
  warnings: listOf(text(), 'what could not be read or had to be guessed'),
  created: instant('when it came'),
  quality: orNull(refTo('Quality')),
  findings: listOf(refTo('FrameFinding'), 'what a person should know about it'),
  flag: orNull(oneOf(['good', 'doubtful', 'bad'], 'what a person took it for; null: not judged')),
  tags: listOf(text(), 'words that people gave it'),
};

const percent = orNull(integer('percent of the usual values that are smaller'));

const QUALITY = {
  kind: oneOf(['sky', 'bias', 'dark', 'flat'], 'how it was measured'),
  stars: orNull(integer('stars that are whole')),
  fwhm: orNull(number('median width of the stars at half maximum, arcseconds')),
  fwhm_px: orNull(number('the same, pixels')),
  hfr_px: orNull(number('median radius that holds half of the flux, pixels')),
  elongation: orNull(number('long axis of the stars over the short one, 1 for circles')),
  elongation_angle: orNull(number('direction of the long axis, degrees from +x towards +y')),
  background: orNull(number('level between the stars, or of a calibration frame')),
  background_gradient: orNull(number('largest difference across the frame, part of the level')),
  noise: orNull(number('standard deviation of the background')),
  saturated: orNull(number('part of the pixels that are full')),
  hot_pixels: orNull(integer('of biases and darks')),
  instrumental_mag: orNull(number('brightness of its stars in one second, magnitudes')),
  transparency: orNull(number('light that came through, 1 for as clear as this field gets')),
  rank: object({
    fwhm: percent,
    hfr: percent,
    elongation: percent,
    stars: percent,
    background: percent,
    background_gradient: percent,
    noise: percent,
    saturated: percent,
    hot_pixels: percent,
    transparency: percent,
  }),
  method: integer('version of the way of measuring: numbers of different ones differ'),
  measured: instant('when'),
};

const hdu = {
  hdu: integer('from 0, which is the primary'),
  name: text('EXTNAME, or empty'),
  kind: text('image, compressed-image, bintable, …'),
  bitpix: integer(),
  axes: listOf(integer(), 'NAXIS1 first'),
  checksum: orNull({
    ...oneOf(['ok', 'absent', 'wrong'], 'whether CHECKSUM and DATASUM hold; null: not looked at'),
  }),
};

/** Schemas of frames and their headers, by name. */
export const FRAME_SCHEMAS: Readonly<Record<string, Schema>> = {
  Frame: object(FRAME, ['related_frames']),
  FrameWithHdus: object({ ...FRAME, hdus: listOf(object(hdu), 'what is in the file') }, [
    'related_frames',
  ]),
  Quality: {
    ...object(QUALITY),
    description:
      'what was measured of its pixels; null: nothing yet, or there is nothing to measure',
  },
  FrameFinding: object({
    code: text('stable word, as for the filter `finding`'),
    level: oneOf(['note', 'warning', 'error']),
    text: text('one sentence'),
  }),
  Footprint: object({
    center: orNull(position),
    corners: listOf(
      orNull(position),
      'outer corners: of the first pixel, then counted by growing x',
    ),
    pixel_scale: number('arcseconds'),
    rotation: number('position angle of growing y, degrees from north through east'),
    mirrored: flag(),
    circle: {
      type: 'array',
      items: { type: 'number' },
      minItems: 3,
      maxItems: 3,
      description: 'RA, Dec and radius of a circle around all of it, degrees',
    },
    provisional: flag('made from pointing and scale, for want of a WCS'),
  }),
  Headers: object(
    {
      results: listOf(object({ key: text(), value: {} }), 'every card with a value, by keyword'),
      data: { type: 'object', description: 'the same by keyword; the first of a repeated one' },
      corrections: CORRECTIONS,
    },
    ['corrections'],
  ),
  Hdus: object({ hdus: listOf(refTo('HduWithCards')), corrections: CORRECTIONS }, ['corrections']),
  HeadersOfHdu: object(
    {
      hdus: listOf(refTo('HduWithCards')),
      results: listOf(object({ key: text(), value: {} })),
      data: { type: 'object' },
      corrections: CORRECTIONS,
    },
    ['corrections'],
  ),
  HduWithCards: object({
    ...hdu,
    cards: listOf(
      object({
        key: text(),
        kind: text('string, integer, real, logical, complex, commentary, …'),
        value: { description: 'integers beyond 2^53 are text' },
        comment: text(),
      }),
    ),
  }),
};
