import { SCIENCE_KINDS } from '../catalog/index.js';
import type { ObjectReport, ObjectTotal } from '../objects/index.js';
import { targetSegment, type Target } from '../targets/index.js';

/** An object as the catalogue of names has it. */
export function toCatalogueShape(target: Target): Record<string, unknown> {
  return {
    name: target.name,
    aliases: target.aliases,
    type: target.type,
    ra: target.raDeg,
    dec: target.decDeg,
    magnitude: target.magnitude,
    size: target.sizeArcmin,
  };
}

/** An object of frames: what is told in lists, and its nights, newest first. */
export function toTargetShape(
  report: ObjectReport,
  root: string,
): { readonly shape: Record<string, unknown>; readonly nights: readonly unknown[] } {
  const { merged, frames, exposureSec, firstNight, lastNight } = report.summary;
  const { place, best } = report;
  const { target } = merged;
  const shape = {
    name: merged.name,
    names: merged.names,
    aliases: target?.aliases ?? [],
    in_catalogue: target !== undefined,
    type: target?.type ?? null,
    ra: place?.raDeg ?? null,
    dec: place?.decDeg ?? null,
    magnitude: target?.magnitude ?? null,
    size: target?.sizeArcmin ?? null,
    frames,
    hours: toHours(exposureSec),
    first_night: firstNight,
    last_night: lastNight,
    filters: report.filters.map((total) => toTotalShape('filter', total)),
    years: report.years.map((total) => toTotalShape('year', total)),
    filter_years: report.filterYears.flatMap(({ filter, years }) =>
      years.map((total) => ({ filter, ...toTotalShape('year', total) })),
    ),
    instruments: report.instruments,
    best_fwhm:
      best === undefined || best.fwhmArcsec === null
        ? null
        : { frame: best.frameId, fwhm: best.fwhmArcsec },
    url: `${root}targets/${targetSegment(merged.name)}/`,
    frames_url: `${root}frames/?target=${encodeURIComponent(merged.name)}&IMAGETYPE=${SCIENCE_KINDS.join(',')}`,
  };
  const nights = report.nights.map((total) => toTotalShape('night', total)).reverse();
  return { shape, nights };
}

function toTotalShape(
  name: string,
  { key, frames, exposureSec }: ObjectTotal,
): Record<string, unknown> {
  return { [name]: key, frames, hours: toHours(exposureSec) };
}

/** Hours to the ten-thousandth: a third of a second. */
function toHours(seconds: number): number {
  return Math.round((seconds / 3600) * 1e4) / 1e4;
}
