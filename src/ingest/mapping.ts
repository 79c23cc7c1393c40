import { placeOf } from '../almanac/index.js';
import type { FrameFacts, Relation } from '../catalog/index.js';
import { mainImage } from '../fits/index.js';
import type { Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { splitFitsName } from '../lib/paths.js';
import { formatDate, nightOf, parseDate, parseInstant, parseTimeOfDay } from '../lib/time.js';
import { parseDec, parseLatitude, parseLongitude, parseRa } from '../sky/index.js';
import type { Footprint, SkyPoint } from '../sky/index.js';
import { footprintOf, provisionalFootprint, wcsOf, type LookupPixels } from '../wcs/index.js';
import {
  cannotBeUsed,
  findIn,
  has,
  holds,
  keywordsLike,
  orderHeaders,
  parseBinning,
  parseFactor,
  parseNumber,
  parseScaled,
  parseWhen,
  textOf,
  type HeaderList,
} from './keywords.js';
import { normaliseWord } from './profiles.js';
import type { Column, PositionSource, Profile, Source } from './profiles.js';
import { isCountedSouth, isCountedWest } from './sides.js';
import { siteOf, type SaidSite, type SiteDefaults } from './site.js';
import { fillSky, type ReadHeader } from './sky.js';

export type { Profile } from './profiles.js';
export type { SiteDefaults } from './site.js';

/**
 * Turns the headers of a file into the columns of a frame, by the first profile that matches.
 * Odd values never stop it: they become null and a warning. What the sky tells is worked out where
 * the header lacks it.
 *
 * @param profiles in the order in which they are tried, as from `loadProfiles`
 * @param lookups tables of corrections that the main image names, as from `inspect`
 * @param keywords those of all headers, as from `keywordsOf`
 * @throws 'header_missing' naming a keyword the profile requires; 'header_invalid' if the date of
 *         observation cannot be read; 'config_invalid' if no profile matches
 */
export function mapHeader(
  hdus: readonly Hdu[],
  profiles: readonly Profile[],
  site: SiteDefaults,
  lookups: readonly LookupPixels[] = [],
  keywords?: ReadonlySet<string>,
): FrameFacts {
  return fillSky(readHeader(hdus, profiles, site, lookups, keywords));
}

/** As `mapHeader`, without what is worked out from the sky, and with what that is worked out from. */
export function readHeader(
  hdus: readonly Hdu[],
  profiles: readonly Profile[],
  site: SiteDefaults,
  lookups: readonly LookupPixels[] = [],
  keywords?: ReadonlySet<string>,
): ReadHeader {
  const list = orderHeaders(hdus, keywords);
  const profile = profiles.find(({ match }) => holds(match, hdus, list));
  if (profile === undefined) throw new AppError('config_invalid', 'No mapping profile matches.');
  const reader = new HeaderReader(hdus, list, profile);
  reader.checkRequired();
  const main = mainImage({ hdus });
  const date = reader.dateObs();
  const said = reader.site();
  const where = siteOf(said, site);
  const imageType = reader.text('imageType');
  const solved = solvedFootprint(hdus, lookups, main);
  const position = reader.position(solved);
  // A WCS without a scale covers a degree per pixel by the standard: a guess by the optics is better.
  const guessed = solved?.provisional === false ? undefined : guessedFootprint(main, position);
  const footprint = guessed ?? solved;
  const [binningX, binningY] = reader.binning();
  const facts: FrameFacts = {
    profile: profile.name,
    siteId: where.siteId,
    telescope: reader.text('telescope') ?? site.telescope,
    instrument: reader.text('instrument') ?? site.instrument,
    imageType,
    imageKind: profile.kinds.get(normaliseWord(imageType ?? '')) ?? 'other',
    dateObsMs: date?.ms ?? null,
    night: reader.night(date, where.longitudeDeg),
    object: reader.text('object'),
    filter: reader.filter(),
    exposureSec: reader.number('exposureSec'),
    reductionLevel: reader.integer('reductionLevel') ?? 0,
    requestNumber: reader.text('requestNumber'),
    obsNumber: reader.text('obsNumber'),
    proposal: reader.text('proposal'),
    publicDateMs: reader.instant('publicDate'),
    binningX,
    binningY,
    width: main?.axes[0] ?? 0,
    height: main === undefined ? 0 : (main.axes[1] ?? 1),
    raDeg: position?.raDeg ?? null,
    decDeg: position?.decDeg ?? null,
    altDeg: reader.number('altDeg'),
    azDeg: reader.number('azDeg'),
    siderealHours: reader.siderealHours(),
    hourAngleHours: null,
    focus: reader.number('focus'),
    sunAltDeg: reader.number('sunAltDeg'),
    sunDistanceDeg: reader.number('sunDistanceDeg'),
    moonAltDeg: reader.number('moonAltDeg'),
    moonFraction: reader.number('moonFraction'),
    moonDistanceDeg: reader.number('moonDistanceDeg'),
    originX: reader.number('originX'),
    originY: reader.number('originY'),
    dataMean: reader.number('dataMean'),
    airmass: reader.number('airmass'),
    ccdTempC: reader.number('ccdTempC'),
    gain: reader.number('gain'),
    footprint: footprint ?? null,
    relations: reader.relations(),
    computed: [],
    warnings: [...new Set(reader.warnings)],
  };
  const hasTime = date !== undefined && date.dayOnly === undefined;
  return { facts, said, where, hasTime };
}

/** What says who may see a frame. */
export type Publicity = Pick<FrameFacts, 'proposal' | 'publicDateMs'>;

/** As `mapHeader`, also of a file that it would refuse: nothing is required. Nulls if no profile matches. */
export function publicityOf(
  hdus: readonly Hdu[],
  profiles: readonly Profile[],
  keywords?: ReadonlySet<string>,
): Publicity {
  const list = orderHeaders(hdus, keywords);
  const profile = profiles.find(({ match }) => holds(match, hdus, list));
  if (profile === undefined) return { proposal: null, publicDateMs: null };
  const reader = new HeaderReader(hdus, list, profile);
  return { proposal: reader.text('proposal'), publicDateMs: reader.instant('publicDate') };
}

/** FITS Standard 4.0 §9.2.3. */
const GEOCENTRIC = ['OBSGEO-X', 'OBSGEO-Y', 'OBSGEO-Z'];
interface ObservationDate {
  readonly ms: number;
  /** Set if the header gives a day but no time of day. */
  readonly dayOnly: string | undefined;
}

/** Reads the headers of one file through one profile and collects warnings on the way. */
class HeaderReader {
  readonly warnings: string[] = [];

  constructor(
    private readonly hdus: readonly Hdu[],
    private readonly list: HeaderList,
    private readonly profile: Profile,
  ) {}

  checkRequired(): void {
    const keyword = this.profile.required.find((name) => this.find(name) === undefined);
    if (keyword === undefined) return;
    const message = `Could not find ${keyword} in FITS header.`;
    throw new AppError('header_missing', message, { keyword });
  }

  text(column: Column): string | null {
    return this.read(column, (text) => text);
  }

  number(column: Column): number | null {
    return this.read(column, (text, source) => parseScaled(text, source, column));
  }

  integer(column: Column): number | null {
    return this.read(column, (text) => {
      const value = parseNumber(text);
      return Number.isSafeInteger(value) ? value : undefined;
    });
  }

  instant(column: Column): number | null {
    return this.read(column, parseInstant);
  }

  filter(): string | null {
    const text = this.text('filter');
    const mapped = this.profile.filters.get(normaliseWord(text ?? ''));
    return mapped === undefined ? text : mapped;
  }

  /**
   * The first source must be readable if it is there: a wrong date would file the frame under a
   * wrong night without anybody noticing. The others are second best and only warned of.
   */
  dateObs(): ObservationDate | undefined {
    for (const [i, source] of this.sources('dateObs').entries()) {
      const text = this.find(source.keyword);
      if (text === undefined) continue;
      const ms = parseWhen(text, source.type);
      if (ms !== undefined) {
        this.checkTimeScale();
        return this.withTimeOfDay(source, text, ms);
      }
      if (i === 0) {
        const message = `Cannot read ${source.keyword} in FITS header: '${text}'`;
        throw new AppError('header_invalid', message, { keyword: source.keyword });
      }
      this.warn(source.keyword, text);
    }
    this.warnings.push('The header has no date of observation.');
    return undefined;
  }

  private withTimeOfDay(source: Source, text: string, ms: number): ObservationDate {
    const day = source.type === 'instant' ? parseDate(text) : undefined;
    if (day === undefined) return { ms, dayOnly: undefined };
    for (const { keyword } of this.sources('timeOfDay')) {
      const time = parseTimeOfDay(this.find(keyword) ?? '');
      if (time !== undefined) return { ms: ms + time, dayOnly: undefined };
    }
    this.warnings.push(`${source.keyword} has no time of day: '${text}'`);
    return { ms, dayOnly: day };
  }

  private checkTimeScale(): void {
    const scale = this.find('TIMESYS');
    if (scale !== undefined && !/^(utc?|ut1|gmt|z)\b/i.test(scale)) {
      this.warnings.push(`TIMESYS is '${scale}'; dates are taken as UTC`);
    }
  }

  night(date: ObservationDate | undefined, longitudeDeg: number): string | null {
    const given = this.read('night', (text) => {
      const ms = parseInstant(text);
      return parseDate(text) ?? (ms === undefined ? undefined : formatDate(ms));
    });
    if (given !== null || date === undefined) return given;
    // Midnight stands for the whole day here; counting back from it would give the day before.
    if (date.dayOnly !== undefined) return date.dayOnly;
    return nightOf(date.ms, longitudeDeg);
  }

  site(): SaidSite {
    const said = {
      siteId: this.text('siteId'),
      latitudeDeg: this.read('latitudeDeg', (text, { keyword }) => {
        const value = parseLatitude(text);
        const isSouth = isCountedSouth(text, this.commentOf(keyword));
        return value !== undefined && isSouth ? -value : value;
      }),
      longitudeDeg: this.read('longitudeDeg', (text, { keyword, scale }) => {
        const value = parseLongitude(text);
        if (value === undefined) return undefined;
        return value * (isCountedWest(text, this.commentOf(keyword)) ? -scale : scale);
      }),
      elevationM: this.number('elevationM'),
    };
    if (said.latitudeDeg !== null || said.longitudeDeg !== null) return said;
    const [x = NaN, y = NaN, z = NaN] = GEOCENTRIC.map((name) =>
      parseNumber(this.find(name) ?? ''),
    );
    return { ...said, ...placeOf([x, y, z]) };
  }

  /** Nobody is warned of one that cannot be read: it can be worked out. */
  siderealHours(): number | null {
    for (const { keyword } of this.sources('siderealDeg')) {
      const text = this.find(keyword) ?? '';
      const degrees =
        parseRa(text, { numbersAre: 'hours' }) ?? parseRa(text, { numbersAre: 'degrees' });
      // A hundredth of a second.
      if (degrees !== undefined) return Number((degrees / 15).toFixed(6));
    }
    return null;
  }

  binning(): readonly [number, number] {
    const x = this.read('binningX', parseFactor);
    const y = this.read('binningY', parseFactor);
    if (x !== null && y !== null) return [x, y];
    const both = this.read('binning', parseBinning);
    if (both === null && x !== y) this.warnings.push('Binning is given for one axis only.');
    return both ?? [1, 1];
  }

  /**
   * From one header: two halves of a position from different HDUs do not belong together. With a WCS,
   * for want of better, it is the centre of the image.
   */
  position(solved: Footprint | undefined): SkyPoint | undefined {
    for (const source of this.profile.position) {
      const point = source === 'wcs' ? (solved?.center ?? undefined) : this.pairPosition(source);
      // Exactly zero in both is what software writes that knows no position.
      if (point !== undefined && (point.raDeg !== 0 || point.decDeg !== 0)) return point;
    }
    return undefined;
  }

  private pairPosition(source: Exclude<PositionSource, 'wcs'>): SkyPoint | undefined {
    if (source.when !== undefined && !holds(source.when, this.hdus, this.list)) return undefined;
    if (!has(this.list, source.ra)) return undefined;
    for (const header of this.list.headers) {
      const ra = textOf(header, source.ra, this.profile.missing);
      const dec = textOf(header, source.dec, this.profile.missing);
      if (ra === undefined || dec === undefined) continue;
      const raDeg = parseRa(ra, { numbersAre: source.numbersAre });
      const decDeg = parseDec(dec);
      if (raDeg !== undefined && decDeg !== undefined) return { raDeg, decDeg };
      if (raDeg === undefined) this.warn(source.ra, ra);
      if (decDeg === undefined) this.warn(source.dec, dec);
    }
    return undefined;
  }

  relations(): Relation[] {
    return this.profile.relations
      .flatMap((pattern) => (pattern.endsWith('*') ? keywordsLike(this.list, pattern) : [pattern]))
      .map((key) => ({ key, name: relatedName(this.find(key) ?? '') }))
      .filter(({ name }) => name !== '');
  }

  /** The first source that can be read; one that cannot is warned of and passed over. */
  private read<T>(
    column: Column,
    parse: (text: string, source: Source) => T | undefined,
  ): T | null {
    for (const source of this.sources(column)) {
      const text = this.find(source.keyword);
      if (text === undefined) continue;
      const value = parse(text, source);
      if (value !== undefined) return value;
      this.warn(source.keyword, text);
    }
    return null;
  }

  private sources(column: Column): Source[] {
    const all = this.profile.columns[column] ?? [];
    return all.filter(({ when }) => when === undefined || holds(when, this.hdus, this.list));
  }

  private find(keyword: string): string | undefined {
    return findIn(this.list, keyword, this.profile.missing)?.text;
  }

  private commentOf(keyword: string): string {
    return findIn(this.list, keyword, this.profile.missing)?.header.card(keyword)?.comment ?? '';
  }

  private warn(keyword: string, text: string): void {
    this.warnings.push(cannotBeUsed(keyword, text));
  }
}

/** Where the WCS of the main image, or of a header without image, says that it lies. */
function solvedFootprint(
  hdus: readonly Hdu[],
  lookups: readonly LookupPixels[],
  main = hdus[0],
): Footprint | undefined {
  const wcs = main === undefined ? undefined : wcsOf({ hdus }, main, lookups);
  return wcs === undefined || main === undefined ? undefined : footprintOf(wcs, sizeOf(main));
}

/** Where it probably lies, by pointing and scale. */
function guessedFootprint(
  main: Hdu | undefined,
  position: SkyPoint | undefined,
): Footprint | undefined {
  if (main === undefined || position === undefined) return undefined;
  return provisionalFootprint(main.header, sizeOf(main), position);
}

/** Solvers write headers without image, which tell the size of the image they belong to. */
function sizeOf({ axes, header }: Hdu): { width: number; height: number } {
  const [width = header.number('IMAGEW') ?? 0, height = header.number('IMAGEH') ?? 1] = axes;
  return { width, height };
}

function relatedName(text: string): string {
  const name = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
  return splitFitsName(name).basename;
}
