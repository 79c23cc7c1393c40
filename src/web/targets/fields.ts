import type { ObjectField } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { fromUnitVector, separationDeg, toUnitVector, type SkyPoint } from '../../sky/index.js';
import { fieldMap, type FieldMap } from '../field-map.js';
import { countOf, formatCount } from '../render.js';

/** Pixels. */
const WIDTH = 640;
const HEIGHT = 420;
/** Fields that differ by less than this part of their side are drawn as one. */
const SAME = 0.04;

/** The frames of a target, each where it lies; null if none of them has a place. */
export function toFieldMap(
  base: string,
  of: {
    readonly name: string;
    readonly place: SkyPoint | undefined;
    readonly fields: readonly ObjectField[];
    readonly frames: number;
    /** True if there may be more than these. */
    readonly isCut: boolean;
  },
): { readonly map: FieldMap; readonly caption: string } | null {
  const { name, fields } = of;
  if (fields.length === 0) return null;
  const groups = [...groupBy(fields, keyOf).values()];
  const center = middleOf(fields, of.place);
  const marks = groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const url =
      group.length === 1 ? `${base}/frames/${first.frameId}/` : listUrl(base, name, first.polygon);
    const label = group.length === 1 ? first.basename : countOf(group.length, 'frame');
    return [{ polygon: first.polygon, label, url }];
  });
  const label = `${countOf(fields.length, 'frame')} of ${name} on the sky, north up, east to the left`;
  const map = fieldMap({ center, fields: marks, width: WIDTH, height: HEIGHT, label });
  return { map, caption: captionOf(of, groups.length, map) };
}

function captionOf(
  { fields, frames, isCut }: { fields: readonly ObjectField[]; frames: number; isCut: boolean },
  groups: number,
  map: FieldMap,
): string {
  const without = frames - fields.length;
  return [
    `${countOf(fields.length, 'frame')} in ${countOf(groups, 'place')}`,
    `${map.shown} shown`,
    ...(isCut ? ['older ones are not drawn'] : []),
    ...(!isCut && without > 0 ? [`${formatCount(without)} without a known place`] : []),
  ].join(' · ');
}

/** The same for fields that nearly cover each other. */
function keyOf({ polygon }: ObjectField): string {
  const [first, second] = polygon;
  const side = first === undefined || second === undefined ? 1 : separationDeg(first, second) || 1;
  const grain = side * SAME;
  return corners(polygon)
    .flatMap((point) => toUnitVector(point).map((axis) => Math.round((axis * 57.3) / grain)))
    .join(' ');
}

/** Two corners across from each other tell position, size and direction. */
function corners(polygon: readonly SkyPoint[]): SkyPoint[] {
  const half = polygon[Math.floor(polygon.length / 2)];
  return [polygon[0], half].flatMap((point) => point ?? []);
}

/** The place of the target, if its frames are around it; else the middle of these: comets move. */
function middleOf(fields: readonly ObjectField[], place: SkyPoint | undefined): SkyPoint {
  const sum = [0, 0, 0];
  for (const { polygon } of fields) {
    for (const point of polygon) {
      toUnitVector(point).forEach((axis, at) => (sum[at] = (sum[at] ?? 0) + axis));
    }
  }
  const [x = 0, y = 0, z = 0] = sum;
  const middle = fromUnitVector([x, y, z]);
  const [first] = fields;
  const reach =
    first === undefined ? 0 : Math.max(...first.polygon.map((at) => separationDeg(at, middle)));
  return place !== undefined && separationDeg(place, middle) < reach ? place : middle;
}

/** The frames around the middle of a field. */
function listUrl(base: string, name: string, polygon: readonly SkyPoint[]): string {
  const [from, to] = corners(polygon);
  if (from === undefined || to === undefined) return `${base}/frames/`;
  const [a, b] = [toUnitVector(from), toUnitVector(to)];
  const { raDeg, decDeg } = fromUnitVector([a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
  const query = new URLSearchParams({
    target: name,
    RA: raDeg.toFixed(4),
    DEC: decDeg.toFixed(4),
    radius: Math.max(0.001, separationDeg(from, to) / 20).toFixed(4),
  });
  return `${base}/frames/?${query.toString()}`;
}
