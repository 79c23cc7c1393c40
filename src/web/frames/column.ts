import type { Frame, ListedMore } from '../../catalog/index.js';
import { formatNumber, NONE, type FilterSlot } from '../render.js';

/** What stands in one place of the table. */
export interface Cell {
  readonly text: string;
  /** In full, where the text is short for something. */
  readonly title?: string;
  /** Percent of the usual values that are smaller, 0 to 100: drawn as a bar. */
  readonly rank?: number;
  /** Out of the usual. */
  readonly isOdd?: boolean;
  readonly slot?: FilterSlot;
  readonly icon?: 'tick' | 'warn' | 'bad';
}

/** A column that a table can have. */
export interface Column {
  /** What it is called in addresses; `header.<KEYWORD>` for one of the headers. */
  readonly key: string;
  /** Its head, with the unit. */
  readonly label: string;
  /** In full, for choosing. */
  readonly name: string;
  /** One of SORT_COLUMNS, if lists can be sorted by it. */
  readonly sort?: string;
  readonly isNumber: boolean;
  /** Class of its cells. */
  readonly className: string;
  /** Room that it takes at least, pixels. */
  readonly widthPx: number;
  readonly cell: (frame: Frame, more: ListedMore | undefined) => Cell;
}

type Text = (frame: Frame, more: ListedMore | undefined) => string | null;
type Options = Partial<Pick<Column, 'sort' | 'className' | 'widthPx' | 'name'>>;

/** Text that may be longer than its place: the whole of it is at hand. */
export function longText(text: string | null): Cell {
  return text === null || text === '' ? { text: NONE } : { text, title: text };
}

/** A column of words; NONE where there are none. */
export function textColumn(key: string, label: string, read: Text, options: Options = {}): Column {
  return {
    key,
    label,
    name: label,
    isNumber: false,
    className: '',
    widthPx: 100,
    ...options,
    cell: (frame, more) => ({ text: read(frame, more) || NONE }),
  };
}

/** A column of numbers, which stand at the right. */
export function numberColumn(
  key: string,
  label: string,
  read: Text,
  options: Options = {},
): Column {
  const column = textColumn(key, label, read, { className: 'num', widthPx: 72, ...options });
  return { ...column, isNumber: true };
}

/** A part of 1 in percent. */
export function share(value: number | null): string {
  return value === null ? NONE : formatNumber(100 * value, 0);
}
