import type { Knex } from 'knex';
import {
  onColumn,
  onDates,
  onFacets,
  onFrames,
  onIndex,
  onNights,
  type Condition,
  type DateRange,
  type SkyColumn,
} from '../conditions.js';
import type { Asked, FrameFilter } from './types.js';
import {
  badValue,
  lastOf,
  listedItems,
  listedTexts,
  requireDate,
  requireInstant,
  requireInteger,
  requireNumber,
} from './values.js';

type Described = Pick<FrameFilter, 'name' | 'aliases' | 'label' | 'help'>;

/** Columns of facets, frames and nights whose values are choices. */
const TEXT = { type: 'string' } as const;

/** A choice among the texts of a column; `None` stands for frames without one, or with an empty one. */
export function choiceOf(column: string, row: Described, example: string): FrameFilter {
  return {
    ...row,
    kind: 'choice',
    schema: TEXT,
    isList: true,
    operators: ['ne'],
    examples: [
      [row.name, example],
      [row.name, `${example},None`],
      [`${row.name}!`, example],
    ],
    condition(asked) {
      const texts = listedTexts(asked);
      const some = texts.filter((text) => text !== 'None');
      const hasNone = some.length < texts.length;
      return onFacets((query, table) => {
        const name = `${table}.${column}`;
        void query.where((either) => {
          if (asked.operator === 'ne') {
            if (some.length > 0) void either.whereNotIn(name, some);
            if (hasNone) void either.where(name, '<>', '');
            else void either.orWhereNull(name);
          } else {
            if (some.length > 0) void either.whereIn(name, some);
            if (hasNone) void either.orWhereNull(name).orWhere(name, '');
          }
        });
      });
    },
  };
}

/** The type as in the header, or its kind, in any case. */
export function matchTypes(texts: readonly string[], isExcluding: boolean): Condition {
  const lower = texts.map((text) => text.toLowerCase());
  const marks = lower.map(() => '?').join(', ');
  return onFacets((query, table) => {
    void query.where((either) => {
      if (isExcluding) {
        void either
          .whereNotIn(`${table}.image_kind`, lower)
          .whereRaw(`coalesce(lower(${table}.image_type), '') not in (${marks})`, lower);
      } else {
        void either
          .whereIn(`${table}.image_kind`, lower)
          .orWhereRaw(`lower(${table}.image_type) in (${marks})`, lower);
      }
    });
  });
}

/** The condition of `IMAGETYPE`, or of its opposite. */
export function typeCondition(asked: Asked): Condition {
  return matchTypes(listedTexts(asked), asked.operator === 'ne');
}

/** The condition of `binning`. */
export function binningCondition(asked: Asked): Condition {
  const pairs = listedItems(asked).map((item) => {
    const match = /^(\d{1,4})x(\d{1,4})$/.exec(item);
    if (match === null) throw badValue(asked.name, item, 'two numbers such as 2x2');
    return [Number(match[1]), Number(match[2])] as const;
  });
  return onFacets((query, table) => {
    const anyOf = (either: Knex.QueryBuilder): void => {
      for (const [x, y] of pairs) {
        void either.orWhere({ [`${table}.binning_x`]: x, [`${table}.binning_y`]: y });
      }
    };
    void (asked.operator === 'ne' ? query.whereNot(anyOf) : query.where(anyOf));
  });
}

/** The condition of `RLEVEL`. */
export function levelCondition(asked: Asked): Condition {
  const levels = listedItems(asked).map((item) => requireInteger(asked.name, item));
  return onFacets((query, table) => {
    const column = `${table}.reduction_level`;
    void (asked.operator === 'ne'
      ? query.whereNotIn(column, levels)
      : query.whereIn(column, levels));
  });
}

/** A day compared with the night of the frames; only that of `=` can be negated. */
export function nightRow(row: Described, operator: '=' | '>=' | '<='): FrameFilter {
  const isExact = operator === '=';
  return {
    ...row,
    kind: 'date',
    schema: { type: 'string', format: 'date' },
    isList: false,
    operators: isExact ? ['ne'] : [],
    examples: [
      [row.name, '2026-03-01'],
      ...(isExact ? [[`${row.name}!`, '2026-03-01'] as const] : []),
    ],
    condition(asked) {
      const night = requireDate(asked.name, lastOf(asked));
      return onNights((query, table) => {
        const column = `${table}.night`;
        if (asked.operator === 'ne') void query.whereRaw(`${column} is not ?`, [night]);
        else void query.where(column, operator, night);
      });
    },
  };
}

/** An instant compared with the start of the exposures. */
export function instantRow(row: Described, range: (ms: number) => DateRange): FrameFilter {
  return {
    ...row,
    kind: 'instant',
    schema: { type: 'string', format: 'date-time' },
    isList: false,
    operators: [],
    examples: [
      [row.name, '2026-03-01T20:00:00Z'],
      [row.name, '2026-03-01'],
    ],
    condition: (asked) => onDates(range(requireInstant(asked.name, lastOf(asked)))),
  };
}

/** A text that an indexed column must be; `keyOf` gives the spellings under which it may be kept. */
export function exactRow(
  column: string,
  row: Described,
  example: string,
  keysOf: (text: string) => readonly string[],
): FrameFilter {
  return {
    ...row,
    kind: 'text',
    schema: TEXT,
    isList: false,
    operators: ['ne'],
    examples: [
      [row.name, example],
      [`${row.name}!`, example],
    ],
    condition(asked) {
      const keys = [...new Set(keysOf(lastOf(asked)))];
      const marks = keys.map(() => '?').join(', ');
      if (asked.operator === 'ne') {
        return onFrames((query) => {
          void query.whereRaw(`coalesce(${column}, '') not in (${marks})`, keys);
        });
      }
      return onIndex(
        (query) => void query.whereIn(column, keys),
        (query) => void query.whereRaw(`+${column} in (${marks})`, keys),
      );
    },
  };
}

const COMPARISONS = { is: '=', ne: 'is not', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** The row of a number that is compared: by every ending but `ne`, or equal to. */
export function comparedRow(
  row: Pick<FrameFilter, 'name' | 'label' | 'help'> & { readonly aliases?: readonly string[] },
  example: string,
  condition: FrameFilter['condition'],
): FrameFilter {
  return {
    aliases: [],
    ...row,
    kind: 'number',
    schema: { type: 'number' },
    isList: false,
    operators: ['lt', 'lte', 'gt', 'gte'],
    examples: [
      [`${row.name}__lt`, example],
      [`${row.name}__gte`, example],
      [row.name, example],
    ],
    condition,
  };
}

/** A number compared with a column; a name without an ending compares with `plain`. None is not equal to any. */
export function numberCondition(
  column: 'id' | 'exposure_sec' | SkyColumn,
  plain: keyof typeof COMPARISONS,
): (asked: Asked) => Condition {
  return (asked) => {
    const operator = asked.operator === 'is' ? plain : asked.operator;
    if (operator === 'is') {
      const numbers = listedItems(asked).map((text) => requireNumber(asked.name, text));
      // A list is no help to the planner, which then may read through all frames.
      if (numbers.length === 1) return onColumn(column, '= ?', numbers);
      const isOne = `frames.${column} in (select value from json_each(?))`;
      const list = [JSON.stringify(numbers)];
      return onIndex(
        (query) => void query.whereRaw(isOne, list),
        (query) => void query.whereRaw(`+${isOne}`, list),
      );
    }
    const number = requireNumber(asked.name, lastOf(asked));
    if (!isComparison(operator)) throw badValue(asked.name, '', 'another comparison');
    if (operator !== 'ne') return onColumn(column, `${COMPARISONS[operator]} ?`, [number]);
    return onFrames((query) => {
      void query.whereRaw(`frames.${column} ${COMPARISONS.ne} ?`, [number]);
    });
  };
}

function isComparison(operator: string): operator is keyof typeof COMPARISONS {
  return Object.hasOwn(COMPARISONS, operator);
}
