import type { NightPart } from '../catalog/index.js';
import { formatInstant } from '../lib/time.js';
import { targetSegment } from '../targets/index.js';
import type {
  FilterSum,
  Gap,
  InstrumentUse,
  Missing,
  NightMedians,
  NightOverview,
  NightReport,
  NightSummary,
  NightTarget,
  RefusedUpload,
  SiteNight,
} from '../nights/index.js';

type Shape = Record<string, unknown>;

/** A night as lists have it. */
export function toSummaryShape(night: NightSummary, root: string): Shape {
  const { span } = night;
  return {
    night: night.night,
    frames: night.frames,
    first: toTime(span?.firstMs ?? null),
    last: toTime(span?.lastMs ?? null),
    ...toCountsShape(night.parts),
    hours: toHours(night.targets.reduce((sum, { exposureSec }) => sum + exposureSec, 0)),
    targets: night.targets.map((target) => toTargetShape(target, root)),
    url: `${root}nights/${night.night}/`,
  };
}

/** Nights whose details are told in one answer: each is put together from all its frames. */
export const MAX_DETAILED = 100;

/** What a list tells of a night on demand: how it was used, and what was found of how many frames. */
export function toDetailsShape(night: NightOverview): Shape {
  const found = new Map<string, number>();
  for (const code of night.exposures.flatMap(({ doubts }) => doubts))
    found.set(code, (found.get(code) ?? 0) + 1);
  const findings = [...found].map(([code, frames]) => ({ code, frames }));
  return {
    use: night.instruments.map(toUseShape),
    medians: night.leading === undefined ? null : toMediansShape(night.leading),
    findings: findings.sort((a, b) => b.frames - a.frames || (a.code < b.code ? -1 : 1)),
    quarantined: night.refused,
    notes: night.notes?.length ?? null,
  };
}

/** All that is to be told of a night. */
export function toNightShape(
  report: NightReport,
  around: { readonly previous: string | null; readonly next: string | null },
  root: string,
): Shape {
  const { rows } = report;
  const dates = rows.flatMap(({ dateObsMs }) => dateObsMs ?? []);
  const nameOf = new Map(rows.map(({ id, basename }) => [id, basename]));
  return {
    night: report.night,
    ...around,
    frames: report.parts.reduce((sum, { frames }) => sum + frames, 0),
    first: toTime(dates[0] ?? null),
    last: toTime(dates.at(-1) ?? null),
    ...toCountsShape(report.parts),
    setups: report.parts.map(toSetupShape),
    hours: toHours(report.targets.reduce((sum, { exposureSec }) => sum + exposureSec, 0)),
    targets: report.targets.map((target) => toTargetShape(target, root)),
    sites: report.skies.map(toSiteShape),
    use: report.instruments.map(toUseShape),
    medians: report.medians.map(toMediansShape),
    findings: report.findings.map(({ frameId, code, level, text }) => ({
      frame: frameId,
      basename: nameOf.get(frameId) ?? '',
      code,
      level,
      text,
    })),
    unmeasured: report.unmeasured,
    missing: report.missing.map(toMissingShape),
    quarantine: report.refused?.map(toRefusedShape) ?? null,
    notes:
      report.notes?.map(({ id, text, by, atMs }) => ({ id, text, by, at: toTime(atMs) })) ?? null,
    frames_url: `${root}frames/?night=${report.night}`,
    report_url: `${root}nights/${report.night}/report/`,
  };
}

/** How many frames of each type, filter and instrument. */
function toCountsShape(parts: readonly NightPart[]): Shape {
  const count = (keyOf: (part: NightPart) => string | null): Shape[] => {
    const sums = new Map<string | null, number>();
    for (const part of parts) {
      sums.set(keyOf(part), (sums.get(keyOf(part)) ?? 0) + part.frames);
    }
    const sorted = [...sums].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
    return sorted.map(([value, frames]) => ({ value, frames }));
  };
  return {
    types: count(({ imageKind }) => imageKind),
    filters: count(({ filter }) => filter),
    instruments: count(({ instrument }) => instrument),
  };
}

function toSetupShape(part: NightPart): Shape {
  return {
    site: part.siteId,
    telescope: part.telescope,
    instrument: part.instrument,
    type: part.imageKind,
    filter: part.filter,
    RLEVEL: part.reductionLevel,
    frames: part.frames,
  };
}

function toTargetShape(
  { name, names, frames, exposureSec, filters }: NightTarget,
  root: string,
): Shape {
  return {
    name,
    names,
    frames,
    hours: toHours(exposureSec),
    filters: filters.map((sum: FilterSum) => ({
      filter: sum.filter,
      frames: sum.frames,
      hours: toHours(sum.exposureSec),
    })),
    url: `${root}targets/${targetSegment(name)}/`,
  };
}

function toSiteShape({ siteId, name, timeZone, sky }: SiteNight): Shape {
  const toCrossing = ({
    eveningMs,
    morningMs,
  }: {
    eveningMs: number | null;
    morningMs: number | null;
  }): Shape => ({
    evening: toTime(eveningMs),
    morning: toTime(morningMs),
  });
  return {
    site: siteId,
    name,
    time_zone: timeZone,
    sunset: toTime(sky.sunset.eveningMs),
    sunrise: toTime(sky.sunset.morningMs),
    civil: toCrossing(sky.civil),
    nautical: toCrossing(sky.nautical),
    astronomical: toCrossing(sky.astronomical),
    dark: sky.dark === null ? null : { from: toTime(sky.dark.fromMs), to: toTime(sky.dark.toMs) },
    dark_hours: round(sky.darkHours, 4),
    moonless_hours: round(sky.moonlessHours, 4),
    moonrise: toTime(sky.moonriseMs),
    moonset: toTime(sky.moonsetMs),
    moon_fraction: round(sky.moonFraction, 3),
    word: sky.word,
  };
}

function toUseShape(use: InstrumentUse): Shape {
  return {
    site: use.siteId,
    telescope: use.telescope,
    instrument: use.instrument,
    frames: use.frames,
    open_hours: toHours(use.openSec),
    used: use.used === null ? null : round(use.used, 4),
    gaps: use.gaps?.map((gap) => toGapShape(gap, use.instrument)) ?? null,
    unused: use.unused?.map((gap) => toGapShape(gap, use.instrument)) ?? null,
  };
}

function toGapShape(gap: Gap, instrument: string): Shape {
  const [from, to] = [formatInstant(gap.fromMs), formatInstant(gap.toMs)];
  const clock = (instant: string): string => instant.slice(11, 16);
  const why = gap.why === 'clouds' ? ', with clouds around it' : '';
  const where = [
    ...(gap.afterFrame === null ? ['before its first'] : []),
    ...(gap.beforeFrame === null ? ['after its last'] : []),
  ];
  const edge = where.length === 1 ? ` ${where.join()}` : '';
  return {
    from,
    to,
    minutes: gap.minutes,
    after: gap.afterFrame,
    before: gap.beforeFrame,
    why: gap.why,
    needs_hand: gap.needsHand,
    text: `${instrument}: no frame for ${gap.minutes} min${edge}, ${clock(from)} to ${clock(to)} UTC${why}`,
  };
}

function toMediansShape(medians: NightMedians): Shape {
  return {
    instrument: medians.instrument,
    filter: medians.filter,
    binning: medians.binning,
    frames: medians.frames,
    fwhm: orNull(medians.fwhmArcsec, 3),
    fwhm_usual: orNull(medians.usualFwhmArcsec, 3),
    fwhm_px: orNull(medians.fwhmPx, 3),
    fwhm_px_usual: orNull(medians.usualFwhmPx, 3),
    hfr_px: orNull(medians.hfrPx, 3),
    hfr_px_usual: orNull(medians.usualHfrPx, 3),
    elongation: orNull(medians.elongation, 3),
    elongation_usual: orNull(medians.usualElongation, 3),
    background: orNull(medians.background, 3),
    background_usual: orNull(medians.usualBackground, 3),
    stars: medians.stars,
    stars_usual: medians.usualStars,
    transparency: orNull(medians.transparency, 3),
    transparency_usual: orNull(medians.usualTransparency, 3),
  };
}

function toMissingShape({ kind, siteId, telescope, instrument, of, text }: Missing): Shape {
  return { kind, site: siteId, telescope, instrument, of, text };
}

function toRefusedShape({ id, uploadName, code, reason, createdMs }: RefusedUpload): Shape {
  return { id, name: uploadName, code, reason, created: toTime(createdMs) };
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : formatInstant(ms);
}

/** Hours to the ten-thousandth: a third of a second. */
function toHours(seconds: number): number {
  return round(seconds / 3600, 4);
}

function orNull(value: number | null, digits: number): number | null {
  return value === null ? null : round(value, digits);
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
