import { readUpload } from './recordings.js';

/** Where the frames of the recordings point: from their files, degrees; judged apart from the server. */
export interface Pointing {
  readonly raDeg: number;
  readonly decDeg: number;
}

/** TEL-RA and TEL-DEC of a file, if it has both as numbers. */
export function pointingOf(file: string): Pointing | undefined {
  const text = readUpload(file).toString('latin1');
  const read = (keyword: string): number =>
    Number(new RegExp(`${keyword.padEnd(8)}= +([-+.\\dEe]+)`).exec(text)?.[1]);
  const [raDeg, decDeg] = [read('TEL-RA'), read('TEL-DEC')];
  return Number.isNaN(raDeg) || Number.isNaN(decDeg) ? undefined : { raDeg, decDeg };
}

/** Distance on the sky in degrees, by the haversine formula. */
export function distanceDeg(a: Pointing, b: Pointing): number {
  const rad = Math.PI / 180;
  const half = (angle: number): number => Math.sin((angle * rad) / 2) ** 2;
  const h =
    half(a.decDeg - b.decDeg) +
    Math.cos(a.decDeg * rad) * Math.cos(b.decDeg * rad) * half(a.raDeg - b.raDeg);
  return (2 * Math.asin(Math.min(1, Math.sqrt(h)))) / rad;
}
