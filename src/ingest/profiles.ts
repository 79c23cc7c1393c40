import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_KINDS, type ImageKind } from '../catalog/index.js';
import { AppError, systemCode } from '../lib/errors.js';

/**
 * How the value of a keyword is read. `integer` and `number` take quoted numbers too; `date` is a
 * calendar date, `instant` a date with or without a time, `time` a time of day, `mjd` and `jd` days;
 * `latitude` is degrees north, `longitude` degrees east, `sidereal` hours; `binning` is two factors in one text, such as `2 2` or `2x2`.
 */
const TYPES = [
  'text',
  'number',
  'integer',
  'instant',
  'date',
  'time',
  'mjd',
  'jd',
  'latitude',
  'longitude',
  'sidereal',
  'binning',
] as const;
export type ValueType = (typeof TYPES)[number];

/** Every column a profile can feed, with the type its keywords have unless they say otherwise. */
const COLUMNS = {
  siteId: 'text',
  telescope: 'text',
  instrument: 'text',
  imageType: 'text',
  dateObs: 'instant',
  timeOfDay: 'time',
  night: 'date',
  latitudeDeg: 'latitude',
  longitudeDeg: 'longitude',
  elevationM: 'number',
  object: 'text',
  filter: 'text',
  exposureSec: 'number',
  reductionLevel: 'integer',
  requestNumber: 'text',
  obsNumber: 'text',
  proposal: 'text',
  publicDate: 'instant',
  binning: 'binning',
  binningX: 'integer',
  binningY: 'integer',
  altDeg: 'number',
  azDeg: 'number',
  focus: 'number',
  siderealDeg: 'sidereal',
  sunAltDeg: 'number',
  sunDistanceDeg: 'number',
  moonAltDeg: 'number',
  moonFraction: 'number',
  moonDistanceDeg: 'number',
  originX: 'number',
  originY: 'number',
  dataMean: 'number',
  airmass: 'number',
  ccdTempC: 'number',
  gain: 'number',
} as const satisfies Record<string, ValueType>;
export type Column = keyof typeof COLUMNS;

/** A condition on the headers of a file. Texts are compared without regard to case. */
export type Rule =
  | { readonly always: true }
  | { readonly all: readonly Rule[] }
  | { readonly any: readonly Rule[] }
  | { readonly atLeast: number; readonly of: readonly Rule[] }
  | { readonly not: Rule }
  | { readonly extname: string }
  | { readonly keyword: string; readonly exists: boolean }
  | { readonly keyword: string; readonly equals: string }
  | { readonly keyword: string; readonly pattern: RegExp };

/** One keyword that may feed a column: value × scale + offset, if `when` holds. */
export interface Source {
  readonly keyword: string;
  readonly type: ValueType;
  readonly scale: number;
  readonly offset: number;
  readonly when: Rule | undefined;
}

/**
 * A pair of keywords with a position. Numbers of `ra` are `degrees` or `hours`; text with several
 * fields is always hours. The pair `'wcs'` is CRVAL, where CTYPE says RA and DEC.
 */
export type PositionSource =
  | 'wcs'
  | {
      readonly ra: string;
      readonly dec: string;
      readonly numbersAre: 'degrees' | 'hours';
      readonly when: Rule | undefined;
    };

/** The rules that turn the headers of one family of cameras into the columns of a frame. */
export interface Profile {
  readonly name: string;
  readonly title: string;
  /** Profiles are tried from the lowest number up; the first that matches is used. */
  readonly priority: number;
  readonly match: Rule;
  /** Keywords without which a file is refused. */
  readonly required: readonly string[];
  /** Texts that stand for no value, in lower case. */
  readonly missing: ReadonlySet<string>;
  readonly columns: Readonly<Partial<Record<Column, readonly Source[]>>>;
  readonly position: readonly PositionSource[];
  /** Type of image, normalised (`normaliseWord`) → kind. */
  readonly kinds: ReadonlyMap<string, ImageKind>;
  /** Filter, normalised → name to use, or null for no filter. Others stay as they are. */
  readonly filters: ReadonlyMap<string, string | null>;
  /** Keywords that name other frames; a `*` at the end stands for any rest. */
  readonly relations: readonly string[];
}

/** The form in which words are compared: lower case; blanks, dashes and underscores are one blank. */
export function normaliseWord(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
}

/**
 * Checks a profile read from JSON and fills in what it leaves out.
 *
 * @param where named in front of each problem: usually the file
 * @throws 'config_invalid' listing every problem at once
 */
export function parseProfile(json: unknown, where: string): Profile {
  const reader = new ProfileReader();
  const profile = reader.profile(json);
  if (reader.problems.length > 0) {
    const list = reader.problems.map((problem) => `${where}: ${problem}`);
    throw new AppError('config_invalid', list.join('\n'), { problems: list });
  }
  return profile;
}

/**
 * Reads every `*.json` of some folders as a profile. A later folder replaces a profile of the same
 * name, so that a site can change one of ours. Folders that do not exist are passed over.
 *
 * @param relatedKeys keywords that name other frames whatever the profile (setting RELATED_FRAME_KEYS)
 * @returns in the order in which they are to be tried
 * @throws 'config_invalid' listing every problem of every file, or if no profile matches always
 */
export async function loadProfiles(
  folders: readonly string[],
  relatedKeys: readonly string[] = [],
): Promise<readonly Profile[]> {
  const byName = new Map<string, Profile>();
  const problems: string[] = [];
  for (const folder of folders) {
    for (const name of await listJson(folder)) {
      const path = join(folder, name);
      try {
        const profile = parseProfile(JSON.parse(await readFile(path, 'utf8')), path);
        const relations = [...new Set([...profile.relations, ...relatedKeys])];
        byName.set(profile.name, { ...profile, relations });
      } catch (error) {
        problems.push(error instanceof AppError ? error.message : `${path}: ${String(error)}`);
      }
    }
  }
  const profiles = [...byName.values()].sort(
    (a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1),
  );
  if (!profiles.some((profile) => 'always' in profile.match)) {
    problems.push(`no profile matches always, in ${folders.join(', ')}`);
  }
  if (problems.length > 0) throw new AppError('config_invalid', problems.join('\n'), { problems });
  return profiles;
}

async function listJson(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Walks the JSON and collects problems instead of stopping at the first. */
class ProfileReader {
  readonly problems: string[] = [];

  profile(json: unknown): Profile {
    const fields = this.fields(json, 'profile', [
      ['name', 'title', 'priority', 'match', 'columns'],
      ['required', 'missing', 'position', 'kinds', 'filters', 'relations'],
    ]);
    const columns: Partial<Record<Column, readonly Source[]>> = {};
    for (const [name, value] of this.entries(fields['columns'] ?? {}, 'columns')) {
      if (!isColumn(name)) this.problems.push(`columns.${name} is not a column`);
      else columns[name] = this.list(value, `columns.${name}`, this.source(COLUMNS[name]));
    }
    return {
      name: this.text(fields['name'], 'name'),
      title: this.text(fields['title'], 'title'),
      priority: this.number(fields['priority'], 'priority'),
      match: this.rule(fields['match'], 'match'),
      required: this.texts(fields['required'], 'required'),
      missing: new Set(this.texts(fields['missing'], 'missing').map((text) => text.toLowerCase())),
      columns,
      position: this.list(fields['position'] ?? [], 'position', (value, at) =>
        this.positionSource(value, at),
      ),
      kinds: new Map(
        this.entries(fields['kinds'] ?? {}, 'kinds').map(([word, kind]) => [
          normaliseWord(word),
          this.oneOf(kind, `kinds.${word}`, IMAGE_KINDS),
        ]),
      ),
      filters: new Map(
        this.entries(fields['filters'] ?? {}, 'filters').map(([word, filter]) => [
          normaliseWord(word),
          filter === null ? null : this.text(filter, `filters.${word}`),
        ]),
      ),
      relations: this.texts(fields['relations'], 'relations'),
    };
  }

  private source(columnType: ValueType): (json: unknown, at: string) => Source {
    return (json, at) => {
      const plain = { type: columnType, scale: 1, offset: 0, when: undefined };
      if (typeof json === 'string') return { ...plain, keyword: this.text(json, at) };
      const fields = this.fields(json, at, [['keyword'], ['type', 'scale', 'offset', 'when']]);
      const { type = columnType, scale = 1, offset = 0, when } = fields;
      return {
        keyword: this.text(fields['keyword'], `${at}.keyword`),
        type: this.oneOf(type, `${at}.type`, TYPES),
        scale: this.number(scale, `${at}.scale`),
        offset: this.number(offset, `${at}.offset`),
        when: when === undefined ? undefined : this.rule(when, `${at}.when`),
      };
    };
  }

  private positionSource(json: unknown, at: string): PositionSource {
    if (json === 'wcs') return 'wcs';
    const fields = this.fields(json, at, [
      ['ra', 'dec'],
      ['numbersAre', 'when'],
    ]);
    const { numbersAre = 'degrees', when } = fields;
    return {
      ra: this.text(fields['ra'], `${at}.ra`),
      dec: this.text(fields['dec'], `${at}.dec`),
      numbersAre: this.oneOf(numbersAre, `${at}.numbersAre`, ['degrees', 'hours'] as const),
      when: when === undefined ? undefined : this.rule(when, `${at}.when`),
    };
  }

  private rule(json: unknown, at: string): Rule {
    const fields = this.fields(json, at, [
      [],
      'always all any atLeast of not extname keyword exists equals pattern'.split(' '),
    ]);
    const rules = (name: string): readonly Rule[] =>
      this.list(fields[name], `${at}.${name}`, (value, where) => this.rule(value, where));
    switch (Object.keys(fields).sort().join(' ')) {
      case 'always':
        if (fields['always'] !== true) this.problems.push(`${at}.always must be true`);
        return { always: true };
      case 'all':
        return { all: rules('all') };
      case 'any':
        return { any: rules('any') };
      case 'atLeast of':
        return { atLeast: this.number(fields['atLeast'], `${at}.atLeast`), of: rules('of') };
      case 'not':
        return { not: this.rule(fields['not'], `${at}.not`) };
      case 'extname':
        return { extname: this.text(fields['extname'], `${at}.extname`) };
      default:
        return this.keywordRule(fields, at);
    }
  }

  private keywordRule(fields: Fields, at: string): Rule {
    const keyword = typeof fields['keyword'] === 'string' ? fields['keyword'] : '';
    const [test, ...more] = Object.keys(fields).filter((name) => name !== 'keyword');
    if (keyword !== '' && more.length === 0) {
      const value = fields[test ?? ''];
      if (test === 'exists' && typeof value === 'boolean') return { keyword, exists: value };
      if (test === 'equals') return { keyword, equals: this.text(value, `${at}.equals`) };
      if (test === 'pattern') return { keyword, pattern: this.pattern(value, `${at}.pattern`) };
    }
    this.problems.push(
      `${at} must be one of: always, all, any, atLeast with of, not, extname, ` +
        'or keyword with exists, equals or pattern',
    );
    return { any: [] };
  }

  private pattern(json: unknown, at: string): RegExp {
    try {
      return new RegExp(this.text(json, at), 'i');
    } catch {
      // The reason is worded by the engine; the place is what helps.
      this.problems.push(`${at} is not a regular expression`);
      return /$^/;
    }
  }

  private fields(
    json: unknown,
    at: string,
    [needed, optional]: readonly [readonly string[], readonly string[]],
  ): Fields {
    const entries = this.entries(json, at);
    for (const [name] of entries) {
      if (!needed.includes(name) && !optional.includes(name)) {
        this.problems.push(`${at} has an unknown key '${name}'`);
      }
    }
    const fields = Object.fromEntries(entries);
    for (const name of needed) {
      if (fields[name] === undefined) this.problems.push(`${at} lacks '${name}'`);
    }
    return fields;
  }

  private entries(json: unknown, at: string): [string, unknown][] {
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return Object.entries(json);
    if (json !== undefined) this.problems.push(`${at} must be an object`);
    return [];
  }

  private list<T>(json: unknown, at: string, read: (value: unknown, at: string) => T): T[] {
    if (Array.isArray(json)) return json.map((value, i) => read(value, `${at}[${i}]`));
    this.problems.push(`${at} must be a list`);
    return [];
  }

  private texts(json: unknown, at: string): string[] {
    return this.list(json ?? [], at, (value, where) => this.text(value, where));
  }

  private text(json: unknown, at: string): string {
    if (typeof json === 'string' && json !== '') return json;
    if (json !== undefined) this.problems.push(`${at} must be a text`);
    return '';
  }

  private number(json: unknown, at: string): number {
    if (typeof json === 'number') return json;
    if (json !== undefined) this.problems.push(`${at} must be a number`);
    return 0;
  }

  private oneOf<T extends string>(json: unknown, at: string, allowed: readonly T[]): T {
    const [first] = allowed;
    const found = allowed.find((word) => word === json);
    if (found === undefined) this.problems.push(`${at} must be one of ${allowed.join(', ')}`);
    // What is returned after a problem is never used: parseProfile throws.
    return found ?? (first as T);
  }
}

function isColumn(name: string): name is Column {
  return Object.hasOwn(COLUMNS, name);
}
