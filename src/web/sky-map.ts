import { celestialFrame, fromUnitVector, toUnitVector, type SkyPoint } from '../sky/index.js';

/** Something to be shown on a map of the whole sky. ICRS degrees. */
export interface SkyMark extends SkyPoint {
  /** In words: what it is, and how much. */
  readonly label: string;
  /** Where it leads; '' or none for a mark that leads nowhere. */
  readonly url?: string;
  /** Diameter of its dot, pixels; 6 where nothing is said. */
  readonly size?: number;
  /** The edge of a field, not closed: drawn instead of a dot where it is large enough to be seen. */
  readonly polygon?: readonly SkyPoint[] | null;
}

export interface SkyMapOptions {
  readonly marks: readonly SkyMark[];
  /** Pixels; the height is half of it. Labels are drawn from 300 pixels on. */
  readonly width: number;
  /** What the map shows, for those who do not see it. */
  readonly label: string;
}

/** A text on a map. */
export interface MapText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** True for those that a small screen does without. */
  readonly isMinor: boolean;
}

/** A mark as it is drawn. */
export interface MapShape {
  /** Path of SVG. */
  readonly d: string;
  readonly label: string;
  readonly url: string;
  readonly kind: 'dot' | 'field';
}

/** What `views/partials/_sky-map.ejs` draws. Paths of SVG in pixels, `''` for those that are not drawn. */
export interface SkyMap {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly isLarge: boolean;
  /** Whether any mark leads somewhere. */
  readonly hasLinks: boolean;
  readonly outline: string;
  readonly grid: string;
  readonly ecliptic: string;
  /** The middle of the Milky Way. */
  readonly galaxy: string;
  readonly texts: readonly MapText[];
  readonly marks: readonly MapShape[];
}

/** From this width on a map has labels and a close grid. */
const LARGE = 300;
const DOT = 6;
/** Fields smaller than this are squares of this size, pixels. */
const LEAST_FIELD = 6;
/** Between two points of a line, degrees. */
const STEP_DEG = 3;
const RADIAN = Math.PI / 180;

/**
 * The whole sky in Hammer's projection, which keeps areas: right ascension 0 in the middle and growing to
 * the left, north up.
 */
export function skyMap({ marks, width, label }: SkyMapOptions): SkyMap {
  const sheet = createSheet(width);
  const isLarge = width >= LARGE;
  const hours = isLarge ? [2, 4, 6, 8, 10, 14, 16, 18, 20, 22, 0] : [6, 18, 0];
  const parallels = isLarge ? [-60, -30, 0, 30, 60] : [-30, 0, 30];
  const lines = [
    ...hours.map((hour) => range(-90, 90).map((decDeg) => ({ raDeg: hour * 15, decDeg }))),
    ...parallels.map((decDeg) => range(-180, 180).map((raDeg) => ({ raDeg, decDeg }))),
  ];
  const shapes = joinDots(marks.map((mark) => toShape(sheet, mark)));
  return {
    width,
    height: width / 2,
    label,
    isLarge,
    hasLinks: shapes.some(({ url }) => url !== ''),
    outline: ellipse(width / 2, width / 4, sheet.halfWidth, sheet.halfHeight),
    grid: lines.map((points) => sheet.line(points)).join(''),
    ecliptic: sheet.line(circleOf('ecliptic')),
    galaxy: sheet.line(circleOf('galactic')),
    texts: isLarge ? textsOf(sheet, width) : [],
    marks: shapes,
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Sheet {
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly place: (longitudeDeg: number, decDeg: number) => Place;
  readonly line: (points: readonly SkyPoint[]) => string;
}

function createSheet(width: number): Sheet {
  const [halfWidth, halfHeight] = [width / 2 - 1, width / 4 - 1];
  /** @param longitudeDeg in [-180, 180]: both ends are the edge of the map, one on either side */
  const place = (longitudeDeg: number, decDeg: number): Place => {
    const half = (longitudeDeg / 2) * RADIAN;
    const dec = decDeg * RADIAN;
    const root = Math.sqrt(1 + Math.cos(dec) * Math.cos(half));
    return {
      x: width / 2 - ((Math.cos(dec) * Math.sin(half)) / root) * halfWidth,
      y: width / 4 - (Math.sin(dec) / root) * halfHeight,
    };
  };
  const line = (points: readonly SkyPoint[]): string => {
    const parts: string[] = [];
    let before: SkyPoint | undefined;
    for (const { raDeg, decDeg } of points) {
      // A line that begins or ends at the edge stays on its side.
      const at = { raDeg: Math.abs(raDeg) === 180 ? raDeg : around(raDeg), decDeg };
      if (before !== undefined && Math.abs(at.raDeg - before.raDeg) > 180) {
        parts.push(
          ...acrossTheEdge(before, at).map(({ raDeg: ra, decDeg: dec }, index) =>
            step(index === 0 ? 'L' : 'M', place(ra, dec)),
          ),
        );
      }
      parts.push(step(before === undefined ? 'M' : 'L', place(at.raDeg, at.decDeg)));
      before = at;
    }
    return parts.join('');
  };
  return { halfWidth, halfHeight, place, line };
}

/** Where a line leaves the map on one side, and comes back on the other. */
function acrossTheEdge(from: SkyPoint, to: SkyPoint): readonly [SkyPoint, SkyPoint] {
  const side = Math.sign(from.raDeg) * 180;
  const before = Math.abs(side - from.raDeg);
  const after = Math.abs(-side - to.raDeg);
  const share = before + after === 0 ? 0 : before / (before + after);
  const decDeg = from.decDeg + (to.decDeg - from.decDeg) * share;
  return [
    { raDeg: side, decDeg },
    { raDeg: -side, decDeg },
  ];
}

/** Right ascension → [-180, 180). */
function around(raDeg: number): number {
  return ((((raDeg + 180) % 360) + 360) % 360) - 180;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / STEP_DEG + 1 }, (_, at) => from + at * STEP_DEG);
}

/** The great circle on which the latitudes of a system are 0. */
function circleOf(system: 'ecliptic' | 'galactic'): SkyPoint[] {
  const frame = celestialFrame(system);
  return range(0, 360).map((raDeg) =>
    fromUnitVector(frame.toIcrs(toUnitVector({ raDeg, decDeg: 0 }))),
  );
}

function toShape(sheet: Sheet, mark: SkyMark): MapShape {
  const { label, url = '', size = DOT, polygon } = mark;
  const { x, y } = sheet.place(around(mark.raDeg), mark.decDeg);
  if (polygon === undefined || polygon === null) {
    return { label, url, kind: 'dot', d: ellipse(x, y, size / 2, size / 2) };
  }
  const places = polygon.map(({ raDeg, decDeg }) => sheet.place(around(raDeg), decDeg));
  const across = Math.max(...places.map((place) => 2 * Math.hypot(place.x - x, place.y - y)));
  const [first] = polygon;
  const isSeen = across >= LEAST_FIELD * 1.5 && first !== undefined;
  const d = isSeen ? sheet.line([...polygon, first]) : square(x, y, LEAST_FIELD);
  return { label, url, kind: 'field', d };
}

/** Dots that lead nowhere as one path, below the others: of thousands the page would be three times as long. */
function joinDots(shapes: readonly MapShape[]): readonly MapShape[] {
  const isPlain = ({ kind, url }: MapShape): boolean => kind === 'dot' && url === '';
  const plain = shapes.filter(isPlain);
  const [first] = plain;
  if (first === undefined) return shapes;
  const joined = { ...first, d: plain.map(({ d }) => d).join('') };
  return [joined, ...shapes.filter((shape) => !isPlain(shape))];
}

/** Hours along the equator, degrees along the edge. */
function textsOf({ place }: Sheet, width: number): MapText[] {
  const hours = [2, 4, 6, 8, 10, 14, 16, 18, 20, 22].map((hour): MapText => {
    const { x, y } = place(around(hour * 15), 0);
    return {
      x: round(x),
      y: round(y + 12),
      text: `${hour}h`,
      anchor: 'middle',
      isMinor: hour % 6 > 0,
    };
  });
  const degrees = [-60, -30, 30, 60].map((decDeg): MapText => {
    const { x, y } = place(0, decDeg);
    const text = `${decDeg < 0 ? '−' : '+'}${Math.abs(decDeg)}°`;
    return { x: round(x + 4), y: round(y - 4), text, anchor: 'start', isMinor: false };
  });
  const middle: MapText = {
    x: width / 2 + 4,
    y: round(width / 4 + 12),
    text: '0h',
    anchor: 'start',
    isMinor: false,
  };
  return [...hours, ...degrees, middle];
}

function step(letter: 'M' | 'L', { x, y }: Place): string {
  return `${letter}${round(x)} ${round(y)}`;
}

function ellipse(x: number, y: number, halfWidth: number, halfHeight: number): string {
  const [rx, ry] = [round(halfWidth), round(halfHeight)];
  const arc = `a${rx} ${ry} 0 1 0 `;
  return `M${round(x - rx)} ${round(y)}${arc}${round(2 * rx)} 0${arc}${round(-2 * rx)} 0Z`;
}

function square(x: number, y: number, side: number): string {
  return `M${round(x - side / 2)} ${round(y - side / 2)}h${side}v${side}h${-side}Z`;
}

/** A tenth of a pixel is more than can be seen. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
