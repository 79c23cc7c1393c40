import type { SkyColumn } from '../conditions.js';
import { comparedRow, numberCondition } from './rows.js';
import type { FrameFilter } from './types.js';

/** What the sky was like: a number of a column, of the header or worked out. */
function skyRow(
  column: SkyColumn,
  row: Pick<FrameFilter, 'name' | 'label' | 'help'>,
  example: string,
): FrameFilter {
  const lettered = { ...row, aliases: [row.name.toLowerCase()] };
  return comparedRow(lettered, example, numberCondition(column, 'is'));
}

/** Filters by where the telescope, the Sun and the Moon stood. */
export const ALMANAC_FILTERS: readonly FrameFilter[] = [
  skyRow('airmass', { name: 'AIRMASS', label: 'Airmass', help: 'airmass, 1 overhead' }, '1.2'),
  skyRow(
    'alt_deg',
    { name: 'TEL_ALT', label: 'Altitude', help: 'altitude of the telescope, degrees' },
    '40',
  ),
  skyRow(
    'az_deg',
    {
      name: 'TEL_AZ',
      label: 'Azimuth',
      help: 'azimuth of the telescope, degrees from north through east',
    },
    '180',
  ),
  skyRow(
    'sidereal_hours',
    {
      name: 'LST',
      label: 'Sidereal time',
      help: 'local sidereal time at the start of the exposure, hours',
    },
    '6.5',
  ),
  skyRow(
    'hour_angle_hours',
    {
      name: 'HA',
      label: 'Hour angle',
      help: 'hour angle at the start of the exposure, hours; negative in the east',
    },
    '-1.5',
  ),
  skyRow(
    'sun_alt_deg',
    { name: 'SUNALT', label: 'Sun altitude', help: 'altitude of the Sun, degrees' },
    '-18',
  ),
  skyRow(
    'sun_distance_deg',
    { name: 'SUNDIST', label: 'Sun distance', help: 'distance of the Sun, degrees' },
    '60',
  ),
  skyRow(
    'moon_alt_deg',
    { name: 'MOONALT', label: 'Moon altitude', help: 'altitude of the Moon, degrees' },
    '0',
  ),
  skyRow(
    'moon_fraction',
    { name: 'MOONFRAC', label: 'Moon lit', help: 'lit part of the Moon, 0 to 1' },
    '0.5',
  ),
  skyRow(
    'moon_distance_deg',
    { name: 'MOONDIST', label: 'Moon distance', help: 'distance of the Moon, degrees' },
    '30',
  ),
];
