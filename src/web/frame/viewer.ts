import type { Frame, StoredHdu } from '../../catalog/index.js';
import { visibleRegion } from '../../fits/index.js';
import type { Footprint } from '../../sky/index.js';
import { countOf, formatCount, formatNumber } from '../render.js';
import { formatField, hduShift, imagesOf } from './frame-file.js';
import { toPicture, type PicturePlaces } from './picture.js';
import { compassOf, scaleBar } from './sky-marks.js';

type Parameters = ReadonlyMap<string, readonly string[]>;

/** What the picture of a frame shows and its scripts need: sizes in pixels of the image. */
export interface ViewData {
  readonly width: number;
  readonly height: number;
  /** Of the lower left pixel that is shown, from 0: pictures are cut to TRIMSEC. */
  readonly x: number;
  readonly y: number;
  readonly hdu: number;
  readonly plane: number;
  readonly unit: string;
  /** Arcseconds of a pixel; 0 if that is not known. */
  readonly scale: number;
  readonly isMain: boolean;
}

/** The part of the page about the picture. */
export function toViewer(
  frame: Frame,
  hdus: readonly StoredHdu[],
  parameters: Parameters,
  places: Omit<PicturePlaces, 'pictureUrl' | 'hash'>,
) {
  const { pageUrl } = places;
  const shift = hduShift(frame, hdus);
  const images = imagesOf(hdus).map((image) => ({ ...image, hdu: image.hdu + shift }));
  const hash = frame.version.sha256.slice(0, 12);
  const picture = toPicture(parameters, images, {
    pageUrl,
    pictureUrl: `${pageUrl}preview/`,
    hash,
  });
  const { shown } = picture;
  const stored = hdus.find(({ hdu }) => hdu + shift === shown?.hdu);
  if (shown === undefined || stored === undefined) {
    return { ...picture, view: null, marks: null, shape: { width: 1024, height: 640 }, images };
  }
  const main = images.find(({ label }) => /^\d+ SCI$/i.test(label)) ?? images[0];
  const isMain = main?.hdu === shown.hdu;
  const region = regionOf(stored);
  const plane = parameters.get('plane')?.at(-1) ?? '';
  const view: ViewData = {
    ...region,
    hdu: shown.hdu,
    plane: /^\d{1,6}$/.test(plane) ? Number(plane) : 0,
    unit: unitOf(frame, stored),
    scale: isMain ? (frame.footprint?.pixelScaleArcsec ?? 0) : 0,
    isMain,
  };
  const { x, y, width, height } = region;
  const box = [x, y, width, height].join(',');
  return {
    ...picture,
    view,
    images,
    marks: isMain && frame.footprint !== null ? toMarks(frame.footprint, frame, region) : null,
    shape: shapeOf(region),
    hash,
    histogramUrl: `${pageUrl}histogram/?format=svg&${picture.look}`,
    gridUrl: `${pageUrl}sky/?format=svg&hdu=${shown.hdu}&box=${box}&v=${hash}`,
    size: `${formatCount(stored.axes[0] ?? 0)} × ${formatCount(stored.axes[1] ?? 1)} px`,
    hduLabel: `HDU ${shown.label} of ${countOf(images.length, 'image')}`,
    wcs: wcsWords(frame.footprint, isMain),
    hasSky: isMain && frame.footprint?.provisional === false,
  };
}

/** The part of an image that pictures show, as they are cut to TRIMSEC; pixels from 0. */
export function regionOf({ axes, cards }: StoredHdu) {
  const string = (keyword: string): string | undefined => {
    const card = cards.find((each) => each.keyword.toUpperCase() === keyword);
    return typeof card?.value === 'string' ? card.value : undefined;
  };
  return visibleRegion({ axes, header: { string } });
}

/** Size of the place of the picture before its bytes are there, as it will be drawn. */
function shapeOf({ width, height }: { width: number; height: number }) {
  const ratio = Math.min(4, Math.max(0.04, height / width));
  return { width: 1024, height: Math.round(1024 * ratio) };
}

const COUNTS = /^(?:adu|counts?|ct|dn|du|digital units?)$/i;

/** What values are measured in: as BUNIT says, else counts for a raw frame. */
function unitOf({ reductionLevel }: Frame, { cards }: StoredHdu): string {
  const card = cards.find(({ keyword }) => keyword.toUpperCase() === 'BUNIT');
  const text = typeof card?.value === 'string' ? card.value.trim() : '';
  if (COUNTS.test(text) || (text === '' && reductionLevel === 0)) return 'ct';
  return text.slice(0, 24);
}

function wcsWords(footprint: Footprint | null, isMain: boolean): string {
  if (!isMain) return '';
  if (footprint === null) return 'no WCS in the header';
  return footprint.provisional ? 'no WCS in the header' : 'ICRS, from the WCS of the header';
}

/** Compass, scale bar and field; lengths as parts of the width of the picture, in percent. */
function toMarks(footprint: Footprint, frame: Frame, region: { width: number }) {
  if (footprint.provisional) return null;
  const { north, east } = compassOf(footprint);
  const across = region.width * footprint.pixelScaleArcsec;
  const bar = scaleBar(across * 0.22);
  const arrow = ({ x, y }: { x: number; y: number }) => ({
    x: round(x * 22),
    y: round(-y * 22),
    textX: round(x * 31),
    textY: round(-y * 31 + 4),
  });
  return {
    north: arrow(north),
    east: arrow(east),
    bar: { label: bar.label, percent: round((bar.arcsec / across) * 100) },
    field: `field ${formatField(footprint, frame)}`,
    scale: `${formatNumber(Number(footprint.pixelScaleArcsec.toPrecision(3)))}″ per pixel`,
  };
}

/** All of the address but the cuts, as hidden fields for the form that sets them by value. */
export function cutFields(parameters: Parameters): { name: string; value: string }[] {
  return [...parameters]
    .filter(([name]) => !['min', 'max'].includes(name))
    .flatMap(([name, values]) => values.map((value) => ({ name, value })));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
