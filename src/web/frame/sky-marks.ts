import type { Footprint } from '../../sky/index.js';

/** A step on a picture: x to the right, y up. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

/** Where north and east are on a picture whose row 1 is at the bottom; unit vectors. */
export function compassOf({ rotationDeg, mirrored }: Pick<Footprint, 'rotationDeg' | 'mirrored'>): {
  north: Direction;
  east: Direction;
} {
  const angle = (rotationDeg * Math.PI) / 180;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  // Up has this position angle; angles grow from north to east, which is to the left unless mirrored.
  const side = mirrored ? -1 : 1;
  return { north: { x: side * sine, y: cosine }, east: { x: -side * cosine, y: sine } };
}

/** A length on the sky, and as it is written. */
export interface Bar {
  readonly arcsec: number;
  readonly label: string;
}

const UNITS = [
  { arcsec: 3600, sign: '°' },
  { arcsec: 60, sign: '′' },
  { arcsec: 1, sign: '″' },
] as const;
const STEPS = [50, 30, 20, 15, 10, 5, 3, 2, 1, 0.5, 0.2, 0.1] as const;

/** The longest round length that is no longer than `most` arcseconds. */
export function scaleBar(most: number): Bar {
  for (const { arcsec, sign } of UNITS) {
    const step = STEPS.find((each) => each >= 1 && each * arcsec <= most);
    if (step !== undefined) return { arcsec: step * arcsec, label: `${step}${sign}` };
  }
  const step = STEPS.find((each) => each <= most) ?? most;
  return { arcsec: step, label: `${Number(step.toPrecision(1))}″` };
}
