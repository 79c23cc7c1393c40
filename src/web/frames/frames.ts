import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import {
  CONE_PARAMETERS,
  type Condition,
  listFrames,
  MAX_SUMMED,
  parseConditions,
  readListed,
  sumList,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import { parameter, queryParameters, requireAction } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { parseDate } from '../../lib/time.js';
import { parseDec, parseRa } from '../../sky/index.js';
import { targetKey } from '../../targets/index.js';
import { findColumn, keywordsOf } from './columns.js';
import { boxClass, keepColumns, readColumns, toColumnMenu, toHeads } from './column-menu.js';
import { toDownloads } from './downloads.js';
import { foldHeaderRows } from './fields.js';
import {
  listChips,
  listQuery,
  listOrder,
  listUrl,
  parseListState,
  withFilter,
  type ListState,
} from './list-state.js';
import { parseRun, readTold } from './mark.js';
import { toPager } from './pager.js';
import { readPanel } from './panel.js';
import { resolveName } from './resolve.js';
import { readSearches, readSearchTold } from './searches.js';
import { keepPlates, readPlates } from './sheet.js';
import { groupByTarget, toListedRows, type ListedRow } from './rows.js';
import { toTimeline } from './timeline.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatCount, formatDuration } from '../render.js';

export { toRows, type FrameRow } from './rows.js';

type Parameters = ReadonlyMap<string, readonly string[]>;

interface ReadQuery {
  readonly state: ListState;
  readonly conditions: Condition[];
  /** Sentences about values that were left out… */
  readonly problems: readonly string[];
  /** …and these themselves, by the names of their fields: nobody shall have to type them again. */
  readonly left: Parameters;
  /** True if the address can be said shorter, or in the words of programs. */
  readonly isForm: boolean;
}

/**
 * Reads the query of a list as far as it can be read: a mistyped value must not cost a person all the
 * others. What cannot be read is left out and told.
 */
async function readQuery({ services }: Web, asked: Parameters): Promise<ReadQuery> {
  const folded = foldHeaderRows(asked);
  const parameters = new Map(folded.parameters);
  const given = new Map(parameters);
  const problems = [...folded.problems];
  const left = new Map<string, readonly string[]>();
  const name = parameter(parameters, 'resolve');
  parameters.delete('resolve');
  if (name !== '') {
    const place = await resolveName(name, services.config);
    if (typeof place === 'string') {
      problems.push(place);
      left.set('resolve', [name]);
    } else parameters.set('RA', [place.ra]).set('DEC', [place.dec]);
  }
  // A form sends its empty fields too; the address that one shares should say only what counts.
  const hasEmpty = [...asked].some(([each, values]) => each !== 'format' && values.includes(''));
  const isForm = folded.isForm || name !== '' || hasEmpty;
  for (;;) {
    try {
      const state = parseListState(parameters);
      const conditions = parseConditions(state.filters);
      const [ra, dec, radius] = CONE_PARAMETERS.map((each) => state.filters.has(each));
      if (ra !== dec || (radius === true && ra !== true)) {
        problems.push('The position needs both RA and Dec, so it was left out.');
      }
      return { state, conditions, problems, left, isForm };
    } catch (error) {
      const wrong = error instanceof AppError ? error.data.parameter : undefined;
      if (!(error instanceof AppError) || typeof wrong !== 'string' || !parameters.delete(wrong))
        throw error;
      left.set(wrong, given.get(wrong) ?? []);
      problems.push(`“${given.get(wrong)?.join(', ') ?? ''}” was left out: ${error.message}`);
    }
  }
}

/** `GET /frames/`: the list, its filters and what to do with it. */
export function showFrames(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req: Request, res: Response) => {
    const viewer = requireAction(res, 'read');
    const parameters = queryParameters(req);
    const { state, conditions, problems, left, isForm } = await readQuery(web, parameters);
    const isKept = keepColumns(web, req, res, state) || keepPlates(web, req, res, state);
    if ((isForm || isKept) && problems.length === 0) {
      goTo(web, req, res, listUrl(base, state));
      return;
    }
    const order = listOrder(state);
    const { limit, offset } = state;
    const found = await listFrames(services.catalog, { conditions, order, limit, offset }, viewer);
    if (found.items.length === 0 && found.total > 0) {
      const last = Math.floor((found.total - 1) / limit) * limit;
      goTo(web, req, res, listUrl(base, { ...state, offset: last }));
      return;
    }
    const [panel, list, summary, searchMenu] = await Promise.all([
      readPanel(web, req, { state, left, total: found.total }, viewer),
      readList(web, req, state, found.items),
      summarize(web, { conditions, total: found.total }, viewer),
      readSearches(web, res, state, viewer),
    ]);
    const closest = found.total === 0 ? await findClosest(web, state, viewer) : [];
    if (problems.length > 0) res.status(400);
    await sendPage(
      web,
      req,
      res,
      'frames',
      { title: countOf(found.total, 'frame'), place: 'frames' },
      {
        ...toHead(web, state, { total: found.total, ...summary }),
        ...list,
        problems,
        searchMenu,
        toast: toToast(web, viewer, parameters, state),
        panel,
        rights: { mayMark: may(viewer, 'upload'), isVisitor: viewer.role === 'anonymous' },
        back: `/frames/${listQuery(state) === '' ? '' : `?${listQuery(state)}`}`,
        pager: toPager(base, state, found.total, found.items.length),
        closest,
        isClose: closest.some(({ frames }) => frames > 0),
      },
    );
  };
}

/** What was just done, with the way back; undefined if nothing was. */
function toToast({ base }: Web, viewer: Viewer, parameters: Parameters, state: ListState) {
  const done = parameter(parameters, 'done');
  const search = readSearchTold(done);
  const text = search === '' ? readTold(done) : search;
  if (text === '') return undefined;
  const run = parameter(parameters, 'undo');
  const isOpen = parseRun(run) !== undefined && may(viewer, 'upload');
  const icon = search === '' ? 'flag' : 'star';
  return { text, icon, run: isOpen ? run : '', closeUrl: listUrl(base, state) };
}

/** What stands above the list: how much it is, its conditions, its views and ways out. */
function toHead(
  { base }: Web,
  state: ListState,
  { total, sum, sizeBytes }: { total: number; sum: string; sizeBytes: number | undefined },
) {
  const view = (each: ListState['view']): string => listUrl(base, { ...state, view: each });
  const size = sizeBytes === undefined ? '' : formatBytes(sizeBytes);
  return {
    total,
    totalText: formatCount(total),
    count: (frames: number | null) => (frames === null ? '' : formatCount(frames)),
    sum,
    state,
    chips: listChips(state).map((chip) => ({ label: chip.label, url: listUrl(base, chip.state) })),
    clearUrl: listUrl(base, { ...state, filters: new Map(), offset: 0 }),
    views: [
      { label: 'Table', icon: 'table', url: view('table'), isShown: state.view === 'table' },
      { label: 'Sheet', icon: 'sheet', url: view('sheet'), isShown: state.view === 'sheet' },
      {
        label: 'Timeline',
        icon: 'clock',
        url: view('timeline'),
        isShown: state.view === 'timeline',
      },
    ],
    nextView: view(state.view === 'table' ? 'sheet' : 'table'),
    stretchUrl: listUrl(base, { ...state, ownStretch: !state.ownStretch }),
    downloads: toDownloads(base, state, { total, size }),
  };
}

/** The frames of a page in the view that is asked for. */
async function readList(
  { services, base }: Web,
  req: Request,
  state: ListState,
  frames: readonly Frame[],
) {
  const keys = readColumns(req, state);
  const columns = keys.map(findColumn).filter((column) => column !== undefined);
  const isTable = state.view === 'table';
  const keywords = isTable ? keywordsOf(keys) : [];
  const more = await readListed(services.catalog, frames, keywords);
  const plates = readPlates(req, state);
  const rows: ListedRow[] = toListedRows(frames, {
    base,
    back: listQuery(state),
    columns: isTable ? columns : [],
    more,
    sameStretch: state.view === 'sheet' && !state.ownStretch,
    plateWidthPx: state.view === 'sheet' ? plates.widthPx : undefined,
  });
  const flagged = frames.map((frame) => ({ ...frame, flag: more.get(frame.id)?.flag ?? null }));
  return {
    columns: toHeads(base, state, columns),
    boxClass: boxClass(columns),
    columnMenu: toColumnMenu(base, state, keys),
    rows,
    plates,
    groups: state.view === 'sheet' ? groupByTarget(rows) : [],
    timeline: state.view === 'timeline' ? toTimeline(flagged, rows) : undefined,
  };
}

/** What the whole list comes to, as far as it is not too long to be summed up. */
async function summarize(
  { services }: Web,
  { conditions, total }: { readonly conditions: readonly Condition[]; readonly total: number },
  viewer: Viewer,
): Promise<{ sum: string; sizeBytes: number | undefined }> {
  if (total === 0 || total > MAX_SUMMED) return { sum: '', sizeBytes: undefined };
  const { sizeBytes, exposureSec } = await sumList(services.catalog, conditions, viewer);
  const open = exposureSec > 0 ? ` · ${formatDuration(exposureSec)}` : '';
  return { sum: `${formatBytes(sizeBytes)}${open}`, sizeBytes };
}

/** `GET /search/?q=`: one box for a night, a position, a target or the name of a frame. */
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
    if (parseDate(text) === text) {
      goTo(web, req, res, `${base}/nights/${text}/`);
      return;
    }
    const position = splitPosition(text);
    if (position !== undefined) {
      const withRa = withFilter(empty, 'RA', [position.ra]);
      goTo(web, req, res, listUrl(base, withFilter(withRa, 'DEC', [position.dec])));
      return;
    }
    // A target goes by many names; what is none may be a part of what a header or a file calls it.
    const ways = ['target', 'OBJECT', 'basename', 'q'].filter((name) => {
      return name !== 'target' || targetKey(text) !== '';
    });
    const lists = ways.map((name) => withFilter(empty, name, [text]));
    const list = await firstWith(web, lists, viewer);
    if (list === undefined) {
      goTo(web, req, res, listUrl(base, withFilter(empty, 'OBJECT', [text])));
      return;
    }
    if (!list.filters.has('basename')) {
      goTo(web, req, res, listUrl(base, list));
      return;
    }
    const one = { column: 'frames.id', descending: false };
    const query = { conditions: parseConditions(list.filters), order: one, limit: 2, offset: 0 };
    const { total, items } = await listFrames(services.catalog, query, viewer);
    const [only] = items;
    const isOne = total === 1 && only !== undefined;
    goTo(web, req, res, isOne ? `${base}/frames/${only.id}/` : listUrl(base, list));
  };
}

/** The first of some lists that has frames. */
async function firstWith(
  web: Web,
  lists: readonly ListState[],
  viewer: Viewer,
): Promise<ListState | undefined> {
  for (const list of lists) if ((await count(web, list, viewer)) > 0) return list;
  return undefined;
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
