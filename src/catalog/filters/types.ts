import type { Condition } from '../conditions.js';

/** How a value is meant. `choice`: `ALL` means no filter. `header`: a whole family of parameters. */
export type FilterKind =
  'choice' | 'text' | 'number' | 'date' | 'instant' | 'angle' | 'region' | 'flag' | 'header';

/** What a parameter does with its value; `is` for a name without any ending. */
export type FilterOperator =
  'is' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'contains' | 'startswith' | 'exists';

/**
 * What stands after the name of a parameter, the usual spelling first. `FILTER!=V` is the parameter
 * `FILTER!` with the value `V`.
 */
export const OPERATOR_ENDINGS: readonly (readonly [FilterOperator, string])[] = [
  ['ne', '!'],
  ['ne', '__ne'],
  ['lt', '__lt'],
  ['lte', '__lte'],
  ['gt', '__gt'],
  ['gte', '__gte'],
  ['contains', '__contains'],
  ['startswith', '__startswith'],
  ['exists', '__exists'],
];

/** What a request asks of a filter. */
export interface Asked {
  /** The parameter as it was spelled: what an error names. */
  readonly name: string;
  readonly operator: FilterOperator;
  /** Trimmed, none of them empty; at least one. */
  readonly values: readonly string[];
  /** Of the family of headers: the keyword, as it was spelled. */
  readonly keyword: string;
  /** The last value of another parameter, trimmed; '' if there is none. */
  readonly other: (name: string) => string;
}

/** Schema of a value, in the words of JSON Schema. */
export interface ValueSchema {
  readonly type: 'string' | 'number' | 'integer' | 'boolean';
  readonly format?: 'date' | 'date-time';
  readonly pattern?: string;
}

/** One filter of a list: everything that reading, pages and documentation know about it. */
export interface FrameFilter {
  /** Parameter of the pyobs dialect if it has one; also the key of the filter everywhere in the program. */
  readonly name: string;
  /** Other names of the same parameter, most of them of the OCS dialect. */
  readonly aliases: readonly string[];
  /** How a person would call it. */
  readonly label: string;
  readonly help: string;
  readonly kind: FilterKind;
  readonly schema: ValueSchema;
  /** Whether several values, by comma or by repeating the parameter, mean any of them. Else the last counts. */
  readonly isList: boolean;
  /** What it can do besides `is`. */
  readonly operators: readonly Exclude<FilterOperator, 'is'>[];
  /** Parameter and value, the plainest first. */
  readonly examples: readonly (readonly [name: string, value: string])[];
  /** Undefined if the value asks for nothing. @throws 'bad_request' naming the parameter */
  readonly condition: (asked: Asked) => Condition | undefined;
}
