import type { RequestHandler } from 'express';
import { lookFrom, nightAt, type Night } from '../../almanac/index.js';
import { may } from '../../auth/index.js';
import {
  findFrames,
  listNightRows,
  listNightTotals,
  readEventSpan,
  type Frame,
  type NightRow,
  type Viewer,
} from '../../catalog/index.js';
import { findSite, type Site } from '../../config/index.js';
import { requireAction } from '../../http/index.js';
import { formatDate, nightOf } from '../../lib/time.js';
import { readDiskStates } from '../../status/index.js';
import { formatClock } from '../nights/words.js';
import { sendPage, type Web } from '../page.js';
import { countOf, filterSlot, formatNumber, formatNight, thumbnailUrl } from '../render.js';
import { cameraLines, endOf, fwhmOf, lastOfCameras, subjectOf } from './cameras.js';
import { drawRate, drawRoll } from './drawings.js';
import { darkLine, spanOf, stateOf } from './state.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Frames in the strip below the picture. */
const LATEST = 11;
/** The picture of the wall: as large as it is shown at 1440, twice as fine as a phone needs. */
const PICTURE_QUERY = 'width=1280&limits=zscale&stretch=linear';
const THIN = '\u202f';
/** A frame cannot come before it ends, nor can its clock be believed if it came much later. */
const MAX_DELAY_MS = 6 * 3_600_000;
/** How often a page without scripts asks again. */
const REFRESH_SEC = 30;

/** The sky over the site of tonight, as far as it is known. */
interface Place {
  readonly site: Site | undefined;
  readonly night: string;
  readonly sky: Night | undefined;
}

/** `GET /tonight/`: the night as it comes in, for a screen on the wall. */
export function showTonight(web: Web): RequestHandler {
  const { services, base } = web;
  const { catalog, config } = services;
  const findPlace = placeFinder(web);
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const nowMs = Date.now();
    // Before the frames: what comes in between is told of twice, but not missed.
    const { newest } = await readEventSpan(catalog);
    const place = await findPlace(nowMs, viewer);
    const { night, sky, site } = place;
    const rows = await listNightRows(catalog, night, viewer);
    const latest = [...rows].sort((a, b) => b.createdMs - a.createdMs || b.id - a.id);
    const shown = latest.slice(0, LATEST);
    const frames = await framesOf(web, [...shown, ...lastOfCameras(rows)], viewer);
    const idleMs = Math.max(config.NIGHT_GAP_MINUTES, config.TONIGHT_ALARM_MINUTES) * MINUTE_MS;
    const dark = sky?.dark ?? null;
    const model = {
      refreshSec: REFRESH_SEC,
      eventsUrl: `${base}/events/?after=${newest}`,
      nightUrl: rows.length > 0 ? `${base}/nights/${night}/` : '',
      nightsUrl: `${base}/nights/`,
      title: formatNight(night),
      sums: await sumsOf(web, rows, viewer),
      nowMs,
      dark: { ...darkLine(sky, nowMs), moon: moonOf(place, nowMs) },
      state: stateOf({
        nowMs,
        sky,
        alarmMinutes: config.TONIGHT_ALARM_MINUTES,
        last: lastOf(latest[0]),
        cameras: lastOfCameras(rows).length,
      }),
      since: latest[0] === undefined ? '' : spanOf(nowMs - latest[0].createdMs),
      cameras: cameraLines(rows, (id) => frames.get(id), {
        nowMs,
        idleMs,
        dark: dark !== null && dark.fromMs < nowMs ? dark : null,
      }),
      picture: latest[0] === undefined ? null : toPicture(base, latest[0], frames),
      strip: shown.map((row) => toThumbnail(base, row, frames)),
      rate: drawRate(
        rows.map(({ createdMs }) => createdMs),
        nowMs,
      ),
      roll: drawRoll(night, rows, sky, nowMs),
      siteName: site?.name || config.SITE_NAME,
    };
    await sendPage(web, req, res, 'tonight', { title: 'Tonight', place: 'tonight' }, model);
  };
}

/** Sun and Moon of a night never change: they are worked out once. */
function placeFinder({ services }: Web): (nowMs: number, viewer: Viewer) => Promise<Place> {
  const { catalog, config, nights } = services;
  const site = findSite(config.sites, config.SITE_ID) ?? config.sites[0];
  let kept: { readonly night: string; readonly sky: Night } | undefined;
  return async (nowMs, viewer) => {
    if (site !== undefined) {
      const night = nightOf(nowMs, site.longitudeDeg);
      if (kept?.night !== night) kept = { night, sky: nightAt(night, site, site.darkSunAltDeg) };
      return { site, night, sky: kept.sky };
    }
    // Nobody said where the site is: the frames may tell which night it is, and where.
    const [newest] = await listNightTotals(catalog, [], viewer);
    const here = nightOf(nowMs, 0);
    const isNow = newest !== undefined && newest.night >= formatDate(Date.parse(here) - DAY_MS);
    const night = isNow && newest.night <= formatDate(nowMs) ? newest.night : here;
    const asked = { nights: [night], conditions: [], seesRefused: false, seesNotes: false };
    const [told] = await nights.describe(asked, viewer);
    return { site, night, sky: told?.skies[0]?.sky };
  };
}

async function framesOf(
  { services }: Web,
  rows: readonly NightRow[],
  viewer: Viewer,
): Promise<ReadonlyMap<number, Frame>> {
  const ids = [...new Set(rows.map(({ id }) => id))];
  const frames = ids.length === 0 ? [] : await findFrames(services.catalog, ids, viewer);
  return new Map(frames.map((frame) => [frame.id, frame]));
}

/** Counts, and for admins how long the disk lasts. */
async function sumsOf(
  { services }: Web,
  rows: readonly NightRow[],
  viewer: Viewer,
): Promise<string> {
  const frames = countOf(rows.length, 'frame');
  if (!may(viewer, 'administer')) return frames;
  const disks = await readDiskStates(services.catalog, services.config);
  const disk = disks.find(({ place }) => place === 'archive');
  if (disk === undefined) return frames;
  const full = Math.round((1 - disk.freeBytes / disk.totalBytes) * 100);
  const { forecast } = disk;
  const left = forecast === null ? '' : `, ${countOf(forecast.nights, 'night')} left`;
  return `${frames} · disk ${full}${THIN}% full${left}`;
}

function moonOf({ site, sky }: Place, nowMs: number): string {
  if (site === undefined || sky === undefined) return '';
  const { moon } = lookFrom(site, nowMs);
  const lit = `${Math.round(moon.fraction * 100)}${THIN}% lit`;
  if (moon.altDeg > 0) return `Moon up, ${lit}`;
  const rise = sky.moonriseMs;
  return rise !== null && rise > nowMs ? `Moon rises ${formatClock(rise)}, ${lit}` : 'Moon set';
}

function lastOf(row: NightRow | undefined) {
  if (row === undefined) return undefined;
  const end = endOf(row);
  const delayMs = end === undefined ? null : row.createdMs - end;
  const isLikely = delayMs !== null && delayMs >= 0 && delayMs < MAX_DELAY_MS;
  return {
    cameMs: row.createdMs,
    instrument: row.instrument,
    delayMs: isLikely ? delayMs : null,
  };
}

function toPicture(base: string, row: NightRow, frames: ReadonlyMap<number, Frame>) {
  const frame = frames.get(row.id);
  const exposure = row.exposureSec === null ? '' : `${formatNumber(row.exposureSec)}${THIN}s`;
  const time =
    row.dateObsMs === null ? '' : `${new Date(row.dateObsMs).toISOString().slice(11, 19)} UTC`;
  return {
    url: `${base}/frames/${row.id}/`,
    src: frame === undefined ? '' : thumbnailUrl(base, frame, PICTURE_QUERY),
    width: frame?.width || 4,
    height: frame?.height || 3,
    subject: subjectOf(row),
    filter: row.filter ?? '',
    slot: filterSlot(row.filter),
    facts: [time, exposure, row.basename].filter((part) => part !== '').join(' · '),
    fwhm: fwhmOf(row),
  };
}

function toThumbnail(base: string, row: NightRow, frames: ReadonlyMap<number, Frame>) {
  const frame = frames.get(row.id);
  return {
    url: `${base}/frames/${row.id}/`,
    src: frame === undefined ? '' : thumbnailUrl(base, frame),
    slot: filterSlot(row.filter),
    filter: row.filter ?? '',
    subject: subjectOf(row),
    time: row.dateObsMs === null ? '' : formatClock(row.dateObsMs),
  };
}
