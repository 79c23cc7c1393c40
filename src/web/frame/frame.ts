import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import {
  findFrames,
  findKeptByKey,
  findUserById,
  findUsers,
  findUsualOf,
  getFrame,
  listHeaders,
  listVisibleCorrections,
  listVisibleSteps,
  type Frame,
  type StoredHdu,
} from '../../catalog/index.js';
import {
  bodyText,
  isVisitor,
  lastValues,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireCsrf,
} from '../../http/index.js';
import { parseRenderOptions } from '../../preview/index.js';
import { toRows } from '../frames/frames.js';
import { goTo, sendPage, type Web } from '../page.js';
import {
  countOf,
  filterSlot,
  formatBytes,
  formatCount,
  formatDateTime,
  formatNumber,
  kindLabel,
  NONE,
} from '../render.js';
import { chosenIds, toCalibrations } from './calibrations.js';
import { findChecks, toChecks } from './checks.js';
import { toFacts, toFigures, toKept, toMap } from './facts.js';
import { imagesOf, toForms, toSky } from './frame-file.js';
import { toQuality } from './frame-quality.js';
import { NOTHING_TOLD, toSaid, type Told } from './frame-said.js';
import { toOtherNames, toVersions } from './frame-versions.js';
import { findOther, toHeader, toHistory } from './header.js';
import { backUrl, findStrip, nightListUrl } from './strip.js';
import { cutFields, toViewer } from './viewer.js';

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
  const from = parameter(parameters, 'from');
  const [hdus, related, users, strip, uploader, found, calibrations, marks, versions, other, kept] =
    await Promise.all([
      listHeaders(catalog, frame.version),
      findFrames(catalog, frame.relatedIds, viewer),
      findUsers(catalog, frame.basename, viewer).then((ids) => findFrames(catalog, ids, viewer)),
      findStrip(web, frame, from, viewer),
      frame.version.uploadedBy === null || isVisitor(viewer)
        ? undefined
        : findUserById(catalog, frame.version.uploadedBy),
      findChecks(web, frame, isAsked),
      services.calibrations.find(frame, viewer),
      listVisibleCorrections(catalog, frame, viewer),
      toVersions(web, frame, viewer),
      findOther(web, frame, parameters, viewer),
      isVisitor(viewer) ? undefined : findKeptByKey(catalog, frame.version.key),
    ]);
  const [steps, said, quality, chosen, usual, otherNames] = await Promise.all([
    listVisibleSteps(catalog, frame, viewer),
    toSaid(web, frame, marks, viewer, told),
    toQuality(web, frame, viewer, told),
    findFrames(catalog, chosenIds(calibrations), viewer),
    findUsualOf(catalog, frame.id),
    toOtherNames(web, frame, viewer),
  ]);
  const pageUrl = `${base}/frames/${frame.id}/`;
  const { version } = frame;
  const relatives = [...related, ...users];
  const address = req.originalUrl.slice(req.originalUrl.indexOf('?') + 1);
  await sendPage(
    web,
    req,
    res,
    'frame',
    { title: frame.basename, place: 'frames' },
    {
      frame,
      pageUrl,
      state: req.method === 'GET' && req.originalUrl.includes('?') ? address : '',
      picture: toViewer(frame, hdus, parameters, { pageUrl }),
      noPicture: toNoPicture(frame, hdus, found),
      cutFields: cutFields(parameters),
      filter: { name: frame.filter ?? NONE, slot: filterSlot(frame.filter) },
      exposure: frame.exposureSec === null ? NONE : `${formatNumber(frame.exposureSec)}\u202fs`,
      kind: kindLabel(frame.imageKind),
      facts: toFacts(base, frame),
      sky: toSky(frame),
      map: toMap(frame),
      forms: toForms(frame, hdus, pageUrl),
      checks: toChecks(found, hdus, pageUrl),
      figures: toFigures(frame, quality.measures, usual),
      kept: toKept(frame, kept),
      arrival: {
        version: version.number,
        by: isVisitor(viewer) ? '' : (uploader?.username ?? 'the archive itself'),
        at: formatDateTime(version.createdMs),
        as: isVisitor(viewer) ? '' : version.uploadName,
        again: otherNames,
      },
      size: formatBytes(version.sizeBytes),
      downloadUrl: `${pageUrl}download/`,
      js9Url: imagesOf(hdus).length === 0 ? '' : `${pageUrl}js9/`,
      blinkUrl: other === null ? '' : `${base}/blink/?ids=${other.frame.id},${frame.id}`,
      catalogUrl: hdus.some(({ name }) => name.toUpperCase() === 'CAT') ? `${pageUrl}catalog/` : '',
      named: toRows(base, related),
      users: toRows(base, users),
      calibrations: toCalibrations(base, frame, calibrations, chosen),
      bundle: toBundle(frame, relatives),
      header: toHeader(frame, hdus, { parameters, pageUrl, corrections: marks, other }),
      history: toHistory(steps, hdus),
      versions,
      strip,
      listUrl: backUrl(base, from),
      said,
      quality,
      deleteUrl: may(viewer, 'delete') ? `${pageUrl}delete/` : '',
    },
  );
}

/** A frame with those that it was made from, and those made from it, as one zip. */
function toBundle(frame: Frame, relatives: readonly Frame[]) {
  if (relatives.length === 0) return null;
  const bytes = [frame, ...relatives].reduce((sum, { version }) => sum + version.sizeBytes, 0);
  return {
    ids: [frame.id, ...relatives.map(({ id }) => id)],
    label: `With ${formatCount(relatives.length)} related · ${formatBytes(bytes)}`,
  };
}

/** Why there is no picture, as far as that is known before one is drawn; null if nothing speaks against it. */
function toNoPicture(
  frame: Frame,
  hdus: readonly StoredHdu[],
  found: Awaited<ReturnType<typeof findChecks>>,
) {
  const issues = found === null || typeof found === 'string' ? [] : found;
  const size = formatBytes(frame.version.sizeBytes);
  if (issues.some(({ code }) => code === 'truncated')) {
    return { text: `The file ends after ${size}, before its image does. The header can be read.` };
  }
  if (imagesOf(hdus).length > 0) return null;
  const tables = hdus.filter(({ kind }) => kind.endsWith('table')).length;
  return {
    text:
      tables === 0
        ? 'The file has no image. Its header can be read.'
        : `The file has no image, only ${countOf(tables, 'table')}. ${tables === 1 ? 'It is' : 'They are'} below as CSV.`,
  };
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
    goTo(web, req, res, nightListUrl(base, frame.night));
  };
}
