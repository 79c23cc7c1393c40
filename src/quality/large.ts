import { measureBackground, type Background } from './background.js';
import { isDisc } from './discs.js';
import { findStars } from './find-stars.js';
import type { Saturation } from './levels.js';
import type { Finding, Picture, Star } from './types.js';
import { makePicture } from './picture.js';
import { middleOf } from './spread.js';
import { judgeStars, type Verdict } from './verdict.js';

/** Stars of a picture, and what they say together. */
export interface StarField {
  /** As in StarList. */
  readonly stars: readonly Star[];
  readonly found: number;
  readonly verdict: Verdict;
}

/** Pixels along the side of a block that becomes one pixel. */
const BLOCK = 4;
/** Sides of a picture of blocks below which nothing can be found in it. */
const LEAST_BLOCKS = 64;
/** Findings that parts of something large lead to as well. */
const DOUBTFUL = ['defocused', 'elongated'];
/** Full width at half maximum from which stars may be too large to be found as such, pixels. */
const LARGE_PX = 20;
/** So much wider what was found among blocks must be, for the rest to be its parts. */
const WIDER = 1.2;
/** What is wider is no star in focus, pixels. */
const THING_PX = 40;
/** Large things that are stars out of focus if they are alike: planets come alone. */
const LEAST_ALIKE = 3;
/** Of them so many must show a disc: parts of the Moon may do so by chance. */
const LEAST_DISCS = 2;
/** Share of them that are of one size, and by how much these may differ from the middle one. */
const MOST_ALIKE = 0.8;
const SAME_SIZE = 0.25;
/** More of them are a field of something, crowded stars out of focus perhaps. */
const MOST_THINGS = 4;
/** Radius of what belongs to something large, in its half-flux radii: of a disc the rim is at √2. */
const REACH = 1.8;

/**
 * Finds and judges stars. Where they look out of focus, or like no stars, they may be parts of
 * something larger than stars are looked for: then the picture is looked at once more, by blocks.
 */
export function measureStars(
  picture: Picture,
  background: Background,
  saturation: Saturation,
): StarField {
  const known = makePicture({ ...picture, saturation: saturation.level });
  const { stars, found } = findStars(known, background);
  const field = { stars, found, verdict: judgeStars(picture, background, stars, saturation) };
  const { fwhmPx, findings } = field.verdict;
  const isDoubtful = findings.some(({ code }) => DOUBTFUL.includes(code));
  const isSmall = Math.min(picture.width, picture.height) < BLOCK * LEAST_BLOCKS;
  if (isSmall || (!isDoubtful && (fwhmPx ?? 0) < LARGE_PX)) return field;
  const large = measureBlocks(picture, saturation);
  const areRings = large.verdict.findings.some(isDefocused);
  const largePx = large.verdict.fwhmPx ?? 0;
  const isMore = largePx > LARGE_PX && wholeOf(large) > wholeOf(field);
  if (areRings && (largePx > WIDER * (fwhmPx ?? 0) || isMore)) return large;
  const things = thingsAmong(large.discs, field.stars);
  return things.length === 0 ? field : measureBeside(picture, things, saturation);
}

function wholeOf({ stars }: StarField): number {
  return stars.filter(({ isCut }) => !isCut).length;
}

/** The stars of a picture as they are found among its blocks, in pixels of the picture. */
function measureBlocks(
  picture: Picture,
  saturation: Saturation,
): StarField & { readonly discs: readonly Star[] } {
  const blocks = joinBlocks(picture);
  const background = measureBackground(blocks);
  const known = makePicture({ ...blocks, saturation: saturation.level });
  const { stars, found } = findStars(known, background, { takesSharp: true });
  const wide = stars.filter(({ fwhmPx: each }) => each * BLOCK > THING_PX);
  // A galaxy or a cluster has a peak, and stars in it that count.
  const discs = wide.filter((star) => isDisc(blocks, background, star));
  const own = areOutOfFocus(wide, discs) ? wide.map(asWhole) : stars;
  const verdict = asDefocused(judgeStars(blocks, background, own, saturation), own !== stars);
  const { fwhmPx, hfrPx } = verdict;
  return {
    stars: own.map(toPixels),
    discs: discs.map(toPixels),
    found: own === stars ? found : own.length,
    verdict: {
      ...verdict,
      fwhmPx: fwhmPx === null ? null : fwhmPx * BLOCK,
      hfrPx: hfrPx === null ? null : hfrPx * BLOCK,
    },
  };
}

/**
 * Whether large things are stars: several of one size, of which some show a disc. Others may lie upon each
 * other or at the edge, as few things as large as that have room of their own.
 */
function areOutOfFocus(wide: readonly Star[], discs: readonly Star[]): boolean {
  const least = Math.max(LEAST_DISCS, wide.length / LEAST_ALIKE);
  if (wide.length < LEAST_ALIKE || discs.length < least) return false;
  const widths = wide.map(({ fwhmPx }) => fwhmPx);
  const middle = middleOf(widths);
  const alike = widths.filter((width) => Math.abs(width / middle - 1) < SAME_SIZE);
  return alike.length >= MOST_ALIKE * wide.length;
}

/** What stars are that lie upon each other may be told by their size alone. */
function asDefocused(verdict: Verdict, isKnown: boolean): Verdict {
  const { fwhmPx, findings } = verdict;
  if (!isKnown || fwhmPx === null || findings.some(isDefocused)) return verdict;
  const text = `Stars are ${(fwhmPx * BLOCK).toFixed(0)} pixels wide, all of one size: out of focus.`;
  const finding: Finding = { code: 'defocused', level: 'warning', text };
  return { ...verdict, findings: [finding, ...findings] };
}

function isDefocused({ code }: Finding): boolean {
  return code === 'defocused';
}

/** One whose neighbours and edges do not matter, as its size is that of the others. */
function asWhole(star: Star): Star {
  return { ...star, isCut: false, isBlended: false };
}

/** Means of blocks of pixels; NaN where one of them has no value. */
function joinBlocks({ pixels, width, height, ...rest }: Picture): Picture {
  const [columns, rows] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const means = new Float32Array(columns * rows);
  for (let y = 0; y < rows * BLOCK; y += 1) {
    const first = Math.floor(y / BLOCK) * columns;
    for (let x = 0; x < columns * BLOCK; x += 1) {
      const at = first + Math.floor(x / BLOCK);
      means[at] = (means[at] ?? NaN) + (pixels[y * width + x] ?? NaN) / BLOCK ** 2;
    }
  }
  return makePicture({ ...rest, pixels: means, width: columns, height: rows, blockPx: BLOCK });
}

/** A star among blocks → among pixels. */
function toPixels(star: Star): Star {
  return {
    ...star,
    x: (star.x - 0.5) * BLOCK + 0.5,
    y: (star.y - 0.5) * BLOCK + 0.5,
    flux: star.flux * BLOCK ** 2,
    fwhmPx: star.fwhmPx * BLOCK,
    halfFluxRadiusPx: star.halfFluxRadiusPx * BLOCK,
  };
}

/** What is larger than stars and made most of what was found; nothing if there is too much of it. */
function thingsAmong(discs: readonly Star[], stars: readonly Star[]): readonly Star[] {
  const parts = stars.filter((star) => discs.some((disc) => isWithin(disc, star)));
  return discs.length <= MOST_THINGS && parts.length >= stars.length / 2 ? discs : [];
}

function isWithin(thing: Star, { x, y }: { x: number; y: number }): boolean {
  return Math.hypot(x - thing.x, y - thing.y) < REACH * thing.halfFluxRadiusPx;
}

/** Stars of a picture from which a planet, say, is taken out. */
function measureBeside(
  picture: Picture,
  things: readonly Star[],
  saturation: Saturation,
): StarField {
  const { level } = measureBackground(picture);
  for (const thing of things) empty(picture, thing, level);
  const background = measureBackground(picture);
  const known = makePicture({ ...picture, saturation: saturation.level });
  const { stars, found } = findStars(known, background);
  const verdict = judgeStars(picture, background, stars, saturation);
  const size = Math.max(...things.map((thing) => 2 * Math.SQRT2 * thing.halfFluxRadiusPx));
  const what = things.length === 1 ? 'Something' : `The largest of ${things.length} things`;
  const text = `${what} of about ${size.toFixed(0)} pixels is no star in focus: a planet, the Moon, or a star far out of focus. It does not count.`;
  const note: Finding = { code: 'extended', level: 'note', text };
  const others = verdict.findings.filter(({ code }) => !NOT_BESIDE.includes(code));
  return { stars, found, verdict: { ...verdict, findings: [note, ...others] } };
}

/** Puts the level of the background where something is. */
function empty({ pixels, width, height }: Picture, thing: Star, level: number): void {
  const reach = Math.ceil(REACH * thing.halfFluxRadiusPx);
  const [left, bottom] = [Math.round(thing.x) - reach, Math.round(thing.y) - reach];
  for (let y = Math.max(0, bottom); y < Math.min(height, bottom + 2 * reach); y += 1) {
    for (let x = Math.max(0, left); x < Math.min(width, left + 2 * reach); x += 1) {
      if (isWithin(thing, { x: x + 1, y: y + 1 })) pixels[y * width + x] = level;
    }
  }
}

/** Of a picture of a planet few stars or none are no fault. */
const NOT_BESIDE = ['no-stars', 'few-stars'];
