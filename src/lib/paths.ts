import { isAbsolute, relative, sep } from 'node:path';

/** True if `path` is `root` itself or below it. Both absolute; symbolic links are not followed. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

const KNOWN_EXTENSIONS =
  /\.(?:fits|fit|fts|ft|mt|imfits|imfit|xisf)(?:\.(?:fz|gz|bz2|z|zip))?$|\.(?:fz|gz|bz2|z|zip)$/i;

/**
 * Splits a file name into its basename and the known FITS extensions at its end; a dot inside the
 * name stays: `m31.001.fits.fz` → `m31.001` and `.fits.fz`. Folders must be cut off before.
 */
export function splitFitsName(name: string): { basename: string; extension: string } {
  const match = KNOWN_EXTENSIONS.exec(name);
  if (match === null || match.index === 0) return { basename: name, extension: '' };
  return { basename: name.slice(0, match.index), extension: match[0] };
}
