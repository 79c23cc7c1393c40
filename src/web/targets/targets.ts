import type { RequestHandler } from 'express';
import { findFrames, type Frame, type ObjectPlace, type Viewer } from '../../catalog/index.js';
import { queryParameters, requireAction } from '../../http/index.js';
import {
  isNamed,
  objectOrder,
  type ObjectReport,
  type Objects,
  type ObjectSort,
  type ObjectSummary,
} from '../../objects/index.js';
import { sendPage, type Web } from '../page.js';
import { countOf, formatCount, formatDuration, formatHourMinutes, NONE } from '../render.js';
import { skyMap, type SkyMap, type SkyMark } from '../sky-map.js';
import {
  firstOrder,
  parseTargetsState,
  targetChips,
  targetsUrl,
  targetUrl,
  type TargetsState,
} from './state.js';
import { toTargetRow } from './row.js';

/** Targets on a page. */
const PAGE = 50;
/** Marks of the map that lead somewhere: as many as can be told apart. */
const LINKED = 300;
/** Marks of the map in all: more are one grey. */
const MOST_MARKS = 4000;
const LONGEST = 8;
const MAP_WIDTH = 640;

/** Heads of the list by which it can be sorted. */
const HEADS: readonly { readonly sort: ObjectSort; readonly label: string }[] = [
  { sort: 'name', label: 'Target' },
  { sort: 'frames', label: 'Frames' },
  { sort: 'hours', label: 'Open shutter' },
  { sort: 'last_night', label: 'Last night' },
];

/** `GET /targets/`: all objects of the sky that frames show. */
export function showTargets(web: Web, objects: Objects): RequestHandler {
  const { base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const state = parseTargetsState(queryParameters(req));
    const all = await objects.list(state.conditions, viewer);
    const { words } = state;
    const wanted = words === '' ? [...all] : all.filter((each) => isNamed(each, words));
    wanted.sort(objectOrder(state.sort, state.order));
    const shown = wanted.slice(state.offset, state.offset + PAGE);
    const [reports, places] = await Promise.all([
      objects.describe(shown, state.conditions, viewer),
      objects.places(all, viewer),
    ]);
    const samples = await findSamples(web, reports, viewer);
    const title = countOf(wanted.length, 'target');
    await sendPage(
      web,
      req,
      res,
      'targets',
      { title, place: 'targets' },
      {
        words,
        total: wanted.length,
        isArchiveEmpty: all.length === 0 && state.conditions.length === 0,
        summary: summarize(wanted),
        chips: targetChips(base, state),
        hidden: hiddenFields(state),
        clearUrl: `${base}/targets/`,
        heads: HEADS.map(({ sort, label }) => toHead(base, state, sort, label)),
        rows: reports.map((report) =>
          toTargetRow(base, report, { state, sample: samples.get(report.best?.frameId ?? -1) }),
        ),
        map: toMap(base, wanted, places, state),
        longest: toLongest(base, wanted, state),
        pager: toPager(base, state, wanted.length),
      },
    );
  };
}

/** The frames with the smallest stars, by id. */
async function findSamples(
  { services }: Web,
  reports: readonly ObjectReport[],
  viewer: Viewer,
): Promise<ReadonlyMap<number, Frame>> {
  const ids = reports.flatMap(({ best }) => best?.frameId ?? []);
  const frames = await findFrames(services.catalog, ids, viewer);
  return new Map(frames.map((frame) => [frame.id, frame]));
}

/** What stands beside the count: light and frames. */
function summarize(wanted: readonly ObjectSummary[]): string {
  const frames = wanted.reduce((sum, each) => sum + each.frames, 0);
  const seconds = wanted.reduce((sum, each) => sum + each.exposureSec, 0);
  return `${formatDuration(seconds)} of open shutter in ${countOf(frames, 'frame')}`;
}

/** Fields of the form of words that keep the rest of the address. */
function hiddenFields(state: TargetsState): { readonly name: string; readonly value: string }[] {
  const query = targetsUrl('', { ...state, words: '', offset: 0 }).split('?')[1] ?? '';
  return [...new URLSearchParams(query)].map(([name, value]) => ({ name, value }));
}

function toHead(base: string, state: TargetsState, sort: ObjectSort, label: string) {
  const isChosen = state.sort === sort;
  const first = firstOrder(sort);
  const other = state.order === 'asc' ? 'desc' : 'asc';
  return {
    label,
    name: sort,
    url: targetsUrl(base, { ...state, sort, order: isChosen ? other : first, offset: 0 }),
    ariaSort: !isChosen ? 'none' : state.order === 'asc' ? 'ascending' : 'descending',
    icon: !isChosen ? '' : state.order === 'asc' ? 'up' : 'down',
  };
}

/** All targets whose place is known; the area of a dot grows with the time of exposure. */
function toMap(
  base: string,
  wanted: readonly ObjectSummary[],
  places: ReadonlyMap<number, ObjectPlace>,
  state: TargetsState,
): { readonly sky: SkyMap; readonly caption: string } {
  const byLight = [...wanted].sort((a, b) => b.exposureSec - a.exposureSec).slice(0, MOST_MARKS);
  const most = byLight[0]?.exposureSec ?? 0;
  const marks = byLight.flatMap((summary, at): SkyMark[] => {
    const { merged, exposureSec } = summary;
    const place =
      merged.target ?? merged.members.flatMap((each) => places.get(each.objectId) ?? [])[0];
    if (place === undefined) return [];
    const size = 4 + 10 * Math.sqrt(most > 0 ? exposureSec / most : 0);
    const { raDeg, decDeg } = place;
    const label = `${merged.name}, ${formatDuration(exposureSec)}`;
    const url = at < LINKED ? targetUrl(base, merged.name, state) : '';
    return [{ raDeg, decDeg, label, url, size }];
  });
  const label = `Map of the sky with ${countOf(marks.length, 'target')}`;
  const missing = wanted.length - marks.length;
  const caption = missing > 0 ? `${formatCount(missing)} of unknown place.` : '';
  // The largest first: the small ones lie on top of them.
  return { sky: skyMap({ marks, width: MAP_WIDTH, label }), caption };
}

/** The targets with the most light, beside bars. */
function toLongest(base: string, wanted: readonly ObjectSummary[], state: TargetsState) {
  const byLight = [...wanted].sort((a, b) => b.exposureSec - a.exposureSec).slice(0, LONGEST);
  const most = byLight[0]?.exposureSec ?? 0;
  return byLight.map(({ merged, exposureSec }) => ({
    name: merged.name,
    url: targetUrl(base, merged.name, state),
    hours: formatHourMinutes(exposureSec),
    share: most > 0 ? Math.max(1, Math.round((exposureSec / most) * 100)) : 0,
  }));
}

function toPager(base: string, state: TargetsState, total: number) {
  const { offset } = state;
  const at = (start: number): string => targetsUrl(base, { ...state, offset: Math.max(0, start) });
  const last = Math.min(total, offset + PAGE);
  return {
    rows: total === 0 ? NONE : `${formatCount(offset + 1)}–${formatCount(last)}`,
    total: formatCount(total),
    backUrl: offset > 0 ? at(offset - PAGE) : '',
    nextUrl: last < total ? at(offset + PAGE) : '',
  };
}
