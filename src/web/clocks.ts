import { lookFrom, sunAltitudeDeg } from '../almanac/index.js';
import type { Site } from '../config/index.js';
import { localTime, zoneName } from './roll/scale.js';

/** The times of the top bar, when the page was made: scripts keep them going. */
export interface Clocks {
  /** `HH:MM` */
  readonly utc: string;
  /** The same at the site, and what its zone is called; '' where it is UTC, or not known. */
  readonly local: string;
  readonly localName: string;
  /** Local sidereal time; '' if nobody said where the site is. */
  readonly lst: string;
  /** For scripts: of the IANA, or ''. */
  readonly timeZone: string;
  /** For scripts: degrees east, or ''. */
  readonly longitude: string;
}

/** Below this the Sun is down: half its disc, and refraction. */
const HORIZON_DEG = -0.833;

/** What the clocks of the top bar show. */
export function readClocks(site: Site | undefined, nowMs: number): Clocks {
  const timeZone = site?.timeZone ?? '';
  const name = zoneName(nowMs, site?.timeZone ?? null);
  const isUtc = name === '' || /^(?:UTC|GMT)$/.test(name);
  return {
    utc: new Date(nowMs).toISOString().slice(11, 16),
    local: isUtc ? '' : localTime(nowMs, timeZone),
    localName: isUtc ? '' : name,
    lst: site === undefined ? '' : formatAngle(lookFrom(site, nowMs).siderealDeg),
    timeZone: isUtc ? '' : timeZone,
    longitude: site === undefined ? '' : String(site.longitudeDeg),
  };
}

/** True between sunset and sunrise; false if nobody said where the site is. */
export function isSunDown(site: Site | undefined, nowMs: number): boolean {
  return site !== undefined && sunAltitudeDeg(site, nowMs) < HORIZON_DEG;
}

/** 0…360° as `HH:MM` of sidereal time. */
function formatAngle(degrees: number): string {
  const minutes = Math.floor(degrees * 4) % 1440;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
