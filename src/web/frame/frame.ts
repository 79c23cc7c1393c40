import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import {
  findFrames,
  findUserById,
  findUsers,
  getFrame,
  listFrames,
  listHeaders,
  listVisibleCorrections,
  parseConditions,
  SORT_COLUMNS,
  type Correction,
  type Frame,
  type StoredHdu,
  type Viewer,
} from '../../catalog/index.js';
import {
  bodyText,
  isVisitor,
  lastValues,
  parameter,
  parseId,
  parseParameters,
  queryParameters,
  requireAction,
  requireCsrf,
} from '../../http/index.js';
import { hasCode } from '../../lib/errors.js';
import { formatInstant } from '../../lib/time.js';
import { parseRenderOptions } from '../../preview/index.js';
import { formatDec, formatRa } from '../../sky/index.js';
import { toCalibrations } from './calibrations.js';
import { findChecks, toChecks } from './checks.js';
import { hduShift, imagesOf, toForms, toSky, type Fact } from './frame-file.js';
import { toQuality } from './frame-quality.js';
import { NOTHING_TOLD, toSaid, type Told } from './frame-said.js';
import { toVersions } from './frame-versions.js';
import { toRows } from '../frames/frames.js';
import { parseListState, listUrl, withFilter } from '../frames/list-state.js';
import { goTo, sendPage, type Web } from '../page.js';
import { pictureFields, toPicture } from './picture.js';
import {
  countOf,
  filterSlot,
  formatBytes,
  formatCardValue,
  formatCount,
  formatDateTime,
  formatNight,
  formatNumber,
  kindLabel,
  NONE,
} from '../render.js';

/** Frames of a strip to either side, and room for frames that began at the same instant. */
const STRIP_SIDE = 6;
const SAME_INSTANT = 40;
/** Longest reason for deleting a frame, characters. */
const MAX_REASON = 500;

/** `GET /frames/<id>/`: one frame with its picture, facts, headers and relations. */
export function showFrame(web: Web): RequestHandler {
  return (req, res) => sendFrame(web, req, res, NOTHING_TOLD);
}

/** The page of a frame. @param told of a form that was sent from it and could not be done */
export async function sendFrame(web: Web, req: Request, res: Response, told: Told): Promise<void> {
  const { services, base } = web;
  const { catalog } = services;
  const viewer = requireAction(res, 'read');
  const frame = await getFrame(catalog, parseId(req.params.id), viewer);
  const parameters = queryParameters(req);
  // A choice that no picture can be drawn with is told, not shown as a broken picture.
  // Here `format` is that of the page.
  parseRenderOptions({ ...lastValues(parameters), format: '' });
  const isAsked = parameter(parameters, 'checks') !== '';
  const [hdus, related, users, night, uploader, found, calibrations, marks, versions] =
    await Promise.all([
      listHeaders(catalog, frame.version),
      findFrames(catalog, frame.relatedIds, viewer),
      findUsers(catalog, frame.basename, viewer).then((ids) => findFrames(catalog, ids, viewer)),
      findNeighbours(web, frame, viewer),
      frame.version.uploadedBy === null || isVisitor(viewer)
        ? undefined
        : findUserById(catalog, frame.version.uploadedBy),
      findChecks(web, frame, isAsked),
      services.calibrations.find(frame, viewer),
      listVisibleCorrections(catalog, frame, viewer),
      toVersions(web, frame, viewer),
    ]);
  const said = await toSaid(web, frame, marks, viewer, told);
  const quality = await toQuality(web, frame, viewer, told);
  const pageUrl = `${base}/frames/${frame.id}/`;
  const shift = hduShift(frame, hdus);
  const images = imagesOf(hdus).map((image) => ({ ...image, hdu: image.hdu + shift }));
  const from = parameter(parameters, 'from');
  const { version } = frame;
  const relatives = [...related, ...users];
  const relativeBytes = relatives.reduce(
    (sum, each) => sum + each.version.sizeBytes,
    version.sizeBytes,
  );
  await sendPage(
    web,
    req,
    res,
    'frame',
    { title: frame.basename, place: 'frames' },
    {
      frame,
      pageUrl,
      picture: toPicture(parameters, images, { pageUrl, pictureUrl: `${pageUrl}preview/` }),
      shape: pictureShape(frame),
      filter: { name: frame.filter ?? NONE, slot: filterSlot(frame.filter) },
      exposure: frame.exposureSec === null ? NONE : `${formatNumber(frame.exposureSec)}\u202fs`,
      kind: kindLabel(frame.imageKind),
      facts: toFacts(base, frame),
      sky: toSky(frame),
      forms: toForms(frame, hdus, pageUrl),
      checks: toChecks(found, hdus, pageUrl),
      conditions: toConditions(frame),
      kept: [
        { label: 'File', text: `${frame.basename}${version.extension}` },
        { label: 'Lies at', text: version.key },
        { label: 'sha256', text: version.sha256 },
        { label: 'md5', text: version.md5 },
        { label: 'crc32', text: version.crc32.toString(16).padStart(8, '0') },
      ],
      arrival: {
        version: version.number,
        by: isVisitor(viewer) ? '' : (uploader?.username ?? 'the archive itself'),
        at: formatDateTime(version.createdMs),
        as: isVisitor(viewer) ? '' : version.uploadName,
      },
      size: formatBytes(version.sizeBytes),
      downloadUrl: `${pageUrl}download/`,
      catalogUrl: hdus.some(({ name }) => name.toUpperCase() === 'CAT') ? `${pageUrl}catalog/` : '',
      named: toRows(base, related),
      users: toRows(base, users),
      calibrations: toCalibrations(base, frame, calibrations),
      bundle:
        relatives.length === 0
          ? null
          : {
              ids: [frame.id, ...relatives.map(({ id }) => id)],
              label: `With ${formatCount(relatives.length)} related · ${formatBytes(relativeBytes)}`,
            },
      header: toHeader(hdus, parameters, pageUrl, marks),
      versions,
      night,
      listUrl: backUrl(base, from),
      said,
      quality,
      deleteUrl: may(viewer, 'delete') ? `${pageUrl}delete/` : '',
    },
  );
}

/** `GET /frames/<id>/delete/`: asks before a frame is deleted. */
export function askDelete(web: Web): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'delete');
    const frame = await getFrame(web.services.catalog, parseId(req.params.id), viewer);
    const size = formatBytes(frame.version.sizeBytes);
    const days = web.services.config.TRASH_DAYS;
    await sendPage(
      web,
      req,
      res,
      'delete',
      { title: `Remove ${frame.basename}`, place: 'frames' },
      { frame, size, days: days === 0 ? '' : countOf(days, 'day'), maxReason: MAX_REASON },
    );
  };
}

/** `POST /frames/<id>/delete/`: moves it to the trash, and shows the night it was in. */
export function removeFrame(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'delete');
    requireCsrf(services, req, res);
    const frame = await getFrame(services.catalog, parseId(req.params.id), viewer);
    const reason = bodyText(req, 'reason').trim().slice(0, MAX_REASON);
    await services.trash.put(frame.id, viewer, reason);
    goTo(web, req, res, nightUrl(base, frame.night));
  };
}

/** Address of the list that `from` describes; '' if there is none, or someone wrote nonsense. */
function backUrl(base: string, from: string): string {
  if (from === '') return '';
  try {
    return listUrl(base, parseListState(parseParameters(from)));
  } catch (error) {
    if (hasCode(error, 'bad_request')) return '';
    throw error;
  }
}

function nightUrl(base: string, night: string | null): string {
  const state = parseListState(new Map());
  return listUrl(base, night === null ? state : withFilter(state, 'night', [night]));
}

function toFacts(base: string, frame: Frame): Fact[] {
  const { raDeg, decDeg } = frame;
  const camera = [frame.instrument, frame.telescope, frame.siteId].filter((text) => text !== '');
  return [
    {
      label: 'Start',
      text: frame.dateObsMs === null ? NONE : `${formatDateTime(frame.dateObsMs)} UTC`,
    },
    {
      label: 'Night',
      text: frame.night === null ? NONE : formatNight(frame.night),
      ...(frame.night === null ? {} : { url: nightUrl(base, frame.night) }),
    },
    { label: 'Camera', text: camera.length === 0 ? NONE : camera.join(', ') },
    {
      label: 'Size',
      text:
        frame.width === 0
          ? 'no image'
          : `${formatCount(frame.width)} × ${formatCount(frame.height)} px, binned ${frame.binningX}×${frame.binningY}`,
    },
    {
      label: 'Pointing',
      text:
        raDeg === null || decDeg === null
          ? NONE
          : `${formatRa(raDeg)} ${formatDec(decDeg).replace('-', '−')} ICRS`,
    },
    ...(frame.proposal === null ? [] : [{ label: 'Proposal', text: frame.proposal }]),
    ...(frame.requestNumber === null ? [] : [{ label: 'Request', text: frame.requestNumber }]),
    { label: 'Read as', text: `${frame.profile} header, type ${frame.imageType ?? 'not given'}` },
  ];
}

/** Figures of the moment of exposure, as far as the header has them. */
function toConditions(frame: Frame): { label: string; text: string }[] {
  const figures: readonly (readonly [string, number | null, number, string])[] = [
    ['airmass', frame.airmass, 2, ''],
    ['altitude', frame.altDeg, 0, '°'],
    ['camera', frame.ccdTempC, 1, '\u202f°C'],
    ['mean, ct', frame.dataMean, 0, ''],
    ['gain, e/ct', frame.gain, 2, ''],
    ['Moon up', frame.moonAltDeg, 0, '°'],
    ['Moon away', frame.moonDistanceDeg, 0, '°'],
  ];
  return figures.flatMap(([label, value, decimals, unit]) =>
    value === null ? [] : [{ label, text: `${formatNumber(value, decimals)}${unit}` }],
  );
}

/** Width and height for the place of the picture before its bytes are there. */
function pictureShape(frame: Frame): { width: number; height: number } {
  const isKnown = frame.width > 0 && frame.height > 0;
  const ratio = isKnown ? Math.min(4, Math.max(0.1, frame.height / frame.width)) : 0.75;
  return { width: 1024, height: Math.round(1024 * ratio) };
}

/** The cards of one HDU, and links to the others. */
function toHeader(
  hdus: readonly StoredHdu[],
  parameters: ReadonlyMap<string, readonly string[]>,
  pageUrl: string,
  corrections: readonly Correction[],
) {
  const marks = new Map(corrections.map((each) => [each.keyword, toMark(each)]));
  const find = parameter(parameters, 'hq');
  const wanted = parameter(parameters, 'header');
  const images = imagesOf(hdus);
  const shown =
    hdus.find(({ hdu }) => String(hdu) === wanted) ??
    hdus.find(({ hdu }) => hdu === images[0]?.hdu) ??
    hdus[0];
  const all = (shown?.cards ?? [])
    .filter(({ keyword, kind, value }) => keyword !== '' || (kind === 'commentary' && value !== ''))
    .map((card) => ({
      keyword: card.keyword,
      value: formatCardValue(card),
      comment: card.comment,
      mark: marks.get(card.keyword.toUpperCase()) ?? '',
    }));
  const here = new Set(
    hdus.flatMap(({ cards }) => cards.map((card) => card.keyword.toUpperCase())),
  );
  const word = find.toLowerCase();
  const cards = all.filter(({ keyword, value, comment }) =>
    [keyword, value, comment].some((text) => text.toLowerCase().includes(word)),
  );
  const link = (hdu: number): string => {
    const query = new URLSearchParams();
    for (const { name, value } of pictureFields(parameters)) query.set(name, value);
    if (find !== '') query.set('hq', find);
    query.set('header', String(hdu));
    return `${pageUrl}?${query.toString()}#header`;
  };
  return {
    find,
    hdu: shown?.hdu ?? 0,
    isChosen: wanted !== '',
    hidden: pictureFields(parameters),
    cards,
    // Of what the file does not say at all there is no card to mark.
    added: corrections
      .filter(({ keyword, value }) => value !== null && !here.has(keyword))
      .map((each) => ({ keyword: each.keyword, mark: toMark(each) })),
    total: all.length,
    hdus: hdus.map(({ hdu, name, kind, axes }) => ({
      label: name === '' ? `HDU ${hdu}` : `HDU ${hdu} ${name}`,
      what: [kind.replace('-', ' '), axes.join('×')].filter((text) => text !== '').join(' '),
      url: link(hdu),
      isShown: hdu === shown?.hdu,
    })),
  };
}

/** What a person set right, and who, if that may be told. */
function toMark({ value, by, atMs }: Correction): string {
  const now = value === null ? 'taken as absent' : `set to ${String(value)}`;
  return `${now}${by === '' ? '' : ` by ${by}`}, ${formatDateTime(atMs)} UTC`;
}

/** Frames of the same night before and after this one, and its place among them. */
async function findNeighbours({ services, base }: Web, frame: Frame, viewer: Viewer) {
  const { night, dateObsMs } = frame;
  if (night === null || dateObsMs === null) return null;
  const column = SORT_COLUMNS.DATE_OBS ?? 'frames.date_obs_ms';
  const list = (bound: 'start' | 'end', limit: number) => {
    const conditions = parseConditions(
      new Map([
        ['night', [night]],
        [bound, [formatInstant(dateObsMs)]],
      ]),
    );
    const order = { column, descending: bound === 'end' };
    return listFrames(services.catalog, { conditions, order, limit, offset: 0 }, viewer);
  };
  const [until, since] = await Promise.all([
    list('end', STRIP_SIDE + SAME_INSTANT),
    list('start', STRIP_SIDE + SAME_INSTANT),
  ]);
  const compare = (a: Frame, b: Frame): number =>
    (a.dateObsMs ?? 0) - (b.dateObsMs ?? 0) || a.id - b.id;
  const before = until.items.filter((other) => compare(other, frame) < 0).sort(compare);
  const after = since.items.filter((other) => compare(other, frame) > 0);
  const sameInstant = until.items.filter((other) => other.dateObsMs === dateObsMs);
  const strip = [...before.slice(-STRIP_SIDE), frame, ...after.slice(0, STRIP_SIDE)];
  const isLater = (other: Frame): boolean => compare(other, frame) > 0;
  const place = until.total - sameInstant.filter(isLater).length;
  const url = (other: Frame | undefined): string =>
    other === undefined ? '' : `${base}/frames/${other.id}/`;
  return {
    place: formatCount(place),
    total: formatCount(until.total + since.total - sameInstant.length),
    label: formatNight(night),
    date: night,
    url: nightUrl(base, night),
    backUrl: url(before.at(-1)),
    nextUrl: url(after[0]),
    strip: toRows(base, strip).map((row) => ({ ...row, isThis: row.id === frame.id })),
  };
}
