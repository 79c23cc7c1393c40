import type { Frame, StoredHdu } from '../../catalog/index.js';
import {
  formatDec,
  formatRa,
  separationDeg,
  type Footprint,
  type SkyPoint,
} from '../../sky/index.js';
import type { ImageHdu } from './picture.js';
import { formatNumber, NONE } from '../render.js';

/** A line of a list of facts. */
export interface Fact {
  readonly label: string;
  readonly text: string;
  readonly url?: string;
}

/** Tables of a file that have links of their own; a file may have thousands. */
const MAX_TABLES = 12;
/** Side of the cut-out that the form proposes, pixels. */
const CUTOUT_PIXELS = 512;

/** Containers that hold one plain file, packed as a whole or HDU by HDU. */
const PACKED = new Set(['tiles', 'gzip', 'bzip2', 'compress', 'zip']);

/**
 * By how much the HDUs of the stored file are further down than those of the uploaded one, which the
 * catalogue knows: packing puts an empty primary HDU before a primary image.
 */
export function hduShift({ version }: Frame, [primary]: readonly StoredHdu[]): 0 | 1 {
  const hasImage =
    primary?.kind === 'image' && primary.axes.length > 0 && !primary.axes.includes(0);
  return version.original !== null && hasImage ? 1 : 0;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface FrameImage extends ImageHdu {
  readonly height: number;
}

/** Images of a file that can be shown, numbered as in the uploaded file. */
export function imagesOf(hdus: readonly StoredHdu[]): FrameImage[] {
  return hdus
    .filter(({ kind, axes }) => kind.endsWith('image') && axes.length >= 2 && !axes.includes(0))
    .map(({ hdu, name, axes }) => ({
      hdu,
      label: name === '' ? String(hdu) : `${hdu} ${name}`,
      width: axes[0] ?? 0,
      height: axes[1] ?? 0,
      planes: axes.slice(2).reduce((product, length) => product * length, 1),
    }));
}

/** Where a frame lies on the sky; null if that is not known. */
export function toSky(frame: Frame) {
  const { footprint } = frame;
  if (footprint === null) return null;
  const { center, corners, pixelScaleArcsec, rotationDeg, mirrored, provisional } = footprint;
  const facts: Fact[] = [
    { label: 'Centre', text: center === null ? NONE : `${formatPosition(center)} ICRS` },
    { label: 'Field', text: formatField(footprint, frame) },
    { label: 'Scale', text: `${formatNumber(Number(pixelScaleArcsec.toPrecision(4)))}″ per pixel` },
    {
      label: 'Up',
      // 359.97 is 0.0, not 360.0.
      text: `${formatNumber((Math.round(rotationDeg * 10) % 3600) / 10, 1)}° from north through east${mirrored ? ', mirrored' : ''}`,
    },
  ];
  return {
    facts,
    corners: corners.map((corner, index) => ({
      label: CORNERS[index] ?? '',
      text: corner === null ? 'not on the sky' : formatPosition(corner),
    })),
    isProvisional: provisional,
  };
}

const CORNERS = ['Lower left', 'Lower right', 'Upper right', 'Upper left'];

function formatPosition({ raDeg, decDeg }: SkyPoint): string {
  return `${formatRa(raDeg)} ${formatDec(decDeg).replace('-', '−')}`;
}

/** Lengths of the sides on the sky: the mean of opposite ones, or by scale where corners are not on it. */
function sidesDeg(
  { corners: [a, b, c, d], pixelScaleArcsec }: Footprint,
  { width, height }: Size,
): [across: number, up: number] {
  if (a && b && c && d) {
    return [
      (separationDeg(a, b) + separationDeg(d, c)) / 2,
      (separationDeg(a, d) + separationDeg(b, c)) / 2,
    ];
  }
  return [(width * pixelScaleArcsec) / 3600, (height * pixelScaleArcsec) / 3600];
}

/** `13.1′ × 13.1′` */
export function formatField(footprint: Footprint, size: Size): string {
  if (footprint.cap.radiusDeg >= 90) return 'half of the sky or more';
  const [across, up] = sidesDeg(footprint, size);
  const unit = ANGLES.find(({ deg }) => Math.max(across, up) >= deg * 3) ?? ANGLES[2];
  const format = (deg: number): string => {
    const value = deg / unit.deg;
    return formatNumber(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
  };
  return `${format(across)}${unit.sign} × ${format(up)}${unit.sign}`;
}

const ANGLES = [
  { deg: 1, sign: '°' },
  { deg: 1 / 60, sign: '′' },
  { deg: 1 / 3600, sign: '″' },
] as const;

/** What else a file can be had as: unpacked, a part of an image, a table as text. */
export function toForms(frame: Frame, hdus: readonly StoredHdu[], pageUrl: string) {
  const shift = hduShift(frame, hdus);
  const tables = hdus.filter(({ kind }) => kind.endsWith('table'));
  return {
    plainUrl: PACKED.has(frame.version.container) ? `${pageUrl}funpack/` : '',
    plainName: `${frame.basename}.fits`,
    tables: tables.slice(0, MAX_TABLES).map(({ hdu, name }) => ({
      label: name === '' ? `HDU ${hdu}` : `HDU ${hdu} ${name}`,
      url: `${pageUrl}catalog/?hdu=${hdu + shift}`,
    })),
    moreTables: Math.max(0, tables.length - MAX_TABLES),
    cutout: toCutout(frame, hdus, `${pageUrl}cutout/`),
  };
}

function toCutout(frame: Frame, hdus: readonly StoredHdu[], url: string) {
  const images = imagesOf(hdus);
  const shift = hduShift(frame, hdus);
  const main = images.find(({ label }) => /^\d+ SCI$/i.test(label)) ?? images[0];
  if (main === undefined) return null;
  const { footprint } = frame;
  const [width, height] = [main.width, main.height].map((most) => Math.min(CUTOUT_PIXELS, most));
  return {
    url,
    // Of several images, the one that is meant unless another is asked for.
    hdu: images.length < 2 ? null : main.hdu + shift,
    box: {
      x: Math.floor((main.width - (width ?? 0)) / 2),
      y: Math.floor((main.height - (height ?? 0)) / 2),
      width,
      height,
    },
    // Without a WCS there is no way from the sky to the pixels.
    sky: footprint?.provisional === false ? toSkyBox(footprint, frame) : null,
  };
}

/** The middle half of a frame, in words that `cutout/` reads. */
function toSkyBox(footprint: Footprint, size: Size) {
  const { center } = footprint;
  if (center === null) return null;
  const half = Math.min(...sidesDeg(footprint, size)) / 2;
  const [scale, unit] = half >= 1 / 60 ? [60, 'arcmin'] : [3600, 'arcsec'];
  return {
    ra: formatRa(center.raDeg),
    dec: formatDec(center.decDeg),
    side: `${Number((half * scale).toPrecision(2))}${unit}`,
  };
}
