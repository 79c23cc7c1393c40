import type { FieldMagnitude, StoredFinding } from '../catalog/index.js';
import { isRichField } from '../quality/index.js';

/** Frames of a field, besides the one at hand, that are needed to tell how clear it was. */
const LEAST_FIELD = 5;
/** Pointings of one field lie within, degrees. */
const FIELD_DEG = 0.1;
/** Light that air takes, magnitudes for each airmass beyond the first: enough to compare one field with itself. */
const EXTINCTION = 0.15;
/** Below this part of its usual light a field was behind clouds. */
const CLOUDED = 0.6;

/**
 * Light of a field that came through, against the clearest tenth of its history, 0 to 1.
 *
 * @param history of the same object and setup, the frame itself among them; copies of one exposure count once
 * @returns null if it is too short
 */
export function transparencyOf(
  frame: FieldMagnitude,
  history: readonly FieldMagnitude[],
): number | null {
  const field = history.filter((each) => isNear(each, frame) && isAsRich(each, frame));
  const near = exposuresOf(field, frame.reductionLevel).map(aboveAir);
  if (near.length <= LEAST_FIELD) return null;
  near.sort((a, b) => a - b);
  const clear = near[Math.floor(near.length / 10)] ?? 0;
  return Math.min(1, 10 ** (-0.4 * (aboveAir(frame) - clear)));
}

function isAsRich(a: FieldMagnitude, b: FieldMagnitude): boolean {
  return isRichField(a.stars ?? 0) === isRichField(b.stars ?? 0);
}

/** Each exposure once: of its copies the one that is reduced as far as the frame, if there is one. */
function exposuresOf(
  field: readonly FieldMagnitude[],
  reductionLevel: number,
): readonly FieldMagnitude[] {
  const exposures = new Map<number, FieldMagnitude>();
  for (const each of field) {
    if (each.dateObsMs === null) continue;
    const isFirst = !exposures.has(each.dateObsMs);
    if (isFirst || each.reductionLevel === reductionLevel) exposures.set(each.dateObsMs, each);
  }
  return [...exposures.values(), ...field.filter(({ dateObsMs }) => dateObsMs === null)];
}

function aboveAir({ instrumentalMag, airmass }: FieldMagnitude): number {
  return airmass === null ? instrumentalMag : instrumentalMag - EXTINCTION * (airmass - 1);
}

function isNear(a: FieldMagnitude, b: FieldMagnitude): boolean {
  if (a.raDeg === null || a.decDeg === null || b.raDeg === null || b.decDeg === null) return true;
  const across = Math.abs(((a.raDeg - b.raDeg + 540) % 360) - 180);
  const shrunk = across * Math.cos((b.decDeg * Math.PI) / 180);
  return Math.hypot(shrunk, a.decDeg - b.decDeg) < FIELD_DEG;
}

/** What to say of a field that was dimmer than it is; nothing if it was not. */
export function findClouds(transparency: number | null): StoredFinding[] {
  if (transparency === null || transparency >= CLOUDED) return [];
  const text = `Only ${Math.round(transparency * 100)} % of the light of this field came through: clouds, dew or a closing dome.`;
  return [{ code: 'clouds', level: 'warning', text }];
}
