import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { separationDeg } from '../sky/index.js';
import { spellingKey, withoutSuffix } from './spelling.js';

/** An object of the sky that the packaged catalogue knows. */
export interface Target {
  /** The name that it goes by: of Messier, NGC or IC, or its own. */
  readonly name: string;
  /** Its other names. */
  readonly aliases: readonly string[];
  /** ICRS, degrees. */
  readonly raDeg: number;
  readonly decDeg: number;
  readonly type: TargetType;
  readonly magnitude: number | null;
  /** Arc minutes, the longer side first; null if nobody says. */
  readonly sizeArcmin: readonly [number, number] | null;
}

/** Types as in the file → in words. */
const TYPES = {
  s: 'spiral galaxy',
  s0: 'lenticular galaxy',
  e: 'elliptical galaxy',
  i: 'irregular galaxy',
  sd: 'dwarf galaxy',
  g: 'galaxy',
  gg: 'group of galaxies',
  oc: 'open cluster',
  gc: 'globular cluster',
  pn: 'planetary nebula',
  snr: 'supernova remnant',
  bn: 'bright nebula',
  en: 'emission nebula',
  rn: 'reflection nebula',
  dn: 'dark nebula',
  sfr: 'star-forming region',
  as: 'asterism',
  '2s': 'double star',
  '*': 'star',
} as const;

export type TargetType = (typeof TYPES)[keyof typeof TYPES];

/** The words that `type` can be. */
export const TARGET_TYPES: readonly TargetType[] = Object.values(TYPES);

interface Catalogue {
  /** The whole file: lines are read when they are asked for. */
  readonly text: string;
  /** Where the line of an object begins, by `spellingKey` of its names. */
  readonly byKey: ReadonlyMap<string, number>;
  /** What was looked for, as it was written: frames of one object come by the thousand. */
  readonly found: Map<string, Target | undefined>;
}

const PATH = fileURLToPath(new URL('../../config/targets/catalogue.tsv', import.meta.url));
/** Texts whose answers are kept. */
const MAX_KEPT = 50_000;
/** Numbers of stars, nine thousand of them, which hardly anybody asks for: looked for in the text. */
const STAR_NUMBER = /^(hd|hip)(\d+)$/;

/** A table of constants that is too large to be read by those who never ask for it. */
let loaded: Catalogue | undefined;

function catalogue(): Catalogue {
  loaded ??= readCatalogue(readFileSync(PATH, 'utf8'));
  return loaded;
}

/** Enters names only: to make an object of each line would take three times as long. */
function readCatalogue(text: string): Catalogue {
  const byKey = new Map<string, number>();
  /** Names without their last word; -1 for those that are of several objects. */
  const short = new Map<string, number>();
  for (const { at, name, others } of eachName(text)) {
    enter(byKey, spellingKey(name), at);
    if (others === '') continue;
    const aliases = others.split(';').filter((each) => !/^H(?:D|IP) \d/.test(each));
    for (const alias of aliases) enter(byKey, spellingKey(alias), at);
    // Those that have a number as well as a name, and those that have only a name.
    for (const each of [name, ...aliases]) {
      const rest = /^(.+) (?:galaxy|nebula|cluster)$/i.exec(each)?.[1];
      if (rest === undefined) continue;
      const key = spellingKey(rest);
      const known = short.get(key);
      // Who says `Orion` means that of Messier, which stands first in the file.
      const isMessier = known !== undefined && known >= 0 && text.startsWith('M ', known);
      if (!isMessier) short.set(key, known === undefined || known === at ? at : -1);
    }
  }
  for (const [key, at] of short) if (at >= 0) enter(byKey, key, at);
  return { text, byKey, found: new Map() };
}

/** The first that has a name keeps it. */
function enter(byKey: Map<string, number>, key: string, at: number): void {
  if (!byKey.has(key)) byKey.set(key, at);
}

/** Where each line begins, its first column and its second. */
function* eachName(text: string): Generator<{ at: number; name: string; others: string }> {
  let at = text.indexOf('\n') + 1; // the first line says what the columns are
  while (at < text.length) {
    const end = text.indexOf('\t', at);
    const next = text.indexOf('\t', end + 1);
    yield { at, name: text.slice(at, end), others: text.slice(end + 1, next) };
    at = text.indexOf('\n', next) + 1;
  }
}

function readLine(text: string, at: number): Target {
  const line = text.slice(at, text.indexOf('\n', at));
  const [name = '', aliases = '', ra, dec, type = '', mag = '', size = ''] = line.split('\t');
  return {
    name,
    aliases: aliases === '' ? [] : aliases.split(';'),
    raDeg: Number(ra),
    decDeg: Number(dec),
    type: TYPES[type as keyof typeof TYPES],
    magnitude: mag === '' ? null : Number(mag),
    sizeArcmin: size === '' ? null : sidesOf(size),
  };
}

function sidesOf(size: string): readonly [number, number] {
  const [first = 0, second = first] = size.split('x').map(Number);
  return first < second ? [second, first] : [first, second];
}

/**
 * The object that a name means, in whatever spelling: `M31`, `ngc-0224`, `Andromeda`, `α Lyr`, `alf Lyr`,
 * also with what cameras put behind it (`M31_Ha_001`) or in brackets (`NGC 224 (M31)`).
 *
 * @returns undefined if the catalogue does not know it
 */
export function findTarget(text: string): Target | undefined {
  const { found } = catalogue();
  if (found.has(text)) return found.get(text);
  const bare = withoutSuffix(text);
  const target = lookUp(text) ?? (bare === undefined ? undefined : lookUp(bare));
  if (found.size >= MAX_KEPT) found.clear();
  found.set(text, target);
  return target;
}

function lookUp(name: string): Target | undefined {
  const { text, byKey } = catalogue();
  const key = spellingKey(name);
  const at = byKey.get(key) ?? findStar(text, key);
  return at === undefined ? undefined : readLine(text, at);
}

/** Where the line of a star begins, by its number. */
function findStar(text: string, key: string): number | undefined {
  const [, catalogueName, number] = STAR_NUMBER.exec(key) ?? [];
  if (catalogueName === undefined || number === undefined) return undefined;
  const at = text.search(new RegExp(`[\\t;]${catalogueName.toUpperCase()} ${number}[\\t;]`));
  return at < 0 ? undefined : text.lastIndexOf('\n', at) + 1;
}

/** The name of the catalogue for what it knows; anything else as it is, blanks put right. */
export function canonicalName(text: string): string {
  return findTarget(text)?.name ?? text.trim().replace(/\s+/g, ' ');
}

/**
 * A text that is the same for all names of one object, as far as names alone can tell. '' for a name
 * without letters and digits.
 */
export function targetKey(text: string): string {
  const target = findTarget(text);
  return spellingKey(target === undefined ? text : target.name);
}

/** An object and how far it is from the place that was asked for. */
export interface NearTarget {
  readonly target: Target;
  readonly distanceDeg: number;
}

/** Objects of the catalogue around a place (ICRS degrees), the nearest first. */
export function targetsNear(raDeg: number, decDeg: number, radiusDeg: number): NearTarget[] {
  const near: NearTarget[] = [];
  const { text } = catalogue();
  for (const { at } of eachName(text)) {
    const target = readLine(text, at);
    if (Math.abs(target.decDeg - decDeg) > radiusDeg) continue;
    const distanceDeg = separationDeg(target, { raDeg, decDeg });
    if (distanceDeg <= radiusDeg) near.push({ target, distanceDeg });
  }
  return near.sort((a, b) => a.distanceDeg - b.distanceDeg);
}
