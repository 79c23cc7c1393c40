import type { Frame, Solution } from '../catalog/index.js';
import { formatDec, formatRa, separationDeg } from '../sky/index.js';

type Aimed = Pick<Frame, 'raDeg' | 'decDeg'>;

/** Degrees between where a header says that it pointed and the solved centre; null if it says nothing. */
export function pointingOffDeg(
  { raDeg, decDeg }: Aimed,
  { fillsPointing, footprint }: Pick<Solution, 'fillsPointing' | 'footprint'>,
): number | null {
  const { center } = footprint;
  if (fillsPointing || raDeg === null || decDeg === null || center === null) return null;
  return separationDeg({ raDeg, decDeg }, center);
}

/** The finding of a header that pointed elsewhere; undefined if it did not, by more than `toleranceDeg`. */
export function pointingFinding(
  frame: Aimed,
  solution: Pick<Solution, 'fillsPointing' | 'footprint'>,
  toleranceDeg: number,
): { readonly code: string; readonly level: 'warning'; readonly text: string } | undefined {
  const offDeg = pointingOffDeg(frame, solution);
  const { center } = solution.footprint;
  if (offDeg === null || center === null || offDeg <= toleranceDeg) return undefined;
  const at = (raDeg: number, decDeg: number): string => `${formatRa(raDeg)} ${formatDec(decDeg)}`;
  const said = at(frame.raDeg ?? 0, frame.decDeg ?? 0);
  const text = `The header says ${said}, the stars say ${at(center.raDeg, center.decDeg)}: ${formatAngle(offDeg)} apart.`;
  return { code: 'wrong-pointing', level: 'warning', text };
}

/** A distance on the sky for people: degrees, arcminutes or arcseconds. */
export function formatAngle(deg: number): string {
  if (deg >= 1) return `${deg.toFixed(1)}°`;
  return deg >= 1 / 60 ? `${(deg * 60).toFixed(1)}′` : `${(deg * 3600).toFixed(1)}″`;
}
