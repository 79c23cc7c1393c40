import {
  findFilter,
  FRAME_FILTERS,
  OPERATOR_ENDINGS,
  type FilterOperator,
  type FrameFilter,
} from '../../catalog/index.js';
import type { ApiParameter, Example, Schema } from '../../openapi/index.js';

/** What an ending makes of a filter. */
const MEANINGS: Readonly<Record<FilterOperator, string>> = {
  is: 'is',
  ne: 'is not; frames without a value are included',
  lt: 'is less',
  lte: 'is less or equal',
  gt: 'is greater',
  gte: 'is greater or equal',
  contains: 'contains',
  startswith: 'starts with',
  exists: 'is in the header (`true`) or not (`false`)',
};

/** Every filter of a list as parameters: each name, and each comparison, is one. */
export const FILTER_PARAMETERS: readonly ApiParameter[] = FRAME_FILTERS.flatMap((filter) =>
  filter.kind === 'header' ? [familyParameter(filter)] : plainParameters(filter),
).map((parameter) => ({ ...parameter, group: 'Filters' }));

function plainParameters(filter: FrameFilter): ApiParameter[] {
  const { name, aliases, help, label, operators } = filter;
  const schema = schemaOf(filter);
  const ends = operators.flatMap((operator) => endingsOf(operator).map((each) => `\`${each}\``));
  const words = [
    `${label}: ${help}.`,
    filter.isList ? 'Several by comma (`\\,` is a comma of the value’s own), or repeated.' : '',
    filter.kind === 'choice' ? '`ALL` means any.' : '',
    ends.length > 0 ? `Endings of the name: ${ends.join(', ')}.` : '',
    aliases.length > 0 ? `The same as ${aliases.map((each) => `\`${each}\``).join(', ')}.` : '',
  ];
  const compared = operators.map((operator) => [operator, endingsOf(operator)[0] ?? ''] as const);
  const known = [name, ...aliases, ...compared.map(([, ending]) => `${name}${ending}`)];
  // Of comparisons by another name only those that are shown; the others can be thought of.
  const shown = filter.examples.filter(([each]) => !known.includes(each)).map(([each]) => each);
  return [
    {
      name,
      key: keyOf(name),
      description: words.filter((each) => each !== '').join(' '),
      schema,
      examples: examplesOf(filter, name, 'is'),
    },
    ...aliases.map((alias) => variant(filter, alias, 'is', `The same as \`${name}\`.`)),
    ...compared.map(([operator, ending]) =>
      variant(filter, `${name}${ending}`, operator, `\`${name}\` ${MEANINGS[operator]}.`),
    ),
    ...[...new Set(shown)].map((each) => {
      const operator = findFilter(each)?.operator ?? 'is';
      return variant(filter, each, operator, `\`${name}\` ${MEANINGS[operator]}.`);
    }),
  ];
}

function variant(
  filter: FrameFilter,
  name: string,
  operator: FilterOperator,
  description: string,
): ApiParameter {
  return {
    name,
    key: keyOf(name),
    description,
    schema: schemaOf(filter),
    examples: examplesOf(filter, name, operator),
    variantOf: filter.name,
  };
}

/** The family of headers: an object whose properties are the parameters. */
function familyParameter(filter: FrameFilter): ApiParameter {
  const rows = filter.operators.map((operator) => {
    const spellings = endingsOf(operator).map((each) => `\`${each}\``);
    return `${spellings.join(' or ')}: ${MEANINGS[operator]}`;
  });
  return {
    name: 'header',
    key: 'header',
    description: `${filter.label}: ${filter.help}. Keywords in any case, those of HIERARCH with blanks or dots. Endings: ${rows.join('; ')}.`,
    schema: {
      type: 'object',
      patternProperties: { '^header\\.': { type: 'string' } },
      additionalProperties: false,
    },
    examples: filter.examples.map(([name, value]) => ({ [name]: value })),
  };
}

function schemaOf({ kind, schema }: FrameFilter): Schema {
  // A day is an instant too; and any choice may be `ALL`.
  if (kind === 'instant') {
    return {
      anyOf: [
        { type: 'string', format: 'date-time' },
        { type: 'string', format: 'date' },
      ],
    };
  }
  if (kind !== 'choice' || schema.pattern === undefined) return schema;
  return { anyOf: [schema, { type: 'string', const: 'ALL' }] };
}

/** Examples of this very name; else those of the filter with this comparison, or its plainest. */
function examplesOf(filter: FrameFilter, name: string, operator: FilterOperator): Example[] {
  const { examples, schema } = filter;
  const own = examples.filter(([each]) => each === name);
  const alike = examples.filter(([each]) => findFilter(each)?.operator === operator);
  const found = [own, alike, examples].find((each) => each.length > 0) ?? [];
  const values = (own.length > 0 ? own : found.slice(0, 1)).map(([, value]) => value);
  return values.map((value) => toExample(value, schema.type));
}

function toExample(value: string, type: FrameFilter['schema']['type']): Example {
  if (type === 'number' || type === 'integer') return Number(value);
  return type === 'boolean' ? value === 'true' : value;
}

function endingsOf(operator: FilterOperator): string[] {
  return OPERATOR_ENDINGS.filter(([each]) => each === operator).map(([, ending]) => ending);
}

/** Names of components are of plain letters. */
function keyOf(name: string): string {
  return name.replace('!', '.not').replace('__', '.');
}
