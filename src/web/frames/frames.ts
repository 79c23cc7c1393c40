import type { Request, RequestHandler, Response } from 'express';
import {
  CONE_PARAMETERS,
  type Condition,
  FRAME_FILTERS,
  listFacets,
  listFrames,
  listNights,
  parseConditions,
  SORT_COLUMNS,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import { queryParameters, requireAction } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { parseDec, parseRa } from '../../sky/index.js';
import { FACET_NAMES, sumFrames, toChoiceGroups, type ChoiceGroup } from './facets.js';
import {
  apiUrl,
  filterQuery,
  hiddenFields,
  listChips,
  listQuery,
  listUrl,
  PAGE_SIZES,
  parseListState,
  withFilter,
  type ListState,
} from './list-state.js';
import { goTo, sendPage, type Web } from '../page.js';
import {
  countOf,
  filterSlot,
  formatBytes,
  formatCount,
  formatDateTime,
  formatExposure,
  formatNumber,
  formatTime,
  kindLabel,
  NONE,
  THUMBNAIL_QUERY,
  type FilterSlot,
} from '../render.js';

const NIGHTS_SHOWN = 60;

/** One frame as a row of the table and as a card of the sheet. */
export interface FrameRow {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly thumbnail: string;
  readonly start: string;
  readonly time: string;
  readonly target: string;
  readonly kind: string;
  readonly filter: string;
  readonly slot: FilterSlot;
  readonly exposure: string;
  readonly exposureWithUnit: string;
  readonly camera: string;
  readonly size: string;
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
}

interface Column {
  readonly label: string;
  readonly sort: string;
  readonly className: string;
}

const COLUMNS: readonly Column[] = [
  { label: 'Name', sort: 'basename', className: 'col-name' },
  { label: 'Start, UTC', sort: 'DATE_OBS', className: 'col-start' },
  { label: 'Target', sort: 'OBJECT', className: 'col-target' },
  { label: 'Filter', sort: 'FILTER', className: 'col-filter' },
  { label: 'Exp, s', sort: 'EXPTIME', className: 'col-exposure num' },
  { label: 'Type', sort: 'IMAGETYP', className: 'col-kind' },
  { label: 'Camera', sort: 'INSTRUME', className: 'col-camera' },
  { label: 'Size', sort: 'size', className: 'col-size num' },
];

interface ReadQuery {
  readonly state: ListState;
  readonly conditions: Condition[];
  /** Sentences about values that were left out. */
  readonly problems: readonly string[];
}

/**
 * Reads the query of a list as far as it can be read: a mistyped value must not cost a person all the
 * others. What cannot be read is left out and told.
 */
function readQuery(given: ReadonlyMap<string, readonly string[]>): ReadQuery {
  const parameters = new Map(given);
  const problems: string[] = [];
  for (;;) {
    try {
      const state = parseListState(parameters);
      const conditions = parseConditions(state.filters);
      const [ra, dec, radius] = CONE_PARAMETERS.map((name) => state.filters.has(name));
      if (ra !== dec || (radius === true && ra !== true)) {
        problems.push('The position needs both RA and Dec, so it was left out.');
      }
      return { state, conditions, problems };
    } catch (error) {
      const name = error instanceof AppError ? error.data.parameter : undefined;
      if (!(error instanceof AppError) || typeof name !== 'string' || !parameters.delete(name))
        throw error;
      problems.push(`“${given.get(name)?.join(', ') ?? ''}” was left out: ${error.message}`);
    }
  }
}

/** `GET /frames/`: the list, its filters and what to do with it. */
export function showFrames(web: Web): RequestHandler {
  const { services, base } = web;
  const { catalog } = services;
  return async (req: Request, res: Response) => {
    const viewer = requireAction(res, 'read');
    const parameters = queryParameters(req);
    const { state, conditions, problems } = readQuery(parameters);
    // A form sends its empty fields too; the address that one shares should say only what counts.
    const hasEmpty = [...parameters].some(
      ([name, values]) => name !== 'format' && values.includes(''),
    );
    if (hasEmpty && problems.length === 0) {
      goTo(web, req, res, listUrl(base, state));
      return;
    }
    const order = { column: SORT_COLUMNS[state.sort] ?? 'frames.id', descending: state.descending };
    const { limit, offset } = state;
    const [found, panel] = await Promise.all([
      listFrames(catalog, { conditions, order, limit, offset }, viewer),
      readPanel(web, req, state, viewer),
    ]);
    if (found.items.length === 0 && found.total > 0) {
      const last = Math.floor((found.total - 1) / limit) * limit;
      goTo(web, req, res, listUrl(base, { ...state, offset: last }));
      return;
    }
    const rows = toRows(base, found.items, listQuery(state));
    const chips = listChips(state).map((chip) => ({
      label: chip.label,
      url: listUrl(base, chip.state),
    }));
    const closest = found.total === 0 ? await findClosest(web, state, viewer) : [];
    if (problems.length > 0) res.status(400);
    await sendPage(
      web,
      req,
      res,
      'frames',
      { title: countOf(found.total, 'frame'), place: 'frames' },
      {
        total: found.total,
        totalText: formatCount(found.total),
        count: formatCount,
        state,
        problems,
        chips,
        panel,
        clearUrl: listUrl(base, { ...state, filters: new Map(), offset: 0 }),
        apiUrl: apiUrl(base, state),
        zipUrl: `${base}/frames/zip/?${filterQuery(state)}`,
        tableUrl: listUrl(base, { ...state, view: 'table' }),
        sheetUrl: listUrl(base, { ...state, view: 'sheet' }),
        columns: toColumns(base, state),
        rows,
        groups: state.view === 'sheet' ? groupByTarget(rows) : [],
        pager: toPager(base, state, found.total, rows.length),
        closest,
        isClose: closest.some(({ frames }) => frames > 0),
      },
    );
  };
}

/** `GET /search/?q=`: one box for a position, a target or the name of a frame. */
export function search(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const text = queryParameters(req).get('q')?.at(-1)?.trim() ?? '';
    const empty = parseListState(new Map());
    if (text === '') {
      goTo(web, req, res, listUrl(base, empty));
      return;
    }
    const position = splitPosition(text);
    if (position !== undefined) {
      const withRa = withFilter(empty, 'RA', [position.ra]);
      goTo(web, req, res, listUrl(base, withFilter(withRa, 'DEC', [position.dec])));
      return;
    }
    const byTarget = withFilter(empty, 'OBJECT', [text]);
    const byName = withFilter(empty, 'basename', [text]);
    const hasTarget = (await count(web, byTarget, viewer)) > 0;
    if (hasTarget || (await count(web, byName, viewer)) === 0) {
      goTo(web, req, res, listUrl(base, byTarget));
      return;
    }
    const one = { column: 'frames.id', descending: false };
    const query = { conditions: parseConditions(byName.filters), order: one, limit: 2, offset: 0 };
    const { total, items } = await listFrames(services.catalog, query, viewer);
    const [only] = items;
    const isOne = total === 1 && only !== undefined;
    goTo(web, req, res, isOne ? `${base}/frames/${only.id}/` : listUrl(base, byName));
  };
}

/** Cuts `22:36:58 +34:26:13` or `339.24 34.43` in two; undefined if the text is no position. */
export function splitPosition(text: string): { ra: string; dec: string } | undefined {
  const words = text.trim().split(/[\s,]+/);
  for (const at of words.length === 2 ? [1] : words.length === 6 ? [3] : []) {
    const ra = words.slice(0, at).join(' ');
    const dec = words.slice(at).join(' ');
    if (parseRa(ra, { numbersAre: 'degrees' }) !== undefined && parseDec(dec) !== undefined) {
      return { ra, dec };
    }
  }
  return undefined;
}

/** Frames as the pages show them. `back` is the query of the list that one comes from. */
export function toRows(base: string, frames: readonly Frame[], back = ''): FrameRow[] {
  const from = back === '' ? '' : `?from=${encodeURIComponent(back)}`;
  return frames.map((frame) => ({
    id: frame.id,
    name: frame.basename,
    url: `${base}/frames/${frame.id}/${from}`,
    thumbnail: `${base}/frames/${frame.id}/preview/?${THUMBNAIL_QUERY}`,
    start: formatDateTime(frame.dateObsMs),
    time: formatTime(frame.dateObsMs),
    target: frame.object ?? NONE,
    kind: kindLabel(frame.imageKind),
    filter: frame.filter ?? NONE,
    slot: filterSlot(frame.filter),
    exposure: formatExposure(frame.exposureSec),
    exposureWithUnit:
      frame.exposureSec === null ? NONE : `${formatNumber(frame.exposureSec)}\u202fs`,
    camera: frame.instrument === '' ? NONE : frame.instrument,
    size: formatBytes(frame.version.sizeBytes),
    sizeBytes: frame.version.sizeBytes,
    warnings: frame.warnings,
  }));
}

interface Panel {
  /** As it was left: the script of the page keeps it in a cookie, so that nothing jumps. */
  readonly isOpen: boolean;
  readonly groups: ReadonlyMap<
    string,
    ChoiceGroup & { readonly label: string; readonly absentUrls: readonly string[] }
  >;
  readonly archiveTotal: string;
  readonly nights: readonly { night: string; count: string; url: string; isChosen: boolean }[];
  /** Nights before and after the chosen one that have frames. */
  readonly earlierUrl: string;
  readonly laterUrl: string;
  /** Text of a field that is no choice; '' if it is not set. */
  readonly value: (name: string) => string;
  readonly help: (name: string) => string;
  readonly hidden: readonly { name: string; value: string }[];
}

async function readPanel(web: Web, req: Request, state: ListState, viewer: Viewer): Promise<Panel> {
  const { services, base } = web;
  const { catalog } = services;
  const others = new Map([...state.filters].filter(([name]) => !FACET_NAMES.has(name)));
  const conditions = parseConditions(others);
  const [all, nights] = await Promise.all([
    listFacets(catalog, [], viewer),
    listNights(catalog, 1000, viewer),
  ]);
  const matching = conditions.length === 0 ? all : await listFacets(catalog, conditions, viewer);
  const groups = toChoiceGroups(matching, all, state.filters);
  const only = { ...state, filters: new Map<string, readonly string[]>(), offset: 0 };
  const chosen = state.filters.get('night')?.[0];
  const toNight = (night: string | undefined): string =>
    night === undefined ? '' : listUrl(base, withFilter(state, 'night', [night]));
  return {
    isOpen: !/(?:^|;\s*)filters=closed/.test(req.headers.cookie ?? ''),
    groups: new Map(
      groups.map((group) => [
        group.name,
        {
          ...group,
          label: FRAME_FILTERS.find(({ name }) => name === group.name)?.label ?? group.name,
          absentUrls: group.absent.map(({ value }) =>
            listUrl(base, withFilter(only, group.name, [value])),
          ),
        },
      ]),
    ),
    archiveTotal: formatCount(sumFrames(all)),
    nights: nights.slice(0, NIGHTS_SHOWN).map(({ night, frames }) => ({
      night,
      count: formatCount(frames),
      url: toNight(night),
      isChosen: night === chosen,
    })),
    earlierUrl:
      chosen === undefined ? '' : toNight(nights.find(({ night }) => night < chosen)?.night),
    laterUrl:
      chosen === undefined ? '' : toNight(nights.findLast(({ night }) => night > chosen)?.night),
    value: (name) => state.filters.get(name)?.[0] ?? '',
    help: (name) => FRAME_FILTERS.find((filter) => filter.name === name)?.help ?? '',
    hidden: hiddenFields(state),
  };
}

function toColumns(base: string, state: ListState) {
  return COLUMNS.map((column) => {
    const isSorted = column.sort === state.sort;
    // Newest and largest first, names from A on; a second click turns the order round.
    const first = column.sort === 'DATE_OBS' || column.sort === 'size';
    const descending = isSorted ? !state.descending : first;
    return {
      ...column,
      url: listUrl(base, { ...state, sort: column.sort, descending, offset: 0 }),
      ariaSort: isSorted ? (state.descending ? 'descending' : 'ascending') : 'none',
    };
  });
}

function toPager(base: string, state: ListState, total: number, shown: number) {
  const { limit, offset } = state;
  const at = (place: number): string => listUrl(base, { ...state, offset: place });
  return {
    first: formatCount(Math.min(offset + 1, total)),
    last: formatCount(offset + shown),
    page: formatCount(Math.floor(offset / limit) + 1),
    pages: formatCount(Math.max(1, Math.ceil(total / limit))),
    backUrl: offset > 0 ? at(Math.max(0, offset - limit)) : '',
    nextUrl: offset + limit < total ? at(offset + limit) : '',
    sizes: PAGE_SIZES.map((size) => ({
      size,
      isChosen: size === limit,
      url: listUrl(base, { ...state, limit: size, offset: Math.floor(offset / size) * size }),
    })),
  };
}

/** Rows by target in the order in which they first come up; frames without one by type, after them. */
export function groupByTarget(rows: readonly FrameRow[]) {
  const groups = new Map<string, FrameRow[]>();
  for (const row of rows) {
    const title = row.target === NONE ? row.kind : row.target;
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [row]);
    else group.push(row);
  }
  const isAimed = ([row]: readonly FrameRow[]): number => (row?.target === NONE ? 1 : 0);
  return [...groups]
    .sort(([, a], [, b]) => isAimed(a) - isAimed(b))
    .map(([title, members]) => ({
      title,
      rows: members,
      summary: [
        countOf(members.length, 'frame'),
        [...new Set(members.map((row) => row.camera))].join(', '),
        [...new Set(members.map((row) => row.filter))].filter((name) => name !== NONE).join(' '),
      ]
        .filter((part) => part !== '')
        .join(' · '),
    }));
}

/** For a list without a result: each condition, and how many frames there would be without it. */
async function findClosest(web: Web, state: ListState, viewer: Viewer) {
  const closest = await Promise.all(
    listChips(state).map(async (chip) => ({
      label: chip.label,
      url: listUrl(web.base, chip.state),
      frames: await count(web, chip.state, viewer),
    })),
  );
  return closest
    .sort((a, b) => b.frames - a.frames)
    .map((each) => ({ ...each, count: countOf(each.frames, 'frame') }));
}

async function count({ services }: Web, state: ListState, viewer: Viewer): Promise<number> {
  const conditions: Condition[] = parseConditions(state.filters);
  const order = { column: 'frames.id', descending: false };
  const page = await listFrames(
    services.catalog,
    { conditions, order, limit: 0, offset: 0 },
    viewer,
  );
  return page.total;
}
