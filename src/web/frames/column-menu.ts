import type { Request, Response } from 'express';
import { parameter, queryParameters } from '../../http/index.js';
import type { Web } from '../page.js';
import type { Column } from './column.js';
import {
  COLUMNS,
  findColumn,
  leastRoom,
  MAX_COLUMNS,
  parseColumns,
  roomOf,
  USUAL_COLUMNS,
} from './columns.js';
import { keepChoice, KEEP, readChoice } from './choice.js';
import { hiddenState, listUrl, type ListState } from './list-state.js';

const COOKIE = 'columns';
/** The menu in the page, so that it is open again after a choice, without a script too. */
const MENU = '#column-list';

/** The head of a column. */
export interface Head {
  readonly key: string;
  readonly label: string;
  readonly className: string;
  /** Address of the list sorted by it; '' if it cannot be. */
  readonly url: string;
  readonly ariaSort: 'none' | 'ascending' | 'descending';
  readonly isNumber: boolean;
  /** What its cells are drawn as. */
  readonly kind: 'name' | 'text';
}

/** The columns of a table: those of the address, else those of this browser, else the usual ones. */
export function readColumns(req: Request, state: ListState): readonly string[] {
  if (state.columns !== undefined) return state.columns;
  const kept = parseColumns(readChoice(req, COOKIE));
  return kept.length === 0 ? USUAL_COLUMNS : kept;
}

/**
 * Remembers the columns of an address for this browser if it says so: the links of the menu do, shared
 * addresses and bookmarks do not.
 *
 * @returns true if the address is to be left for the one without that word
 */
export function keepColumns(web: Web, req: Request, res: Response, state: ListState): boolean {
  if (parameter(queryParameters(req), KEEP) !== '1') return false;
  keepChoice(web, req, res, COOKIE, state.columns?.join(','));
  return true;
}

/**
 * Class of the box around a table, by the width below which it is moved sideways. The usual columns
 * give way to a narrow window; what a person chose stays, and is reached so.
 */
export function boxClass(columns: readonly Column[]): string {
  return `needs-${leastRoom(columns, !isUsual(columns.map(({ key }) => key)))}`;
}

function isUsual(keys: readonly string[]): boolean {
  return keys.join() === USUAL_COLUMNS.join();
}

/** Heads of a table, with the way to sort by each. */
export function toHeads(base: string, state: ListState, columns: readonly Column[]): Head[] {
  const rooms = isUsual(columns.map(({ key }) => key)) ? roomOf(columns) : [];
  return columns.map((column, index) => {
    const { key, label, sort, isNumber, className } = column;
    const isSorted = sort !== undefined && sort === state.sort;
    // Newest and largest first, names from A on; a second click turns the order round.
    const first = sort === 'DATE_OBS' || sort === 'size';
    const descending = isSorted ? !state.descending : first;
    const room = rooms[index] ?? 0;
    return {
      key,
      label,
      isNumber,
      className: [className, room === 0 ? '' : `room-${room}`].filter(Boolean).join(' '),
      url: sort === undefined ? '' : listUrl(base, { ...state, sort, descending, offset: 0 }),
      ariaSort: isSorted ? (state.descending ? 'descending' : 'ascending') : 'none',
      kind: key === 'basename' ? 'name' : 'text',
    };
  });
}

/** The menu in which columns are chosen and put in order: all links, so that it needs no script. */
export interface ColumnMenu {
  readonly chosen: readonly {
    readonly key: string;
    readonly name: string;
    /** '' for the only column. */
    readonly removeUrl: string;
    /** '' for the first. */
    readonly earlierUrl: string;
    /** '' for the last. */
    readonly laterUrl: string;
  }[];
  readonly others: readonly { readonly name: string; readonly url: string }[];
  /** '' if they are the usual ones. */
  readonly usualUrl: string;
  /** What the form for a keyword carries along. */
  readonly hidden: readonly { name: string; value: string }[];
  /** The columns so far, to which that form adds one. */
  readonly value: string;
  readonly isFull: boolean;
}

/** @param keys of the columns that are shown */
export function toColumnMenu(base: string, state: ListState, keys: readonly string[]): ColumnMenu {
  const to = (columns: readonly string[]): string => {
    const url = listUrl(base, { ...state, columns });
    return `${url}&${KEEP}=1${MENU}`;
  };
  const usual = listUrl(base, withoutColumns(state));
  return {
    chosen: keys.map((key, index) => ({
      key,
      name: findColumn(key)?.name ?? key,
      removeUrl: keys.length > 1 ? to(keys.filter((each) => each !== key)) : '',
      earlierUrl: index > 0 ? to(swapped(keys, index - 1)) : '',
      laterUrl: index < keys.length - 1 ? to(swapped(keys, index)) : '',
    })),
    others: COLUMNS.filter(({ key }) => !keys.includes(key)).map(({ key, name }) => ({
      name,
      url: to([...keys, key]),
    })),
    usualUrl: isUsual(keys) ? '' : `${usual}${usual.includes('?') ? '&' : '?'}${KEEP}=1${MENU}`,
    hidden: [...hiddenState(withoutColumns(state)), { name: KEEP, value: '1' }],
    value: keys.join(','),
    isFull: keys.length >= MAX_COLUMNS,
  };
}

function withoutColumns(state: ListState): ListState {
  return { ...state, columns: undefined };
}

function swapped(keys: readonly string[], index: number): string[] {
  const [a, b] = [keys[index], keys[index + 1]];
  if (a === undefined || b === undefined) return [...keys];
  return [...keys.slice(0, index), b, a, ...keys.slice(index + 2)];
}
