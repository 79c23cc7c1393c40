import { splitFitsName } from '../lib/paths.js';

const MAX_LENGTH = 255;

/**
 * A name that cannot lead out of a folder and does not disturb a terminal: no separators, control
 * characters, or marks that turn the direction of writing.
 */
export function safeName(name: string): string {
  const plain = name
    .replace(/[\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '_')
    .slice(0, MAX_LENGTH);
  return /^\.{0,2}$/.test(plain) ? '_' : plain;
}

/** As `safeName`, and a name that Windows takes for a file. */
export function windowsName(name: string): string {
  const plain = safeName(name)
    .replace(/[<>:"|?*]/g, '_')
    .replace(/[. ]+$/, '_');
  return /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(plain) ? `_${plain}` : plain;
}

/**
 * Gives each file a name that no other has, also not where case does not count: the second `a.fits`
 * is `a~2.fits`.
 */
export function createNamer(safe: (name: string) => string = safeName): (name: string) => string {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();
  return (wanted) => {
    const name = safe(wanted);
    const key = keyOf(name);
    const { basename, extension } = splitFitsName(name);
    let free = name;
    for (let number = numbers.get(key) ?? 2; taken.has(keyOf(free)); number += 1) {
      free = `${basename}~${number}${extension}`;
      numbers.set(key, number + 1);
    }
    taken.add(keyOf(free));
    return free;
  };
}
