import type { RequestHandler } from 'express';
import {
  listBestFrames,
  listObjectFields,
  type ObjectField,
  type ObjectFrame,
  type Viewer,
} from '../../catalog/index.js';
import { queryParameters, requireAction } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import {
  isNamed,
  objectOrder,
  type ObjectReport,
  type Objects,
  type ObjectSummary,
} from '../../objects/index.js';
import { formatDec, formatRa } from '../../sky/index.js';
import { nameOfSegment } from '../../targets/index.js';
import { widthOf } from '../nights/rows.js';
import { sendPage, type Web } from '../page.js';
import {
  countOf,
  filterSlot,
  formatCount,
  formatDuration,
  formatHourMinutes,
  formatNumber,
  NONE,
  thumbnailUrl,
} from '../render.js';
import { skyMap } from '../sky-map.js';
import { toFieldMap } from './fields.js';
import { framesUrl, inSpectrum, secondName } from './row.js';
import {
  parseTargetsState,
  targetChips,
  targetsUrl,
  targetUrl,
  type TargetsState,
} from './state.js';

const BEST = 8;
/** Frames on the map; older ones are told, not drawn. */
const MOST_FIELDS = 2000;
/** Nights that are listed at once; the rest are a link. */
const NIGHTS = 40;

/** `GET /targets/<name>/`: one object with its light, its best frames, and where they lie. */
export function showTarget(web: Web, objects: Objects): RequestHandler {
  const { base, services } = web;
  return async (req, res, next) => {
    // What a name means is asked of the API at this address, whoever asks.
    if (req.params.name === 'resolve') {
      next('route');
      return;
    }
    const viewer = requireAction(res, 'read');
    const state = parseTargetsState(queryParameters(req));
    const name = nameOfSegment(String(req.params.name));
    const summary = await objects.find(name, state.conditions, viewer);
    if (summary === undefined) throw await unknownTarget(objects, name, viewer);
    const ids = [...new Set(summary.merged.members.map(({ objectId }) => objectId))];
    const [[report], best, fields, around] = await Promise.all([
      objects.describe([summary], state.conditions, viewer),
      listBestFrames(services.catalog, ids, BEST, viewer),
      listObjectFields(services.catalog, ids, MOST_FIELDS, viewer),
      findAround(objects, summary, viewer),
    ]);
    if (report === undefined) throw new AppError('not_found', 'No frame shows this object.');
    const title = summary.merged.name;
    await sendPage(
      web,
      req,
      res,
      'target',
      { title, place: 'targets' },
      {
        summary: secondName(summary),
        listUrl: targetsUrl(base, { ...state, frames: state.frames }),
        previous: toNeighbour(base, around.previous, state),
        next: toNeighbour(base, around.next, state),
        chips: targetChips(base, state).map(({ label }) => label),
        allUrl: targetUrl(base, title),
        framesUrl: framesUrl(base, summary, state),
        frames: formatCount(summary.frames),
        framesWords: countOf(summary.frames, 'frame'),
        zipUrl: framesUrl(base, summary, state).replace('/frames/?', '/frames/zip/?'),
        shareUrl: framesUrl(base, summary, state).replace('/frames/?', '/shares/new/?'),
        jsonUrl: `${targetUrl(base, title)}?format=json`,
        facts: toFacts(base, report),
        catalogue: toCatalogue(report),
        ...toMaps(base, report, fields),
        light: toLight(base, report, state),
        best: toBest(base, best),
        isMeasured: best.some(({ fwhmPx }) => fwhmPx !== null),
        ...toNights(base, report),
      },
    );
  };
}

/** Tells which names are like the one that no frame has. */
async function unknownTarget(objects: Objects, name: string, viewer: Viewer): Promise<AppError> {
  const all = await objects.list([], viewer);
  const like = all.filter((each) => isNamed(each, name)).slice(0, 3);
  const hint =
    like.length === 0
      ? 'The list of targets has all objects that frames name.'
      : `Like it: ${like.map(({ merged }) => merged.name).join(', ')}.`;
  return new AppError('not_found', `No frame shows an object '${name.slice(0, 60)}'. ${hint}`);
}

/** The targets before and after one, by name. */
async function findAround(objects: Objects, summary: ObjectSummary, viewer: Viewer) {
  const all = [...(await objects.list([], viewer))].sort(objectOrder('name', 'asc'));
  const at = all.findIndex(({ merged }) => merged.name === summary.merged.name);
  return at < 0
    ? { previous: undefined, next: undefined }
    : { previous: all[at - 1], next: all[at + 1] };
}

function toNeighbour(base: string, summary: ObjectSummary | undefined, state: TargetsState) {
  if (summary === undefined) return null;
  const { name } = summary.merged;
  return { name, url: targetUrl(base, name, state) };
}

interface Fact {
  readonly label: string;
  readonly text: string;
  readonly url: string;
}

/** The figures at the head of the page. */
function toFacts(base: string, { summary, best, instruments, nights }: ObjectReport): Fact[] {
  const dated = nights.filter(({ key }) => key !== null);
  const nightUrl = (night: string | null): string =>
    night === null ? '' : `${base}/nights/${night}/`;
  return [
    { label: 'open shutter', text: formatDuration(summary.exposureSec), url: '' },
    {
      label: summary.frames === 1 ? 'frame' : 'frames',
      text: formatCount(summary.frames),
      url: '',
    },
    { label: dated.length === 1 ? 'night' : 'nights', text: formatCount(dated.length), url: '' },
    { label: 'first night', text: summary.firstNight ?? NONE, url: nightUrl(summary.firstNight) },
    { label: 'last night', text: summary.lastNight ?? NONE, url: nightUrl(summary.lastNight) },
    {
      label: 'best FWHM',
      text: widthOf(best),
      url: best === undefined ? '' : `${base}/frames/${best.frameId}/`,
    },
    {
      label: instruments.length === 1 ? 'camera' : 'cameras',
      text: instruments.join(', ') || NONE,
      url: '',
    },
  ];
}

/** What the catalogue of names says, or that it says nothing. */
function toCatalogue({ summary, place }: ObjectReport): readonly { label: string; text: string }[] {
  const { target, names } = summary.merged;
  const where =
    place === undefined
      ? NONE
      : `${formatRa(place.raDeg)} ${formatDec(place.decDeg).replace('-', '−')}`;
  const rows = [
    { label: 'RA Dec', text: `${where}${place === undefined ? '' : ' ICRS'}` },
    { label: 'In frames', text: names.join(', ') },
  ];
  if (target === undefined) {
    return [
      ...rows,
      { label: 'Catalogue', text: 'does not know this name; the place is that of a frame' },
    ];
  }
  const { type, magnitude, sizeArcmin, aliases } = target;
  return [
    { label: 'Type', text: type },
    ...rows,
    ...(aliases.length === 0 ? [] : [{ label: 'Also', text: aliases.join(', ') }]),
    ...(magnitude === null ? [] : [{ label: 'Magnitude', text: formatNumber(magnitude, 1) }]),
    ...(sizeArcmin === null
      ? []
      : [{ label: 'Size', text: `${sizeArcmin.map((side) => formatNumber(side)).join(' × ')}′` }]),
  ];
}

function toMaps(base: string, { summary, place }: ObjectReport, fields: readonly ObjectField[]) {
  const { name } = summary.merged;
  const marks = place === undefined ? [] : [{ ...place, label: name, size: 9 }];
  return {
    sky: place === undefined ? null : skyMap({ marks, width: 296, label: `${name} on the sky` }),
    fields: toFieldMap(base, {
      name,
      place,
      fields,
      frames: summary.frames,
      isCut: fields.length === MOST_FIELDS,
    }),
  };
}

/** Filters down, years across. */
function toLight(base: string, report: ObjectReport, state: TargetsState) {
  const url = framesUrl(base, report.summary, state);
  const years = report.years.map(({ key }) => key);
  const cellUrl = (filter: string | null, year: string | null): string => {
    const parts = [
      ...(filter === null ? [] : [`FILTER=${encodeURIComponent(filter)}`]),
      ...(year === null ? [] : [`night_start=${year}-01-01&night_end=${year}-12-31`]),
    ];
    return [url, ...parts].join('&');
  };
  return {
    years: years.map((year) => ({ name: year ?? 'no date', url: cellUrl(null, year) })),
    rows: inSpectrum(report.filterYears, ({ filter }) => filter).map(({ filter, years: some }) => ({
      name: filter ?? 'no filter',
      slot: filterSlot(filter),
      url: cellUrl(filter, null),
      cells: years.map((year) => {
        const total = some.find(({ key }) => key === year);
        if (total === undefined) return null;
        return {
          hours: formatHourMinutes(total.exposureSec),
          frames: formatCount(total.frames),
          url: cellUrl(filter, year),
        };
      }),
      hours: formatHourMinutes(some.reduce((sum, { exposureSec }) => sum + exposureSec, 0)),
      frames: formatCount(some.reduce((sum, { frames }) => sum + frames, 0)),
    })),
    totals: report.years.map(({ exposureSec }) => formatHourMinutes(exposureSec)),
    hours: formatHourMinutes(report.summary.exposureSec),
    frames: formatCount(report.summary.frames),
  };
}

function toBest(base: string, frames: readonly ObjectFrame[]) {
  return frames.map((frame) => ({
    name: frame.basename,
    url: `${base}/frames/${frame.id}/`,
    thumbnail: thumbnailUrl(base, frame),
    filter: frame.filter ?? NONE,
    slot: filterSlot(frame.filter),
    exposure: frame.exposureSec === null ? '' : `${formatNumber(frame.exposureSec)}\u202fs`,
    fwhm: frame.fwhmArcsec === null && frame.fwhmPx === null ? '' : widthOf(frame),
    night: frame.night ?? NONE,
  }));
}

function toNights(base: string, { nights }: ObjectReport) {
  const dated = nights.filter(({ key }) => key !== null).reverse();
  const most = dated.reduce((max, { exposureSec }) => Math.max(max, exposureSec), 0);
  return {
    nights: dated.slice(0, NIGHTS).map(({ key, frames, exposureSec }) => ({
      night: key ?? NONE,
      url: `${base}/nights/${key ?? ''}/`,
      frames: formatCount(frames),
      hours: formatHourMinutes(exposureSec),
      share: most > 0 ? Math.round((exposureSec / most) * 100) : 0,
    })),
    moreNights: Math.max(0, dated.length - NIGHTS),
  };
}
