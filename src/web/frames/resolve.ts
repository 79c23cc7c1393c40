import type { Config } from '../../config/index.js';
import { formatDec, formatRa } from '../../sky/index.js';
import { findTarget } from '../../targets/index.js';

/** A place on the sky by its name, ICRS, as it stands in an address. */
export interface Resolved {
  readonly ra: string;
  readonly dec: string;
}

/** Time after which nobody waits for a service of others. */
const PATIENCE_MS = 5000;
/** Longest answer that is read, characters: a page of errors may be endless. */
const MAX_ANSWER = 100_000;
const MAX_NAME = 100;

/**
 * Looks a name up: in the catalogue of the archive, and where the operator has switched it on, in the
 * Sesame service of CDS.
 *
 * @returns a sentence for people if it is not known
 */
export async function resolveName(
  name: string,
  { SESAME_URL }: Pick<Config, 'SESAME_URL'>,
): Promise<Resolved | string> {
  const target = findTarget(name);
  if (target !== undefined) return toResolved(target.raDeg, target.decDeg);
  const here = `The catalogue of this archive does not know “${name}”`;
  const advice = 'Give RA and Dec instead, or another name of it.';
  if (SESAME_URL === '') return `${here}. ${advice}`;
  if (name.length > MAX_NAME) return `${here}, and it is too long for a name. ${advice}`;
  try {
    const found = parseSesame(await askSesame(SESAME_URL, name));
    return found ?? `${here}, and neither does Sesame. ${advice}`;
  } catch {
    // Whatever keeps a service of others from answering, the person can go on without it.
    return `${here}, and Sesame did not answer. Try again later, or give RA and Dec.`;
  }
}

async function askSesame(url: string, name: string): Promise<string> {
  const response = await fetch(`${url}?${encodeURIComponent(name)}`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    redirect: 'error',
  });
  if (!response.ok) throw new Error(`Sesame answered ${response.status}`);
  return (await response.text()).slice(0, MAX_ANSWER);
}

/** The first `%J <ra> <dec>` line of an answer: ICRS, degrees. Sesame user manual, output `-o`. */
export function parseSesame(answer: string): Resolved | undefined {
  const [, ra, dec] = /^%J\s+(\d+(?:\.\d*)?)\s+([+-]?\d+(?:\.\d*)?)/m.exec(answer) ?? [];
  const [raDeg, decDeg] = [Number(ra ?? NaN), Number(dec ?? NaN)];
  if (!(raDeg >= 0 && raDeg < 360) || !(Math.abs(decDeg) <= 90)) return undefined;
  return toResolved(raDeg, decDeg);
}

function toResolved(raDeg: number, decDeg: number): Resolved {
  return { ra: formatRa(raDeg, 1), dec: formatDec(decDeg, 0) };
}
