import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../auth/index.js';
import {
  listNightDetails,
  listNightNotes,
  type NightDetail,
  type Viewer,
} from '../../catalog/index.js';
import { parameter, queryParameters, requireAction } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { groupBy } from '../../lib/groups.js';
import { parseDate } from '../../lib/time.js';
import type { NightReport, Nights } from '../../nights/index.js';
import { sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatCount, formatNight } from '../render.js';
import { toMatrix } from './calibrations.js';
import { joinNight, listOf, type NightData } from './data.js';
import { sizesOf, stateOf, toFacts } from './facts.js';
import { toIntegration } from './integration.js';
import { toNotes, type ToldNote } from './notes.js';
import { parsePlots, toPlots } from './plots.js';
import { toTimeline } from './timeline.js';

/** Frames whose findings are told one by one. */
const MOST_FINDINGS = 5;
const MOST_REFUSED = 8;

/** Sends the page of a night. @param told of a note that was sent from it and could not be written */
type SendNight = (req: Request, res: Response, told: ToldNote | null) => Promise<void>;

/** `GET /nights/<date>/`: everything about one night. */
export function showNight(web: Web): RequestHandler {
  const send = sendNight(web);
  return (req, res) => send(req, res, null);
}

/** The night that an address names. @throws 'not_found' for what is no date: nothing is there */
export function requireNight(req: Request): string {
  const night = String(req.params.night);
  if (parseDate(night) === night) return night;
  throw new AppError('not_found', 'Not found. A night is called by its date: 2026-03-01.');
}

/** Makes the sender of nights. */
export function sendNight(web: Web): SendNight {
  const { nights } = web.services;
  return async (req, res, told) => {
    const viewer = requireAction(res, 'read');
    const night = requireNight(req);
    const options = { seesRefused: may(viewer, 'upload'), seesNotes: may(viewer, 'read-notes') };
    const [report, around, details] = await Promise.all([
      nights.find(night, options, viewer),
      nights.around(night, viewer),
      listNightDetails(web.services.catalog, night, viewer),
    ]);
    const frame = { ...toHead(web, night, around), ...sheetOf(req) };
    const title = `Night of ${night}`;
    const shown =
      report === undefined || report.rows.length === 0
        ? await toEmpty(web, night, report, viewer, told)
        : await toWhole(web, req, { report, details, viewer, told });
    if (report === undefined && told === null) res.status(404);
    await sendPage(web, req, res, 'night', { title, place: 'nights' }, { ...frame, ...shown });
  };
}

/** The title with the ways to the nights around. */
function toHead({ base }: Web, night: string, around: Awaited<ReturnType<Nights['around']>>) {
  const link = (other: string | null) =>
    other === null
      ? null
      : { url: `${base}/nights/${other}/`, label: formatNight(other), date: other };
  return {
    night,
    label: formatNight(night),
    url: `${base}/nights/${night}/`,
    previous: link(around.previous),
    next: link(around.next),
    nightsUrl: `${base}/nights/`,
  };
}

/** Whether the page is to look on the screen as it does on paper. */
function sheetOf(req: Request): { readonly isSheet: boolean } {
  return { isSheet: parameter(queryParameters(req), 'sheet') !== '' };
}

/** A night without frames: what is known of it nevertheless. */
async function toEmpty(
  web: Web,
  night: string,
  report: NightReport | undefined,
  viewer: Viewer,
  told: ToldNote | null,
) {
  const seesNotes = may(viewer, 'read-notes');
  const notes = seesNotes ? await listNightNotes(web.services.catalog, night, viewer) : null;
  return {
    whole: null,
    notes: toNotes(web, night, notes, viewer, told),
    refused: toRefused(web, report),
    mayUpload: may(viewer, 'upload'),
  };
}

async function toWhole(
  web: Web,
  req: Request,
  parts: {
    readonly report: NightReport;
    readonly details: ReadonlyMap<number, NightDetail>;
    readonly viewer: Viewer;
    readonly told: ToldNote | null;
  },
) {
  const { services } = web;
  const { report, details, viewer, told } = parts;
  const asked = queryParameters(req);
  const data = joinNight(web, report, details);
  const [plots, matrix] = await Promise.all([
    toPlots(services.catalog, data, parsePlots(asked)),
    toMatrix(web, data, viewer),
  ]);
  return {
    whole: {
      state: stateOf(data, Date.now()),
      facts: toFacts(data),
      timeline: toTimeline(data, services.config),
      integration: toIntegration(data, parameter(asked, 'only') === 'missing'),
      plots,
      matrix,
      findings: toFindings(data),
      ...toLinks(data),
    },
    notes: toNotes(web, report.night, report.notes, viewer, told),
    refused: toRefused(web, report),
    mayUpload: may(viewer, 'upload'),
  };
}

/** Buttons of the night: lists, and what it can be had as. */
function toLinks(data: NightData) {
  const { base, night, rows } = data;
  const sizes = sizesOf(data);
  const science = rows.filter(({ isScience }) => isScience).length;
  const zip = (more: string): string => `${base}/frames/zip/?night=${night}${more}`;
  const ofScience = '&IMAGETYPE=object&IMAGETYPE=standard';
  return {
    frames: formatCount(rows.length),
    framesUrl: listOf(data),
    sheetUrl: listOf(data, { view: 'sheet' }),
    download: { url: zip(''), size: formatBytes(sizes.all) },
    downloads: [
      {
        label: 'Whole night',
        what: `${countOf(rows.length, 'frame')}, ${formatBytes(sizes.all)}`,
        url: zip(''),
      },
      {
        label: 'Whole night, and the calibrations of other nights',
        what: `${formatBytes(sizes.all)} and what it still needs`,
        url: zip('&calibrations=true'),
      },
      ...(science === 0
        ? []
        : [
            {
              label: 'Science frames',
              what: `${countOf(science, 'frame')}, ${formatBytes(sizes.science)}`,
              url: zip(ofScience),
            },
            {
              label: 'Science frames with their calibrations',
              what: `${formatBytes(sizes.science)} and what they need`,
              url: zip(`${ofScience}&calibrations=true`),
            },
          ]),
      { label: 'Whole night, unpacked files', what: 'as .fits', url: zip('&uncompress=true') },
      {
        label: 'Script that fetches it',
        what: 'resumes where it broke',
        url: zip('&format=script'),
      },
    ],
  };
}

/** What the archive found odd, a line for each frame, the worst first. */
function toFindings({ base, rows, report, night }: NightData) {
  const told = report.findings.filter(({ level }) => level !== 'note');
  const codes = [...new Set(told.map(({ code }) => code))];
  const nameOf = new Map(rows.map((row) => [row.id, row]));
  const frames = [...groupBy(told, ({ frameId }) => frameId)];
  return {
    total: countOf(frames.length, 'frame'),
    items: frames.slice(0, MOST_FINDINGS).map(([frameId, some]) => ({
      number: nameOf.get(frameId)?.number ?? '',
      target: nameOf.get(frameId)?.target ?? '',
      url: `${base}/frames/${frameId}/`,
      isBad: some.some(({ level }) => level === 'error'),
      text: some.map(({ text }) => text).join(' '),
    })),
    more: frames.length > MOST_FINDINGS ? formatCount(frames.length - MOST_FINDINGS) : '',
    allUrl: listOf({ base, night }, { finding: codes.join(',') }),
  };
}

/** Files of the night that wait for someone; null if there are none, or they are not for the viewer. */
function toRefused({ base }: Web, report: NightReport | undefined) {
  const refused = report?.refused ?? [];
  if (refused.length === 0) return null;
  return {
    total: formatCount(refused.length),
    items: refused
      .slice(0, MOST_REFUSED)
      .map(({ uploadName, reason }) => ({ name: uploadName, reason })),
    more: refused.length > MOST_REFUSED ? formatCount(refused.length - MOST_REFUSED) : '',
    url: `${base}/quarantine/`,
  };
}
