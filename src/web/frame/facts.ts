import type { Frame, FrameMeasures, KeptUsual, KeptVersion } from '../../catalog/index.js';
import { formatDec, formatRa } from '../../sky/index.js';
import { skyMap, type SkyMap } from '../sky-map.js';
import {
  formatCount,
  formatDateTime,
  formatHourMinutes,
  formatNight,
  formatNumber,
  kindLabel,
  NONE,
} from '../render.js';
import type { Fact } from './frame-file.js';

/** Figures beside the name of a frame. */
const MOST_FIGURES = 4;
const MAP_WIDTH = 148;
const DAY_MS = 86_400_000;

/** A number that one sees first, and what it is. */
export interface Figure {
  readonly text: string;
  /** With what is usual where that is known. */
  readonly label: string;
}

/** How good a frame is, in four figures: measured ones first, then what its header says. */
export function toFigures(
  frame: Frame,
  measures: FrameMeasures | undefined,
  usual: KeptUsual | undefined,
): Figure[] {
  const middle = (name: string): number | null => {
    const quantiles = usual?.quantiles[name];
    return quantiles?.[Math.floor(quantiles.length / 2)] ?? null;
  };
  const beside = (label: string, value: string): string =>
    value === NONE ? label : `${label}, usual ${value}`;
  const fwhm = measures?.fwhmPx ?? null;
  // What is usual is kept in pixels.
  const scale = fwhm === null ? null : (measures?.fwhmArcsec ?? NaN) / fwhm;
  const inArcsec = scale !== null && Number.isFinite(scale);
  const width = (px: number | null): string =>
    px === null
      ? NONE
      : inArcsec
        ? `${formatNumber(px * scale, 1)}″`
        : `${formatNumber(px, 1)}\u202fpx`;
  const whole = (value: number | null | undefined): string =>
    value === null || value === undefined ? NONE : formatCount(Math.round(value));
  const alt = frame.altDeg === null ? '' : `, alt ${formatNumber(frame.altDeg, 0)}°`;
  const all: readonly Figure[] = [
    { text: width(fwhm), label: beside('FWHM', width(middle('fwhm'))) },
    { text: formatNumber(frame.airmass, 2), label: `airmass${alt}` },
    {
      text: whole(measures?.background),
      label: beside('sky, ct / pixel', whole(middle('background'))),
    },
    { text: whole(measures?.stars), label: beside('stars', whole(middle('stars'))) },
    { text: withUnit(frame.ccdTempC, 1, '\u202f°C'), label: 'camera' },
    { text: formatNumber(frame.dataMean, 0), label: 'mean, ct / pixel' },
    { text: formatNumber(frame.gain, 2), label: 'gain, e⁻ / ct' },
  ];
  return all.filter(({ text }) => text !== NONE).slice(0, MOST_FIGURES);
}

function withUnit(value: number | null, decimals: number, unit: string): string {
  return value === null ? NONE : `${formatNumber(value, decimals)}${unit}`;
}

/** What is known of a frame, line by line. */
export function toFacts(base: string, frame: Frame): Fact[] {
  const { raDeg, decDeg, night } = frame;
  const place = [frame.telescope, frame.siteId].filter((text) => text !== '');
  const camera = frame.instrument === '' && place.length > 0 ? 'not named' : frame.instrument;
  const named = [camera, ...place].filter((text) => text !== '');
  const size =
    frame.width === 0
      ? 'no image'
      : `${formatCount(frame.width)} × ${formatCount(frame.height)} px, binned ${frame.binningX}×${frame.binningY}`;
  const temperature = frame.ccdTempC === null ? '' : `, ${withUnit(frame.ccdTempC, 1, '\u202f°C')}`;
  return [
    {
      label: 'Start',
      text: frame.dateObsMs === null ? NONE : `${formatDateTime(frame.dateObsMs)} UTC`,
    },
    {
      label: 'Night',
      text: night === null ? NONE : formatNight(night),
      ...(night === null ? {} : { url: `${base}/nights/${night}/` }),
    },
    { label: 'Camera', text: named.length === 0 ? NONE : `${named.join(', ')}${temperature}` },
    { label: 'Size', text: size },
    {
      label: 'Pointing',
      text:
        raDeg === null || decDeg === null
          ? NONE
          : `${formatRa(raDeg)} ${formatDec(decDeg).replace('-', '−')} ICRS`,
    },
    ...siderealFacts(frame),
    ...moonFacts(frame),
    ...(frame.proposal === null ? [] : [{ label: 'Proposal', text: proposalText(frame) }]),
    ...(frame.requestNumber === null ? [] : [{ label: 'Request', text: frame.requestNumber }]),
    {
      label: 'Read as',
      text: `${frame.profile} header, ${kindLabel(frame.imageKind).toLowerCase()} from ${frame.imageType ?? 'no type given'}`,
    },
  ];
}

function siderealFacts({ siderealHours, hourAngleHours }: Frame): Fact[] {
  if (siderealHours === null) return [];
  const side = (hourAngleHours ?? 0) < 0 ? 'east' : 'west';
  const angle =
    hourAngleHours === null
      ? ''
      : `, ${formatHourMinutes(Math.abs(hourAngleHours) * 3600)}\u202fh ${side} of the meridian`;
  const text = `${formatHourMinutes(siderealHours * 3600)}\u202fh${angle}`;
  return [{ label: 'Sidereal time', text }];
}

function moonFacts({ moonDistanceDeg, moonFraction, moonAltDeg }: Frame): Fact[] {
  const parts = [
    moonDistanceDeg === null ? '' : `${formatNumber(moonDistanceDeg, 0)}° away`,
    moonFraction === null ? '' : `${formatNumber(moonFraction * 100, 0)}\u202f% lit`,
    moonAltDeg === null ? '' : `altitude ${formatNumber(moonAltDeg, 0)}°`,
  ].filter((text) => text !== '');
  return parts.length === 0 ? [] : [{ label: 'Moon', text: parts.join(', ') }];
}

function proposalText({ proposal, publicDateMs }: Frame): string {
  const isLater = publicDateMs !== null && publicDateMs > Date.now();
  const day = publicDateMs === null ? '' : formatDateTime(publicDateMs).slice(0, 10);
  return `${proposal ?? ''}${isLater ? ` · public from ${day}` : ''}`;
}

/** Whether its bytes are as they came, and where they lie. */
export function toKept(frame: Frame, kept: KeptVersion | undefined) {
  const { version, basename } = frame;
  const checkedMs = kept?.checkedMs ?? null;
  const isSound = kept?.checkResult === 'ok';
  return {
    isSound,
    isBad: kept !== undefined && kept.checkResult !== null && !isSound,
    verified:
      checkedMs === null
        ? ''
        : `${isSound ? 'verified' : 'found not as it came'} ${agoOf(checkedMs)}`,
    lines: [
      { label: 'File', text: `${basename}${version.extension}` },
      { label: 'Lies at', text: version.key },
      { label: 'sha256', text: version.sha256 },
      { label: 'md5', text: version.md5 },
      { label: 'crc32', text: version.crc32.toString(16).padStart(8, '0') },
    ],
  };
}

function agoOf(ms: number): string {
  const days = Math.floor((Date.now() - ms) / DAY_MS);
  if (days < 1) return `${formatDateTime(ms)} UTC`;
  return days === 1 ? 'yesterday' : `${formatCount(days)} days ago`;
}

/** Where a frame lies on a map of the whole sky; null if that is not known. */
export function toMap(frame: Frame): SkyMap | null {
  const center = frame.footprint?.center ?? null;
  const { raDeg, decDeg, footprint } = frame;
  const place = center ?? (raDeg === null || decDeg === null ? null : { raDeg, decDeg });
  if (place === null) return null;
  const where = `${formatRa(place.raDeg, 0)} ${formatDec(place.decDeg, 0).replace('-', '−')}`;
  const mark = { ...place, label: frame.basename, polygon: footprint?.polygon ?? null };
  return skyMap({
    marks: [mark],
    width: MAP_WIDTH,
    label: `Map of the whole sky with this frame at ${where}`,
  });
}
