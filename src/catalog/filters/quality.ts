import { onFrames, onIndex, type Condition } from '../conditions.js';
import { RANK_COLUMNS } from '../measures.js';
import { comparedRow } from './rows.js';
import type { Asked, FrameFilter } from './types.js';
import { badValue, lastOf, listedItems, listedTexts, requireNumber } from './values.js';

type Described = Pick<FrameFilter, 'name' | 'label' | 'help'>;

const COMPARISONS = { is: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** The flags that people give frames. */
export const FLAGS = ['good', 'doubtful', 'bad'] as const;
export type Flag = (typeof FLAGS)[number];

/** A number that was measured, compared with one that is given. */
function measuredRow(column: string, row: Described, example: string): FrameFilter {
  return comparedRow(row, example, (asked) => {
    const number = requireNumber(asked.name, lastOf(asked));
    if (!isComparison(asked.operator)) throw badValue(asked.name, '', 'another comparison');
    const compared = `${column} ${COMPARISONS[asked.operator]} ?`;
    return inTable('measures', compared, [number]);
  });
}

function isComparison(operator: string): operator is keyof typeof COMPARISONS {
  return Object.hasOwn(COMPARISONS, operator);
}

/**
 * Frames that have a row in a table beside them.
 *
 * @param where SQL over the columns of that table; with an index on the first of them
 */
function inTable(
  table: 'measures' | 'findings' | 'flags' | 'tags',
  where: string,
  bindings: readonly (string | number)[],
): Condition {
  return later(
    onIndex(
      (query) =>
        void query.whereRaw(
          `frames.id in (select frame_id from ${table} where ${where})`,
          bindings,
        ),
      (query) =>
        void query.whereRaw(
          `exists (select 1 from ${table} where ${table}.frame_id = frames.id and +${where})`,
          bindings,
        ),
    ),
  );
}

/** Whether it is true of a frame may change while the frame stays what it is. */
function later(condition: Condition): Condition {
  return { ...condition, isLater: true };
}

/** Frames that have no row there. */
function notInTable(
  table: 'findings' | 'flags' | 'tags',
  where: string,
  bindings: readonly string[],
): Condition {
  return later(
    onFrames(
      (query) =>
        void query.whereRaw(
          `not exists (select 1 from ${table} where ${table}.frame_id = frames.id and ${where})`,
          bindings,
        ),
    ),
  );
}

/** Words that frames have, in a table beside them; several mean any of them, `none` frames without one. */
function wordsRow(
  {
    table,
    column,
    ...row
  }: Described & {
    readonly table: 'findings' | 'flags' | 'tags';
    readonly column: string;
  },
  example: string,
  read: (asked: Asked) => readonly string[],
): FrameFilter {
  return {
    ...row,
    aliases: [],
    kind: 'choice',
    schema: { type: 'string' },
    isList: true,
    operators: ['ne'],
    examples: [
      [row.name, example],
      [row.name, 'none'],
      [`${row.name}!`, example],
    ],
    condition(asked) {
      const words = read(asked);
      const some = words.filter((word) => word !== 'none');
      const marks = some.map(() => '?').join(', ');
      if (asked.operator === 'ne') {
        if (some.length < words.length) return inTable(table, `${column} is not null`, []);
        return notInTable(table, `${column} in (${marks})`, some);
      }
      if (some.length === words.length) return inTable(table, `${column} in (${marks})`, some);
      if (some.length === 0) return notInTable(table, '1 = 1', []);
      const own = `select 1 from ${table} where ${table}.frame_id = frames.id`;
      return later(
        onFrames(
          (query) =>
            void query.whereRaw(
              `(not exists (${own}) or exists (${own} and ${column} in (${marks})))`,
              some,
            ),
        ),
      );
    },
  };
}

/** What each rank is of. */
const RANK_LABELS: Readonly<Record<keyof typeof RANK_COLUMNS, string>> = {
  'rank.fwhm': 'FWHM',
  'rank.hfr': 'Half flux',
  'rank.elongation': 'Elongation',
  'rank.stars': 'Stars',
  'rank.background': 'Background',
  'rank.background_gradient': 'Gradient',
  'rank.noise': 'Noise',
  'rank.saturated': 'Saturated',
  'rank.hot_pixels': 'Hot pixels',
  'rank.transparency': 'Transparency',
};

function rankRow([name, label]: [name: string, label: string]): FrameFilter {
  const help = `percent of the usual values of the ninety nights before that are smaller, of: ${label}`;
  const column = RANK_COLUMNS[name as keyof typeof RANK_COLUMNS];
  return measuredRow(column, { name, label: `${label}, rank in %`, help }, '90');
}

/** Filters by what was measured, and by what people and program say of frames. */
export const QUALITY_FILTERS: readonly FrameFilter[] = [
  measuredRow(
    'fwhm_arcsec',
    {
      name: 'fwhm',
      label: 'FWHM',
      help: 'median width of the stars at half maximum, arcseconds; frames without a scale have none',
    },
    '3',
  ),
  measuredRow(
    'fwhm_px',
    { name: 'fwhm_px', label: 'FWHM in pixels', help: 'the same in pixels' },
    '4',
  ),
  measuredRow('stars', { name: 'stars', label: 'Stars', help: 'number of stars found' }, '50'),
  measuredRow(
    'background',
    {
      name: 'background',
      label: 'Background',
      help: 'level between the stars, or of a calibration frame, in the unit of the pixels',
    },
    '1500',
  ),
  measuredRow(
    'elongation',
    {
      name: 'elongation',
      label: 'Elongation',
      help: 'long axis of the stars over the short one; 1 for circles',
    },
    '1.3',
  ),
  measuredRow(
    'elongation_angle_deg',
    {
      name: 'elongation_angle',
      label: 'Angle',
      help: 'direction of the long axis of the stars, degrees from +x towards +y',
    },
    '45',
  ),
  measuredRow(
    'hfr_px',
    { name: 'hfr_px', label: 'Half flux', help: 'radius that holds half of the light, pixels' },
    '3',
  ),
  measuredRow(
    'noise',
    { name: 'noise', label: 'Noise', help: 'of the background, pixel by pixel' },
    '20',
  ),
  measuredRow(
    'saturated_fraction',
    { name: 'saturated', label: 'Saturated', help: 'part of the pixels that are full, 0 to 1' },
    '0.01',
  ),
  measuredRow(
    'hot_pixels',
    { name: 'hot_pixels', label: 'Hot pixels', help: 'number of them, of darks and biases' },
    '100',
  ),
  measuredRow(
    'background_gradient',
    {
      name: 'background_gradient',
      label: 'Gradient',
      help: 'how far the background differs from one side to another, as a part of its level',
    },
    '0.1',
  ),
  measuredRow(
    'instrumental_mag',
    {
      name: 'instrumental_mag',
      label: 'Instrumental magnitude',
      help: 'brightness of its stars in one second, magnitudes; smaller for clearer skies',
    },
    '-10',
  ),
  measuredRow(
    'transparency',
    {
      name: 'transparency',
      label: 'Transparency',
      help: 'light that came through, against the clearest of the same field; 1 for all of it',
    },
    '0.8',
  ),
  ...Object.entries(RANK_LABELS).map(rankRow),
  wordsRow(
    {
      table: 'findings',
      column: 'code',
      name: 'finding',
      label: 'Finding',
      help: 'what the program found out about it, such as trailed, clouds, overlap; `none` for frames without any',
    },
    'trailed',
    listedItems,
  ),
  wordsRow(
    {
      table: 'flags',
      column: 'flag',
      name: 'flag',
      label: 'Flag',
      help: 'good, doubtful or bad, as people judged it; `none` for frames that nobody judged',
    },
    'good',
    (asked) => {
      const flags = listedItems(asked).map((each) => each.toLowerCase());
      const odd = flags.find((flag) => flag !== 'none' && !FLAGS.some((each) => each === flag));
      if (odd !== undefined) throw badValue(asked.name, odd, 'good, doubtful, bad or none');
      return flags;
    },
  ),
  wordsRow(
    {
      table: 'tags',
      column: 'tag',
      name: 'tag',
      label: 'Tag',
      help: 'a word that people gave it; `none` for frames without any',
    },
    'supernova',
    (asked) => listedTexts(asked).map((each) => each.toLowerCase()),
  ),
];
