import {
  askSolver,
  ARCHIVE_VIEWER,
  findSolution,
  findUncheckedField,
  getFrame,
  isSolvedUnmeasured,
  listLikeFields,
  mayAskSolver,
  saveFindings,
  setStarState,
  type Catalog,
  type Frame,
  type Solution,
  type StarField,
  type StarState,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { hasCode } from '../lib/errors.js';
import { separationDeg } from '../sky/index.js';
import type { Wcs } from '../wcs/index.js';
import { medianOf, ownWcs, solvedWcs } from './own-wcs.js';
import { judgeSolved, wrongByStars } from './judge.js';
import { matchStars, type Place } from './star-match.js';

/** Other frames of a field that a frame is compared with. */
const COMPARED = 6;

export interface CheckParts {
  readonly catalog: Catalog;
  readonly config: Config;
}

/** Another frame of the field, and how far apart the two have their common stars. */
interface Comparison {
  readonly frameId: number;
  readonly versionId: number;
  readonly state: StarState;
  readonly wasAsked: boolean;
  readonly apartDeg: number;
}

/**
 * Holds the stars of one frame against its WCS, by other frames of its camera that show them too. Where
 * none of them was solved, the solver is asked for one of the field, if there is one.
 *
 * @returns false if no frame waits for it
 */
export async function checkNext(parts: CheckParts): Promise<boolean> {
  const { catalog } = parts;
  const field = await findUncheckedField(catalog);
  if (field === undefined) return false;
  const frame = await getFrame(catalog, field.frameId, ARCHIVE_VIEWER).catch((error: unknown) => {
    if (!hasCode(error, 'not_found')) throw error;
    return undefined; // deleted a moment ago, and its stars with it
  });
  if (frame === undefined) return true;
  try {
    await judgeField(parts, frame, field);
  } catch (error) {
    await setStarState(catalog, field, { state: 'none' }); // the others would wait behind it for ever
    throw error;
  }
  return true;
}

async function judgeField(parts: CheckParts, frame: Frame, field: StarField): Promise<void> {
  const { catalog, config } = parts;
  const { id, version } = frame;
  const solution = await findSolution(catalog.read, id, version.id);
  if (solution !== undefined) {
    const anew = await judgeSolved(parts, frame, solution);
    await setStarState(catalog, field, { state: 'right', anew });
    return;
  }
  const wcs = await ownWcs(catalog, frame);
  const scale = frame.footprint?.pixelScaleArcsec;
  // Of another version the stars will be measured.
  if (wcs === undefined || scale === undefined || version.id !== field.versionId) {
    await setStarState(catalog, field, { state: 'none' });
    return;
  }
  const compared = await compareField(catalog, { frame, field, wcs });
  const { state, against } = decide(compared, (config.WCS_TOLERANCE_PX * scale) / 3600);
  await saveFindings(catalog, id, 'solving', against ? [wrongByStars(against, scale)] : []);
  const isHelp = state === 'right' || state === 'agrees';
  const alone = isHelp ? compared.filter((each) => each.state === 'alone') : [];
  const anew = alone.map(({ frameId }) => frameId);
  if (await isToBeSolved(parts, { frame, field, state, compared })) {
    await askSolver(catalog, field, { state: state === 'wrong' ? 'wrong' : 'asked', anew });
  } else await setStarState(catalog, field, { state, anew });
}

/** One of a field is enough, and of one that is wrong it is to be known where it lies. */
async function isToBeSolved(
  { catalog, config }: CheckParts,
  { frame, field, state, compared }: Judged,
): Promise<boolean> {
  if (config.SOLVER === 'none' || state === 'right' || field.wasAsked) return false;
  if (state !== 'wrong' && compared.some(({ wasAsked }) => wasAsked)) return false;
  // What a solved frame will tell of this one need not be asked.
  if (await isSolvedUnmeasured(catalog, frame)) return false;
  return mayAskSolver(catalog, frame);
}

interface Judged {
  readonly frame: Frame;
  readonly field: StarField;
  readonly state: Verdict['state'];
  readonly compared: readonly Comparison[];
}

interface Verdict {
  readonly state: 'right' | 'agrees' | 'alone' | 'wrong';
  /** The frame by which it is wrong, or one of the two. */
  readonly against?: Comparison;
}

/** Frames that were solved decide; else those that agree among themselves; of two alone, neither. */
function decide(compared: readonly Comparison[], toleranceDeg: number): Verdict {
  const solved = compared.find(({ state }) => state === 'right');
  if (solved !== undefined) {
    return solved.apartDeg <= toleranceDeg
      ? { state: 'right' }
      : { state: 'wrong', against: solved };
  }
  if (compared.some(({ apartDeg }) => apartDeg <= toleranceDeg)) return { state: 'agrees' };
  const [against] = compared;
  if (against === undefined) return { state: 'alone' };
  return { state: against.state === 'agrees' ? 'wrong' : 'alone', against };
}

interface OwnField {
  readonly frame: Frame;
  readonly field: StarField;
  readonly wcs: Wcs;
}

/** Those of the other frames that show the same stars for sure, the most trusted first. */
async function compareField(catalog: Catalog, own: OwnField): Promise<Comparison[]> {
  const { frame, field, wcs } = own;
  const places = toPlaces(field.stars);
  const compared: Comparison[] = [];
  for (const like of await listLikeFields(catalog, frame, COMPARED)) {
    const other = await getFrame(catalog, like.frameId, ARCHIVE_VIEWER);
    const solution = await findSolution(catalog.read, like.frameId, like.versionId);
    const otherWcs = await trustedWcs(catalog, other, solution);
    if (otherWcs === undefined) continue;
    const turnDeg = (frame.footprint?.rotationDeg ?? 0) - (other.footprint?.rotationDeg ?? 0);
    // Beyond the meridian a mount stands on its head, whether a header says so or not.
    const turned = Math.abs(Math.sin((turnDeg * Math.PI) / 180)) > 0.01 ? [turnDeg, -turnDeg] : [];
    const turns = [0, 180, ...turned];
    const pairs = matchStars(places, toPlaces(like.stars), turns, frame);
    if (pairs.length === 0) continue;
    const apart = pairs.map(({ own: here, other: there }) => {
      const [a, b] = [wcs.toSky(...here), otherWcs.toSky(...there)];
      return a === undefined || b === undefined ? Infinity : separationDeg(a, b);
    });
    const { frameId, versionId, state, wasAsked } = like;
    compared.push({ frameId, versionId, state, wasAsked, apartDeg: medianOf(apart) });
    if (state === 'right') break; // nobody knows better
  }
  return compared;
}

function trustedWcs(
  catalog: Catalog,
  frame: Frame,
  solution: Solution | undefined,
): Promise<Wcs | undefined> {
  return solution === undefined ? ownWcs(catalog, frame) : Promise.resolve(solvedWcs(solution));
}

function toPlaces(stars: readonly number[]): Place[] {
  const places: Place[] = [];
  for (let at = 0; at + 1 < stars.length; at += 2) {
    places.push([stars[at] ?? 0, stars[at + 1] ?? 0]);
  }
  return places;
}
