import {
  checkSky,
  LONGEST_EXPOSURE_SEC,
  lookFrom,
  siderealDegAt,
  type Heavens,
  type Pointing,
  type SkyClaims,
} from '../almanac/index.js';
import type { FrameFacts, ImageKind } from '../catalog/index.js';
import { horizonAt } from '../config/index.js';
import type { Finding } from '../lib/finding.js';
import { wrapHalf } from '../sky/index.js';
import type { FrameSite, SaidSite } from './site.js';

/** What the headers of a file say, and what is needed to work out what they do not say. */
export interface ReadHeader {
  /** Nothing in them is worked out from the sky. */
  readonly facts: FrameFacts;
  readonly said: SaidSite;
  readonly where: FrameSite;
  /** False if the header tells the day alone. */
  readonly hasTime: boolean;
}

/** Facts that are worked out where the header lacks them, by the keyword of cameras that write them. */
const COMPUTED = {
  altDeg: 'TEL-ALT',
  azDeg: 'TEL-AZ',
  airmass: 'AIRMASS',
  siderealHours: 'LST',
  hourAngleHours: 'HA',
  sunAltDeg: 'SUNALT',
  sunDistanceDeg: 'SUNDIST',
  moonAltDeg: 'MOONALT',
  moonFraction: 'MOONFRAC',
  moonDistanceDeg: 'MOONDIST',
} as const satisfies Partial<Record<keyof FrameFacts, string>>;
const computedEntries = Object.entries(COMPUTED) as [keyof typeof COMPUTED, string][];

/** Frames of a shutter that is shut, or of a lamp: where the telescope points says nothing of them. */
const WITHOUT_SKY: ReadonlySet<ImageKind> = new Set(['bias', 'dark', 'flat', 'arc']);
const HALF_MS = 500;

/** True if the position of a frame is where its light came from. */
export function isOfSky(kind: ImageKind): boolean {
  return !WITHOUT_SKY.has(kind);
}

/**
 * The facts, and for those of the sky that the header lacks what the almanac says for the middle of
 * the exposure: without refraction, airmass as `airmassOf`. Sidereal time and hour angle are those of its
 * start, as headers have them, and hour angles are never read: headers have them in hours or in degrees.
 * As they are if place or time are not known.
 */
export function fillSky({ facts, where, hasTime }: ReadHeader): FrameFacts {
  if (where.place === undefined || facts.dateObsMs === null || !hasTime) return facts;
  if (computedEntries.every(([name]) => facts[name] !== null)) return facts;
  const { exposureSec, raDeg, decDeg, imageKind } = facts;
  // Nobody knows the middle of a sum.
  const isOne = exposureSec !== null && exposureSec < LONGEST_EXPOSURE_SEC;
  const sec = isOne ? Math.max(0, exposureSec) : 0;
  const heavens = lookFrom(where.place, facts.dateObsMs + sec * HALF_MS);
  const { sun, moon } = heavens;
  const siderealDeg = siderealDegAt(where.place, facts.dateObsMs);
  const pointing =
    raDeg === null || decDeg === null || !isOfSky(imageKind)
      ? undefined
      : heavens.at({ raDeg, decDeg });
  const filled = {
    ...facts,
    ...fillPointing(facts, pointing),
    ...fillTurn(facts, siderealDeg, pointing, heavens),
    sunAltDeg: facts.sunAltDeg ?? rounded(sun.altDeg),
    moonAltDeg: facts.moonAltDeg ?? rounded(moon.altDeg),
    moonFraction: facts.moonFraction ?? rounded(moon.fraction),
  };
  const computed = computedEntries.filter(
    ([name]) => facts[name] === null && filled[name] !== null,
  );
  return { ...filled, computed: computed.map(([, keyword]) => keyword) };
}

function fillPointing(facts: FrameFacts, pointing: Pointing | undefined): Partial<FrameFacts> {
  if (pointing === undefined) return {};
  return {
    altDeg: facts.altDeg ?? rounded(pointing.altDeg),
    azDeg: facts.azDeg ?? rounded(pointing.azDeg),
    airmass: facts.airmass ?? rounded(pointing.airmass),
    sunDistanceDeg: facts.sunDistanceDeg ?? rounded(pointing.sunDistanceDeg),
    moonDistanceDeg: facts.moonDistanceDeg ?? rounded(pointing.moonDistanceDeg),
  };
}

/** From the middle back to the start: the Earth turns as far as its sidereal time. */
function fillTurn(
  facts: FrameFacts,
  startDeg: number,
  pointing: Pointing | undefined,
  middle: Heavens,
): Pick<FrameFacts, 'siderealHours' | 'hourAngleHours'> {
  const turn = wrapHalf((pointing?.hourAngleDeg ?? 0) - (middle.siderealDeg - startDeg));
  return {
    siderealHours: facts.siderealHours ?? rounded(startDeg / 15) % 24,
    hourAngleHours: pointing === undefined ? null : rounded(turn / 15),
  };
}

/** To four digits: more would look better than they are, and differ from machine to machine. */
function rounded(value: number): number;
function rounded(value: number | null): number | null;
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(4));
}

/**
 * Where a header disagrees with the sky; nothing if it does not tell when or where.
 *
 * @param toleranceDeg by how much its numbers may be off
 */
export function skyFindings(header: ReadHeader, toleranceDeg: number): Finding[] {
  const { site } = header.where;
  const claims = claimsOf(header);
  if (claims === undefined) return [];
  const seen = site === undefined ? {} : { horizon: (azDeg: number) => horizonAt(site, azDeg) };
  return checkSky(claims, { toleranceDeg, ...seen });
}

function claimsOf(header: ReadHeader): SkyClaims | undefined {
  const { facts, said, where, hasTime } = header;
  const { dateObsMs, raDeg, decDeg, imageKind, footprint } = facts;
  if (where.place === undefined || dateObsMs === null || !hasTime) return undefined;
  const isSky = isOfSky(imageKind);
  const hasPosition = isSky && raDeg !== null && decDeg !== null;
  return {
    place: where.place,
    isSite: where.site !== undefined,
    latitudeDeg: said.latitudeDeg,
    longitudeDeg: said.longitudeDeg,
    startMs: dateObsMs,
    exposureSec: facts.exposureSec ?? 0,
    isScience: imageKind === 'object' || imageKind === 'standard',
    position: hasPosition ? { raDeg, decDeg } : null,
    solved: footprint?.provisional === false ? footprint.center : null,
    altDeg: isSky ? facts.altDeg : null,
    azDeg: isSky ? facts.azDeg : null,
    airmass: isSky ? facts.airmass : null,
    sunAltDeg: facts.sunAltDeg,
    moonAltDeg: facts.moonAltDeg,
    moonDistanceDeg: facts.moonDistanceDeg,
    siderealDeg: facts.siderealHours === null ? null : facts.siderealHours * 15,
  };
}
