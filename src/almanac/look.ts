import {
  Body,
  Equator,
  HelioState,
  Illumination,
  MakeTime,
  MoonPhase,
  Observer,
  RotateVector,
  Rotation_EQJ_HOR,
  SiderealTime,
  Vector,
  type AstroTime,
  type RotationMatrix,
} from 'astronomy-engine';
import {
  fromUnitVector,
  separationDeg,
  toUnitVector,
  wrapDegrees,
  type SkyPoint,
} from '../sky/index.js';
import { airmassOf } from './airmass.js';

/** A place on Earth: geodetic degrees, east positive, and metres above the ellipsoid. */
export interface Place {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly elevationM: number;
}

/** Where something stands for an observer, without refraction. */
export interface Standing {
  readonly altDeg: number;
  /** From north through east, 0…360. */
  readonly azDeg: number;
}

/** Sun, Moon and sidereal time of an instant at a place. */
export interface Heavens {
  readonly sun: Standing;
  /** As seen from the place, not from the centre of the Earth: up to 1° lower. */
  readonly moon: Standing & {
    /** Lit part of the disc, 0…1. */
    readonly fraction: number;
    /** 0 new, 90 first quarter, 180 full, 270 last quarter. */
    readonly phaseDeg: number;
  };
  /** Apparent local sidereal time as an angle, 0…360. */
  readonly siderealDeg: number;
  /** What a direction of the sky (ICRS) is then: as `lookAt`, for the price of one rotation. */
  readonly at: (point: SkyPoint) => Pointing;
}

/** A direction of the sky at an instant and a place. */
export interface Pointing extends Standing {
  /** As `airmassOf`: null near the horizon and below. */
  readonly airmass: number | null;
  /** Angle to the middle of the Moon as seen from the place. */
  readonly moonDistanceDeg: number;
  readonly sunDistanceDeg: number;
  /** Negative before the meridian, -180…180. */
  readonly hourAngleDeg: number;
  /** Angle at the object from the north pole to the zenith, positive after the meridian, -180…180. */
  readonly parallacticDeg: number;
}

const RADIAN = Math.PI / 180;

/**
 * What stands where at an instant: true positions of date (precession, nutation, aberration), without
 * refraction. Good to 0.01° from 1970 to 2050: UTC is taken for UT1, which is at most 0.9 s or 0.004°.
 *
 * @param ms epoch ms UTC
 */
export function lookFrom(place: Place, ms: number): Heavens {
  const time = MakeTime(new Date(ms));
  const observer = new Observer(place.latitudeDeg, place.longitudeDeg, place.elevationM);
  const toHorizon = Rotation_EQJ_HOR(time, observer);
  const seen = (body: Body): Vector => Equator(body, time, observer, false, true).vec;
  const [sun, moon] = [seen(Body.Sun), seen(Body.Moon)];
  const bodies = { sun: unit(sun), moon: unit(moon), velocity: velocityOf(time) };
  return {
    sun: standingOf(RotateVector(toHorizon, sun)),
    moon: {
      ...standingOf(RotateVector(toHorizon, moon)),
      fraction: Illumination(Body.Moon, time).phase_fraction,
      phaseDeg: MoonPhase(time),
    },
    siderealDeg: siderealDegAt(place, ms),
    at: (point) => pointingOf(point, { ...bodies, place, toHorizon, time }),
  };
}

/** Apparent local sidereal time as an angle, 0…360. @param ms epoch ms UTC */
export function siderealDegAt({ longitudeDeg }: Place, ms: number): number {
  return wrapDegrees(SiderealTime(MakeTime(new Date(ms))) * 15 + longitudeDeg);
}

/** What a direction (ICRS) is at an instant: see `lookFrom`. */
export function lookAt(point: SkyPoint, place: Place, ms: number): Pointing {
  return lookFrom(place, ms).at(point);
}

/** Where a body of the solar system is seen from a place: ICRS. @param ms epoch ms UTC */
export function bodyAt(body: Body, place: Place, ms: number): SkyPoint {
  const observer = new Observer(place.latitudeDeg, place.longitudeDeg, place.elevationM);
  const { vec } = Equator(body, MakeTime(new Date(ms)), observer, false, true);
  return fromUnitVector(unit(vec));
}

/** Altitude of the middle of the Sun, without refraction: what twilights are told by. */
export function sunAltitudeDeg(place: Place, ms: number): number {
  const time = MakeTime(new Date(ms));
  const observer = new Observer(place.latitudeDeg, place.longitudeDeg, place.elevationM);
  const { vec } = Equator(Body.Sun, time, observer, false, true);
  return standingOf(RotateVector(Rotation_EQJ_HOR(time, observer), vec)).altDeg;
}

interface Scene {
  readonly sun: Direction;
  readonly moon: Direction;
  /** Of the Earth, in units of the speed of light. */
  readonly velocity: Direction;
  readonly place: Place;
  readonly toHorizon: RotationMatrix;
  readonly time: AstroTime;
}

type Direction = readonly [number, number, number];

function pointingOf(point: SkyPoint, scene: Scene): Pointing {
  const { sun, moon, velocity, place, toHorizon, time } = scene;
  const [x, y, z] = toUnitVector(point);
  // Annual aberration to first order: the star leans towards where the Earth goes, up to 20″.
  const seen = unit({ x: x + velocity[0], y: y + velocity[1], z: z + velocity[2] });
  const standing = standingOf(RotateVector(toHorizon, new Vector(...seen, time)));
  const { hourAngleDeg, parallacticDeg } = turnOf(standing, place.latitudeDeg);
  return {
    ...standing,
    airmass: airmassOf(standing.altDeg),
    moonDistanceDeg: angleBetween(seen, moon),
    sunDistanceDeg: angleBetween(seen, sun),
    hourAngleDeg,
    parallacticDeg,
  };
}

/** HOR of the library: x north, y west, z up. */
function standingOf({ x, y, z }: Pick<Vector, 'x' | 'y' | 'z'>): Standing {
  return {
    altDeg: Math.atan2(z, Math.hypot(x, y)) / RADIAN,
    azDeg: wrapDegrees(Math.atan2(-y, x) / RADIAN),
  };
}

/** Hour angle and parallactic angle, from the triangle of pole, zenith and object. */
function turnOf(
  { altDeg, azDeg }: Standing,
  latitudeDeg: number,
): Pick<Pointing, 'hourAngleDeg' | 'parallacticDeg'> {
  const [alt, az, lat] = [altDeg * RADIAN, azDeg * RADIAN, latitudeDeg * RADIAN];
  const east = Math.cos(alt) * Math.sin(az);
  const south = Math.sin(alt) * Math.cos(lat) - Math.cos(alt) * Math.cos(az) * Math.sin(lat);
  return {
    hourAngleDeg: Math.atan2(-east, south) / RADIAN,
    parallacticDeg:
      Math.atan2(
        -Math.sin(az) * Math.cos(lat),
        Math.sin(lat) * Math.cos(alt) - Math.cos(lat) * Math.sin(alt) * Math.cos(az),
      ) / RADIAN,
  };
}

function velocityOf(time: AstroTime): Direction {
  // Round the Sun, not round the barycentre: the difference is 0.01″.
  const { vx, vy, vz } = HelioState(Body.Earth, time);
  const perLightDay = 1 / 173.1446326846693; // astronomical units
  return [vx * perLightDay, vy * perLightDay, vz * perLightDay];
}

function unit({ x, y, z }: Pick<Vector, 'x' | 'y' | 'z'>): Direction {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function angleBetween(a: Direction, b: Direction): number {
  return separationDeg(fromUnitVector(a), fromUnitVector(b));
}
