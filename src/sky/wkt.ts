import { circleRegion, pathRegion, polygonRegion, type Region } from './region.js';
import type { SkyPoint } from './sphere.js';
import { parseAngularSize, parseDec, parseRa, wrapDegrees } from './text.js';

const NUMBER = '[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d{1,2})?';
const PAIR = new RegExp(`^\\s*(${NUMBER})\\s+(${NUMBER})\\s*$`);
const SHAPE = /^\s*(?:SRID\s*=\s*\d+\s*;)?\s*(POINT|LINESTRING|POLYGON|CIRCLE)\s*\((.*)\)\s*$/i;
const CIRCLE = new RegExp(`^\\s*(${NUMBER})\\s+(${NUMBER})\\s+(\\S.*)$`);
const RING = /^\s*\(([^()]*)\)\s*$/;

/** More corners than any region needs; the time of a search grows with them. */
const MAX_CORNERS = 500;

/**
 * A region of the sky as text, degrees of RA and declination: `POINT(ra dec)`, `LINESTRING(ra dec, …)`,
 * `POLYGON((ra dec, …))`, closed and without holes (OGC 06-103r4 §7), and our own `CIRCLE(ra dec radius)`
 * and `ra,dec`, where the radius may have a unit and the position may be sexagesimal. RA runs from -360
 * to 360. Undefined if it is none of these, or does not fit into half of the sky.
 */
export function parseRegion(text: string): Region | undefined {
  const match = SHAPE.exec(text);
  const inside = match?.[2] ?? '';
  switch (match?.[1]?.toUpperCase()) {
    case 'POINT': {
      const points = parsePoints(inside);
      return points?.length === 1 ? pathRegion(points) : undefined;
    }
    case 'LINESTRING': {
      const points = parsePoints(inside);
      return points === undefined || points.length < 2 ? undefined : pathRegion(points);
    }
    case 'POLYGON':
      return parsePolygon(inside);
    case 'CIRCLE':
      return parseCircle(inside);
    default:
      return parsePosition(text);
  }
}

function parsePolygon(text: string): Region | undefined {
  const points = parsePoints(RING.exec(text)?.[1] ?? '');
  const [first, last] = [points?.[0], points?.at(-1)];
  if (points === undefined || first === undefined || last === undefined) return undefined;
  const isClosed = first.raDeg === last.raDeg && first.decDeg === last.decDeg;
  return isClosed && points.length >= 4 ? polygonRegion(points.slice(0, -1)) : undefined;
}

function parseCircle(text: string): Region | undefined {
  const match = CIRCLE.exec(text);
  const center = toPoint(match?.[1], match?.[2]);
  const radiusDeg = parseAngularSize(match?.[3] ?? '');
  if (center === undefined || radiusDeg === undefined || radiusDeg > 180) return undefined;
  return circleRegion(center, radiusDeg);
}

/** `ra,dec`, or both with a blank between where that is not ambiguous. */
function parsePosition(text: string): Region | undefined {
  const parts = text.includes(',') ? text.split(',') : text.trim().split(/\s+/);
  const [raText, decText] = parts;
  if (parts.length !== 2 || raText === undefined || decText === undefined) return undefined;
  const raDeg = parseRa(raText, { numbersAre: 'degrees' });
  const decDeg = parseDec(decText);
  return raDeg === undefined || decDeg === undefined ? undefined : pathRegion([{ raDeg, decDeg }]);
}

function parsePoints(text: string): SkyPoint[] | undefined {
  const points: SkyPoint[] = [];
  for (const part of text.split(',', MAX_CORNERS + 2)) {
    const match = PAIR.exec(part);
    const point = toPoint(match?.[1], match?.[2]);
    if (point === undefined || points.length > MAX_CORNERS) return undefined;
    points.push(point);
  }
  return points;
}

function toPoint(ra: string | undefined, dec: string | undefined): SkyPoint | undefined {
  const [raDeg, decDeg] = [Number(ra), Number(dec)];
  if (!(Math.abs(raDeg) <= 360) || !(Math.abs(decDeg) <= 90)) return undefined;
  return { raDeg: wrapDegrees(raDeg), decDeg };
}
