import {
  ALMANAC_FILTERS,
  CONE_PARAMETERS,
  findFilter,
  FRAME_FILTERS,
  OPERATOR_ENDINGS,
  type FilterOperator,
  type FrameFilter,
} from '../../catalog/index.js';
import { FACET_NAMES } from './facets.js';

/** A field of the panel that is no choice: one text, a pair of bounds, or a box to tick. */
export interface Field {
  readonly kind: 'text' | 'range' | 'flag';
  /** Its parameter; of a range the one of the lower end. */
  readonly name: string;
  /** Parameter of the upper end of a range, else ''. */
  readonly upper: string;
  readonly label: string;
  readonly placeholder: string;
  /** Of a range: whether it goes below 0. */
  readonly isSigned: boolean;
}

/** Fields that belong together in the panel. */
export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly Field[];
}

const NIGHTS = ['night', 'night_start', 'night_end'] as const;
/** Filters by the words that people and program give frames: choices with counts of their own. */
export const WORD_FILTERS = ['flag', 'finding', 'tag'] as const;

const text = (name: string, label: string, placeholder: string): Field => ({
  kind: 'text',
  name,
  upper: '',
  label,
  placeholder,
  isSigned: false,
});

/** From `name` up to `name__lte`. */
const range = (name: string, label: string, lower = `${name}__gte`): Field => ({
  kind: 'range',
  name: lower,
  upper: `${name}__lte`,
  label,
  placeholder: '',
  isSigned: false,
});

/** Numbers that go below 0, which the key pads of phones for numbers have no key for. */
const SIGNED: ReadonlySet<string> = new Set(['TEL_ALT', 'HA', 'SUNALT', 'MOONALT']);
/** How the names of fields end that are not plain numbers. */
const UNITS: Readonly<Record<string, string>> = {
  AIRMASS: '',
  MOONFRAC: ', 0–1',
  LST: ', h',
  HA: ', h',
};

/** Where telescope, Sun and Moon stood. */
const SKY: readonly Field[] = ALMANAC_FILTERS.map(({ name, label }) => ({
  ...range(name, `${label}${UNITS[name] ?? ', °'}`),
  isSigned: SIGNED.has(name),
}));

const NOT_MEASURED = new Set(['EXPTIME', 'id', ...ALMANAC_FILTERS.map(({ name }) => name)]);
/** What was measured: all filters that compare numbers but those that stand elsewhere. */
const MEASURED: readonly Field[] = FRAME_FILTERS.filter(
  ({ kind, operators, name }) =>
    kind === 'number' && operators.includes('gte') && !NOT_MEASURED.has(name),
).map(({ name, label }) => range(name, name === 'fwhm' ? `${label}, ″` : label));
const isRank = ({ name }: Field): boolean => name.startsWith('rank.');

const POSITION: readonly Field[] = [
  text('RA', 'RA', 'degrees or hh:mm:ss'),
  text('DEC', 'Dec', 'degrees or ±dd:mm:ss'),
  text('radius', 'Radius', '10\', 0.5°, 30"'),
  text('covers', 'Shows all of', '10.68,41.27'),
  text('intersects', 'Shows some of', 'CIRCLE(10.7 41.3 0.5)'),
];

/** Groups with nothing but fields, by their place in the panel. */
export const FIELD_GROUPS = {
  names: {
    title: 'Target and name',
    fields: [
      text('OBJECT', 'Target has', 'M 42'),
      text('target', 'Any name of', 'Andromeda'),
      text('basename', 'Name has', 'part of a name'),
      text('q', 'Words', 'm31 2026-03'),
    ],
  },
  position: { title: 'Position', fields: POSITION },
  time: {
    title: 'Time',
    fields: [
      text('start', 'From, UTC', '2026-03-01T20:00'),
      text('end', 'Until, UTC', '2026-03-02T04:00'),
    ],
  },
  exposure: { title: 'Exposure', fields: [range('EXPTIME', 'Seconds', 'EXPTIME')] },
  sky: { title: 'Altitude, Sun, Moon', fields: SKY },
  quality: { title: 'Quality', fields: MEASURED.filter((field) => !isRank(field)) },
  ranks: { title: 'Among the usual', fields: MEASURED.filter(isRank) },
} as const satisfies Record<string, FieldGroup>;

/** All that stands in no other place: whatever the table of filters has, the panel has. */
export const OTHER_FIELDS: FieldGroup = {
  title: 'Everything else',
  fields: FRAME_FILTERS.filter((filter) => !isElsewhere(filter)).map(toField),
};

function isElsewhere({ name, kind }: FrameFilter): boolean {
  if (kind === 'header' || FACET_NAMES.has(name)) return true;
  const grouped = Object.values(FIELD_GROUPS).flatMap(({ fields }) => fields.flatMap(namesOf));
  return [...NIGHTS, ...WORD_FILTERS, 'public', ...grouped].some(
    (each) => findFilter(each)?.filter.name === name,
  );
}

function toField({ name, label, kind, examples }: FrameFilter): Field {
  if (kind === 'flag') return { ...text(name, label, ''), kind: 'flag' };
  return text(name, label, examples[0]?.[1] ?? '');
}

function namesOf({ name, upper }: Field): string[] {
  return upper === '' ? [name] : [name, upper];
}

/** Parameters that the panel has a field or choice for: all others go along unseen. */
export const PANEL_PARAMETERS: ReadonlySet<string> = new Set([
  ...FACET_NAMES,
  ...CONE_PARAMETERS,
  ...NIGHTS,
  ...WORD_FILTERS,
  'public',
  ...[...Object.values(FIELD_GROUPS), OTHER_FIELDS].flatMap(({ fields }) =>
    fields.flatMap(namesOf),
  ),
]);

/** A condition on a header as the form has it. */
export interface HeaderRow {
  readonly keyword: string;
  readonly operator: FilterOperator;
  readonly value: string;
}

/** What can stand between the name of a filter, or a keyword, and its value. */
export const RELATIONS: readonly { value: FilterOperator; label: string }[] = [
  { value: 'is', label: '=' },
  { value: 'ne', label: '≠' },
  { value: 'lt', label: '<' },
  { value: 'lte', label: '≤' },
  { value: 'gt', label: '>' },
  { value: 'gte', label: '≥' },
  { value: 'contains', label: 'has' },
  { value: 'startswith', label: 'starts with' },
  { value: 'exists', label: 'is there' },
];

/** The same for one operator. */
export function relationWord(operator: FilterOperator): string {
  return RELATIONS.find(({ value }) => value === operator)?.label ?? operator;
}

/** The conditions on headers among the filters of a list, each with the parameter that it came as. */
export function headerRows(
  filters: ReadonlyMap<string, readonly string[]>,
): (HeaderRow & { readonly name: string })[] {
  return [...filters].flatMap(([name, values]) => {
    const found = findFilter(name);
    if (found?.filter.kind !== 'header') return [];
    const { keyword, operator } = found;
    return values.map((value) => ({ keyword, operator, value, name }));
  });
}

/** Fields of a condition on a header; as many of each as there are rows in the form. */
export const HEADER_FIELDS = { keyword: 'hk', operator: 'ho', value: 'hv' } as const;

/** What a form of the panel asks for in fields that no program sends. */
export interface Folded {
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** True if there were such fields. */
  readonly isForm: boolean;
  /** Sentences about rows that could not be read. */
  readonly problems: readonly string[];
}

/** Turns the rows of conditions on headers into parameters of the API: `header.GAIN__gte=2`. */
export function foldHeaderRows(given: ReadonlyMap<string, readonly string[]>): Folded {
  const names = Object.values(HEADER_FIELDS);
  if (!names.some((name) => given.has(name))) {
    return { parameters: given, isForm: false, problems: [] };
  }
  const parameters = new Map(given);
  for (const name of names) parameters.delete(name);
  const problems: string[] = [];
  const at = (name: string, index: number): string => given.get(name)?.[index]?.trim() ?? '';
  const rows = Math.max(...names.map((name) => given.get(name)?.length ?? 0));
  for (let index = 0; index < rows; index += 1) {
    const keyword = at(HEADER_FIELDS.keyword, index);
    const value = at(HEADER_FIELDS.value, index);
    const asked = at(HEADER_FIELDS.operator, index);
    if (keyword === '' && value === '') continue;
    if (keyword === '') {
      problems.push(`“${value}” was left out: say the value of which header keyword it is.`);
      continue;
    }
    const [name, wanted] = toParameter(keyword, asked, value);
    if (wanted === '') {
      problems.push(`The condition on ${keyword} was left out: it has no value to compare with.`);
    } else parameters.set(name, [...(parameters.get(name) ?? []), wanted]);
  }
  return { parameters, isForm: true, problems };
}

/** A keyword alone asks whether it is there. */
function toParameter(keyword: string, asked: string, value: string): [name: string, value: string] {
  const isBare = value === '' && (asked === 'is' || asked === '' || asked === 'exists');
  const operator = isBare ? 'exists' : asked;
  const ending = OPERATOR_ENDINGS.find(([each]) => each === operator)?.[1] ?? '';
  const wanted = operator === 'exists' && !/^(?:false|no|0)$/i.test(value) ? 'true' : value;
  return [`header.${keyword}${ending}`, wanted];
}
