import {
  listLikeFields,
  saveFindings,
  type Catalog,
  type Frame,
  type Solution,
  type StarState,
  type StoredFinding,
} from '../catalog/index.js';
import { checkEpoch } from '../almanac/index.js';
import type { Config } from '../config/index.js';
import type { Wcs } from '../wcs/index.js';
import { apartDeg, ownWcs, solvedWcs } from './own-wcs.js';
import { formatAngle, pointingFinding } from './pointing.js';

/** Frames of a field that are compared once more when one of it is solved. */
const MOST_ANEW = 50;

/**
 * Writes down what the solution of a frame says against its header: where that says it pointed, and
 * where its WCS has the stars.
 *
 * @returns ids of the frames of the field of which nothing is sure: they are to be compared with it anew
 */
export async function judgeSolved(
  { catalog, config }: { readonly catalog: Catalog; readonly config: Config },
  frame: Frame,
  solution: Solution,
): Promise<number[]> {
  const own = await ownWcs(catalog, frame);
  const findings = [
    pointingFinding(frame, solution, config.SOLVER_POINTING_TOLERANCE_DEG),
    own === undefined ? epochFinding(frame, solution) : undefined,
    wcsFinding(own, { frame, solution }, config.WCS_TOLERANCE_PX),
  ];
  const found = findings.filter((finding) => finding !== undefined);
  await saveFindings(catalog, frame.id, 'solving', found);
  const unsure = (await listLikeFields(catalog, frame, MOST_ANEW)).filter(
    ({ state }) => state !== 'right',
  );
  return unsure.map(({ frameId }) => frameId);
}

/** Of a header without a WCS: one that has some was compared with it when it was measured. */
function epochFinding(frame: Frame, solution: Solution): StoredFinding | undefined {
  const { raDeg, decDeg, dateObsMs } = frame;
  if (solution.fillsPointing || raDeg === null || decDeg === null || dateObsMs === null) {
    return undefined;
  }
  const position = { raDeg, decDeg };
  return checkEpoch({ position, solved: solution.footprint.center, startMs: dateObsMs });
}

function wcsFinding(
  own: Wcs | undefined,
  { frame, solution }: { readonly frame: Frame; readonly solution: Solution },
  tolerancePx: number,
): StoredFinding | undefined {
  if (tolerancePx === 0) return undefined;
  const solved = solvedWcs(solution);
  if (own === undefined || solved === undefined) return undefined;
  const offDeg = apartDeg(own, solved, frame);
  const scale = solution.footprint.pixelScaleArcsec;
  if ((offDeg * 3600) / scale <= tolerancePx) return undefined;
  const by = solution.solver === '' ? 'a solver' : solution.solver;
  return wrongWcs(`${howFar(offDeg, scale)} away from where ${by} finds them.`);
}

/** The finding of a frame whose stars another frame of its field has elsewhere. */
export function wrongByStars(
  against: { readonly frameId: number; readonly state: StarState; readonly apartDeg: number },
  scaleArcsec: number,
): StoredFinding {
  const by: Partial<Record<StarState, string>> = {
    right: `frame ${against.frameId}, which was solved, has the same stars.`,
    agrees: `frame ${against.frameId} and others of this field have the same stars.`,
  };
  const other = `frame ${against.frameId} has the same stars: one of the two is wrong.`;
  return wrongWcs(
    `${howFar(against.apartDeg, scaleArcsec)} away from where ${by[against.state] ?? other}`,
  );
}

function howFar(offDeg: number, scaleArcsec: number): string {
  if (!Number.isFinite(offDeg)) return 'far';
  const pixels = (offDeg * 3600) / scaleArcsec;
  return `${formatAngle(offDeg)} (${pixels.toFixed(0)} pixels)`;
}

function wrongWcs(where: string): StoredFinding {
  return { code: 'wrong-wcs', level: 'warning', text: `The WCS has the stars ${where}` };
}
