import { separationDeg } from '../sky/index.js';
import { canonicalName, findTarget, targetKey, type Target } from './catalogue.js';
import { isPlaceholder } from './placeholders.js';

/** A name that frames have, with what is known of it. */
export interface NamedObject {
  readonly object: string;
  readonly frames: number;
}

/** Names that mean one object. */
export interface MergedObject<T extends NamedObject> {
  /** Of the catalogue, or the spelling that most frames have. */
  readonly name: string;
  readonly target: Target | undefined;
  /** Its spellings in the frames, that of most frames first. */
  readonly names: readonly string[];
  readonly members: readonly T[];
}

/** Frames whose middles are further apart do not show one field, however alike their names are. */
const SAME_FIELD_DEG = 1;

/**
 * Puts together what is one object: by the catalogue whatever it is called there; else by its
 * spelling, unless the places that two spellings stand for are known and too far apart. Names that are the
 * same to the letter are always one, because comets and planets move. Placeholders are none.
 *
 * @param placeOf where the frames of a name point; undefined if nobody knows
 */
export function mergeObjects<T extends NamedObject>(
  objects: readonly T[],
  placeOf: (object: string) => { readonly raDeg: number; readonly decDeg: number } | undefined,
): MergedObject<T>[] {
  const byKey = new Map<string, Map<string, T[]>>();
  for (const each of objects) {
    if (isPlaceholder(each.object)) continue;
    // Of a name that is all signs nothing is known but that it is itself.
    const key = targetKey(each.object) || ` ${each.object}`;
    const names = byKey.get(key) ?? new Map<string, T[]>();
    byKey.set(key, names);
    const members = names.get(each.object);
    if (members === undefined) names.set(each.object, [each]);
    else members.push(each);
  }
  return [...byKey.values()].flatMap((names) => {
    const ranked = [...names].sort(([a, some], [b, others]) => {
      return framesOf(others) - framesOf(some) || (a < b ? -1 : 1);
    });
    const target = findTarget(ranked[0]?.[0] ?? '');
    if (target !== undefined || ranked.length === 1) return [toMerged(ranked, target)];
    return fieldsOf(ranked, placeOf).map((field) => toMerged(field, undefined));
  });
}

/** Names that are spelled alike and need their places to be told apart. */
export function doubtfulNames(objects: readonly NamedObject[]): string[] {
  const byKey = new Map<string, Set<string>>();
  for (const { object } of objects) {
    if (findTarget(object) !== undefined) continue;
    const key = targetKey(object);
    byKey.set(key, (byKey.get(key) ?? new Set()).add(object));
  }
  return [...byKey.values()].filter(({ size }) => size > 1).flatMap((names) => [...names]);
}

type Ranked<T> = readonly (readonly [name: string, members: readonly T[]])[];

/** Parts spellings by where they point: each joins the first field that it lies in. */
function fieldsOf<T>(
  ranked: Ranked<T>,
  placeOf: (object: string) => { readonly raDeg: number; readonly decDeg: number } | undefined,
): Ranked<T>[] {
  const fields: [string, readonly T[]][][] = [];
  for (const [name, members] of ranked) {
    const place = placeOf(name);
    const field = fields.find(([first]) => {
      const other = first === undefined ? undefined : placeOf(first[0]);
      if (place === undefined || other === undefined) return true;
      return separationDeg(place, other) <= SAME_FIELD_DEG;
    });
    if (field === undefined) fields.push([[name, members]]);
    else field.push([name, members]);
  }
  return fields;
}

function toMerged<T extends NamedObject>(
  ranked: Ranked<T>,
  target: Target | undefined,
): MergedObject<T> {
  const names = ranked.map(([name]) => name);
  return {
    name: target?.name ?? canonicalName(names[0] ?? ''),
    target,
    names,
    members: ranked.flatMap(([, members]) => members),
  };
}

function framesOf(members: readonly NamedObject[]): number {
  return members.reduce((sum, { frames }) => sum + frames, 0);
}
