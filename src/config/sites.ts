import { readFileSync } from 'node:fs';
import { systemCode } from '../lib/errors.js';

/** An observatory. Coordinates are geodetic degrees, positive north and east. */
export interface Site {
  /** As headers have it in SITEID. */
  readonly id: string;
  /** Other words of headers for it. */
  readonly aliases: readonly string[];
  readonly name: string;
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly elevationM: number;
  /** Of the IANA, such as `Europe/Berlin`; null: times of it are shown in UTC alone. */
  readonly timeZone: string | null;
  /** Least altitude that can be seen, by azimuth from north through east; one point: everywhere. */
  readonly horizon: readonly HorizonPoint[];
  /** Altitude of the Sun below which it is dark. */
  readonly darkSunAltDeg: number;
}

/** Degrees. */
export interface HorizonPoint {
  readonly azDeg: number;
  readonly altDeg: number;
}

/** What the settings say of the one site that needs no file. */
interface SiteSettings {
  readonly SITE_ID: string;
  readonly SITE_NAME: string;
  readonly SITE_LATITUDE: number;
  readonly SITE_LONGITUDE: number;
  readonly SITE_TIME_ZONE: string;
}

const FIELDS = [
  'id',
  'aliases',
  'name',
  'latitudeDeg',
  'longitudeDeg',
  'elevationM',
  'timeZone',
  'horizon',
  'darkSunAltDeg',
];
const SEA_HORIZON: readonly HorizonPoint[] = [{ azDeg: 0, altDeg: 0 }];
const ASTRONOMICAL_TWILIGHT = -18;

/**
 * The sites of some files, of which later ones replace those of the same id, and after them that of
 * the settings, if none is called so and its coordinates are not both 0, which means that nobody set them.
 *
 * @param files of which those that do not exist are passed over, unless they must be there
 * @param problems where faults are added, each with its file and site
 */
export function readSites(
  files: readonly { readonly path: string; readonly isNeeded: boolean }[],
  settings: SiteSettings,
  problems: string[],
): readonly Site[] {
  const byId = new Map<string, Site>();
  for (const { path, isNeeded } of files) {
    const json = readJson(path, isNeeded, problems);
    if (json === undefined) continue;
    for (const site of new SitesReader(path, problems).sites(json)) byId.set(keyOf(site.id), site);
  }
  const own = ownSite(settings);
  if (own !== undefined && !byId.has(keyOf(own.id))) byId.set(keyOf(own.id), own);
  const sites = [...byId.values()];
  for (const [word, [first, second]] of findTwins(sites)) {
    problems.push(`'${word}' is the name of two sites: ${String(first)} and ${String(second)}`);
  }
  return sites;
}

/** The site that a header means by a word, in any case: its id or one of its aliases. */
export function findSite(sites: readonly Site[], word: string): Site | undefined {
  const key = keyOf(word);
  return sites.find(({ id, aliases }) => [id, ...aliases].some((each) => keyOf(each) === key));
}

/** The least altitude that can be seen in a direction: between two points, on the line between them. */
export function horizonAt({ horizon }: Site, azDeg: number): number {
  const shifted = (turnDeg: number): HorizonPoint[] =>
    horizon.map((point) => ({ ...point, azDeg: point.azDeg + turnDeg }));
  const round = [...shifted(-360), ...horizon, ...shifted(360)];
  const next = round.findIndex((point) => point.azDeg > azDeg);
  const [left, right] = [round[next - 1], round[next]];
  if (left === undefined || right === undefined) return 0;
  const share = (azDeg - left.azDeg) / (right.azDeg - left.azDeg);
  return left.altDeg + share * (right.altDeg - left.altDeg);
}

function ownSite(settings: SiteSettings): Site | undefined {
  const { SITE_ID, SITE_NAME, SITE_LATITUDE, SITE_LONGITUDE, SITE_TIME_ZONE } = settings;
  if (SITE_LATITUDE === 0 && SITE_LONGITUDE === 0) return undefined;
  return {
    id: SITE_ID,
    aliases: [],
    name: SITE_NAME,
    latitudeDeg: SITE_LATITUDE,
    longitudeDeg: SITE_LONGITUDE,
    elevationM: 0,
    timeZone: SITE_TIME_ZONE === '' ? null : SITE_TIME_ZONE,
    horizon: SEA_HORIZON,
    darkSunAltDeg: ASTRONOMICAL_TWILIGHT,
  };
}

/** The zone of the IANA that a name means; undefined if there is none. */
export function parseTimeZone(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function keyOf(word: string): string {
  return word.trim().toLowerCase();
}

/** Words that two sites answer to, with their ids. */
function findTwins(sites: readonly Site[]): [string, string[]][] {
  const owners = new Map<string, string[]>();
  for (const { id, aliases } of sites) {
    for (const word of new Set([id, ...aliases].map(keyOf))) {
      owners.set(word, [...(owners.get(word) ?? []), id]);
    }
  }
  return [...owners].filter(([, ids]) => ids.length > 1);
}

function readJson(path: string, isNeeded: boolean, problems: string[]): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' && !isNeeded) return undefined;
    problems.push(`${path}: ${code ?? (error instanceof Error ? error.message : String(error))}`);
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Walks the JSON of one file and collects problems instead of stopping at the first. */
class SitesReader {
  constructor(
    private readonly path: string,
    private readonly problems: string[],
  ) {}

  sites(json: unknown): Site[] {
    const fields = isObject(json) ? json : {};
    const unknown = Object.keys(fields).filter((name) => name !== 'sites');
    if (!Array.isArray(fields['sites']) || unknown.length > 0) {
      this.fault('an object with nothing but a list `sites` is expected');
      return [];
    }
    const list: unknown[] = fields['sites'];
    const sites = list.map((each, index) => this.site(each, `sites[${index}]`));
    for (const [index, { id }] of sites.entries()) {
      const first = sites.findIndex((other) => keyOf(other.id) === keyOf(id));
      if (id !== '' && first < index)
        this.fault(`site '${id}' is there twice: sites[${first}] and sites[${index}]`);
    }
    return sites;
  }

  private site(json: unknown, place: string): Site {
    const fields = isObject(json) ? json : {};
    const id = typeof fields['id'] === 'string' ? fields['id'].trim() : '';
    const at = id === '' ? place : `site '${id}'`;
    if (id === '') this.fault(`${place}.id must be a text`);
    for (const name of Object.keys(fields)) {
      if (!FIELDS.includes(name)) this.fault(`${at} has an unknown key '${name}'`);
    }
    const { elevationM = 0, darkSunAltDeg = ASTRONOMICAL_TWILIGHT } = fields;
    return {
      id,
      aliases: this.texts(fields['aliases'] ?? [], `${at}.aliases`),
      name: this.text(fields['name'] ?? '', `${at}.name`),
      latitudeDeg: this.number(fields['latitudeDeg'], `${at}.latitudeDeg`, [-90, 90]),
      longitudeDeg: this.number(fields['longitudeDeg'], `${at}.longitudeDeg`, [-180, 180]),
      elevationM: this.number(elevationM, `${at}.elevationM`, [-500, 100_000]),
      timeZone: this.timeZone(fields['timeZone'] ?? null, `${at}.timeZone`),
      horizon: this.horizon(fields['horizon'] ?? 0, `${at}.horizon`),
      darkSunAltDeg: this.number(darkSunAltDeg, `${at}.darkSunAltDeg`, [-30, 0]),
    };
  }

  private horizon(json: unknown, at: string): readonly HorizonPoint[] {
    if (!Array.isArray(json)) return [{ azDeg: 0, altDeg: this.number(json, at, [-10, 89]) }];
    const points = json.map((pair: unknown, i) => {
      const list: readonly unknown[] = Array.isArray(pair) ? pair : [];
      const [az, alt] = list;
      if (list.length > 2) this.fault(`${at}[${i}] must be [azimuth, altitude]`);
      return {
        azDeg: this.number(az, `${at}[${i}] azimuth`, [0, 359.999_999]),
        altDeg: this.number(alt, `${at}[${i}] altitude`, [-10, 89]),
      };
    });
    if (points.length === 0) this.fault(`${at} has no point`);
    const sorted = points.sort((a, b) => a.azDeg - b.azDeg);
    if (sorted.some(({ azDeg }, i) => azDeg === sorted[i - 1]?.azDeg)) {
      this.fault(`${at} has two altitudes at one azimuth`);
    }
    return sorted;
  }

  private timeZone(json: unknown, at: string): string | null {
    if (json === null) return null;
    const zone = this.text(json, at);
    const known = parseTimeZone(zone);
    if (known === undefined) {
      this.fault(`${at} must be a zone of the IANA such as Europe/Berlin, not '${zone}'`);
    }
    return known ?? null;
  }

  private texts(json: unknown, at: string): string[] {
    if (Array.isArray(json)) return json.map((each, i) => this.text(each, `${at}[${i}]`));
    this.fault(`${at} must be a list of texts`);
    return [];
  }

  private text(json: unknown, at: string): string {
    if (typeof json === 'string') return json;
    this.fault(`${at} must be a text`);
    return '';
  }

  private number(json: unknown, at: string, [min, max]: readonly [number, number]): number {
    if (typeof json === 'number' && json >= min && json <= max) return json;
    const what = json === undefined ? 'is missing' : `must be a number from ${min} to ${max}`;
    this.fault(`${at} ${what}`);
    return min;
  }

  private fault(text: string): void {
    this.problems.push(`${this.path}: ${text}`);
  }
}

function isObject(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
