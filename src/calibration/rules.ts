import { readFile } from 'node:fs/promises';
import { IMAGE_KINDS, type ImageKind } from '../catalog/index.js';
import { AppError, systemCode } from '../lib/errors.js';

/** What a frame can be calibrated with. */
export const CALIBRATION_KINDS = ['bias', 'dark', 'flat'] as const;
export type CalibrationKind = (typeof CALIBRATION_KINDS)[number];

/** What a calibration can be asked to have in common with a frame, besides its instrument. */
const SETUP_NAMES = ['site', 'telescope', 'filter', 'binning', 'window', 'gain'] as const;
export type SetupName = (typeof SETUP_NAMES)[number];

/** How exposure times must agree. Those that do not, but by a factor within bounds, can be scaled. */
export interface ExposureRule {
  readonly withinSec: number;
  readonly withinPercent: number;
  /** Least and largest exposure of a calibration that is scaled, as a multiple of that of the frame. */
  readonly scaleFrom: number;
  readonly scaleTo: number;
}

/** Which frames calibrate which. */
export interface CalibrationRule {
  /** Kinds of frames that calibrate. */
  readonly kinds: readonly ImageKind[];
  /** Kinds of frames that need it. */
  readonly for: readonly ImageKind[];
  readonly same: readonly SetupName[];
  /** Names in `CalibrationRules.headers` of what must agree as well. */
  readonly sameHeaders: readonly string[];
  /** Difference allowed; null if the temperature does not matter. */
  readonly temperatureC: number | null;
  /** Null if the exposure time does not matter. */
  readonly exposure: ExposureRule | null;
  readonly masterDays: number;
  readonly rawDays: number;
  /** Sets of fewer raw frames come after the others. */
  readonly fewFrames: number;
}

export type CalibrationRules = Readonly<Record<CalibrationKind, CalibrationRule>> & {
  /** Settings of a camera that have no column: name → keywords that tell it, the best first. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
};

/**
 * Reads the rules of the program, and over them those of the site: each of `headers`, `bias`, `dark`
 * and `flat` that these have takes the place of ours, whole.
 *
 * @param own the file of the site; undefined if it has none
 * @throws 'config_invalid' listing every problem
 */
export async function loadCalibrationRules(
  shipped: string,
  own: string | undefined,
): Promise<CalibrationRules> {
  const parts: (readonly [path: string, json: unknown])[] = [];
  for (const path of own === undefined ? [shipped] : [shipped, own]) {
    parts.push([path, await readJson(path)]);
  }
  return parseCalibrationRules(parts);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const why = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new AppError('config_invalid', `${path}: ${why}`, { problems: [`${path}: ${why}`] });
  }
}

/**
 * Checks rules read from JSON; parts of later files take the place of the same parts of earlier ones.
 *
 * @param files name and content of each file, of which the first must have all parts
 * @throws 'config_invalid' listing every problem
 */
export function parseCalibrationRules(
  files: readonly (readonly [path: string, json: unknown])[],
): CalibrationRules {
  const reader = new RulesReader();
  const parts = new Map<string, readonly [path: string, json: unknown]>();
  for (const [path, json] of files) {
    const fields = reader.fields(json, path, ['headers', ...CALIBRATION_KINDS]);
    for (const [name, part] of Object.entries(fields)) parts.set(name, [path, part]);
  }
  const [headersPath = '', headersJson] = parts.get('headers') ?? [files[0]?.[0]];
  const headers = reader.headers(headersJson, `${headersPath}: headers`);
  const rules = CALIBRATION_KINDS.map((kind) => {
    const [path = '', json] = parts.get(kind) ?? [files[0]?.[0]];
    return [kind, reader.rule(json, `${path}: ${kind}`, Object.keys(headers))] as const;
  });
  if (reader.problems.length > 0) {
    const { problems } = reader;
    throw new AppError('config_invalid', problems.join('\n'), { problems });
  }
  return { ...(Object.fromEntries(rules) as Record<CalibrationKind, CalibrationRule>), headers };
}

type Fields = Readonly<Record<string, unknown>>;

const RULE_KEYS = [
  'kinds',
  'for',
  'same',
  'temperatureC',
  'exposure',
  'masterDays',
  'rawDays',
  'fewFrames',
];
const EXPOSURE_KEYS = ['withinSec', 'withinPercent', 'scaleFrom', 'scaleTo'];
const MAX_DAYS = 36_525;

/** Walks the JSON and collects problems instead of stopping at the first. */
class RulesReader {
  readonly problems: string[] = [];

  rule(json: unknown, at: string, headers: readonly string[]): CalibrationRule {
    const fields = this.fields(json, at, RULE_KEYS);
    const same = this.words(fields.same, `${at}.same`, [...SETUP_NAMES, ...headers]);
    const { temperatureC = null, exposure = null } = fields;
    return {
      kinds: this.words(fields.kinds, `${at}.kinds`, IMAGE_KINDS),
      for: this.words(fields.for, `${at}.for`, IMAGE_KINDS),
      same: SETUP_NAMES.filter((name) => same.includes(name)),
      sameHeaders: headers.filter((name) => same.includes(name)),
      temperatureC:
        temperatureC === null ? null : this.number(temperatureC, `${at}.temperatureC`, 0, 100),
      exposure: exposure === null ? null : this.exposure(exposure, `${at}.exposure`),
      masterDays: this.number(fields.masterDays, `${at}.masterDays`, 0, MAX_DAYS),
      rawDays: this.number(fields.rawDays, `${at}.rawDays`, 0, MAX_DAYS),
      fewFrames: this.number(fields.fewFrames ?? 1, `${at}.fewFrames`, 1, 1000),
    };
  }

  private exposure(json: unknown, at: string): ExposureRule {
    const fields = this.fields(json, at, EXPOSURE_KEYS);
    const rule = {
      withinSec: this.number(fields.withinSec ?? 0, `${at}.withinSec`, 0, 1e6),
      withinPercent: this.number(fields.withinPercent ?? 0, `${at}.withinPercent`, 0, 100),
      scaleFrom: this.number(fields.scaleFrom ?? 1, `${at}.scaleFrom`, 0, 1e6),
      scaleTo: this.number(fields.scaleTo ?? 1, `${at}.scaleTo`, 0, 1e6),
    };
    if (rule.scaleTo < rule.scaleFrom) this.problems.push(`${at}.scaleTo is below scaleFrom`);
    return rule;
  }

  headers(json: unknown, at: string): Record<string, readonly string[]> {
    if (json === undefined) this.problems.push(`${at} is missing`);
    if (!isObject(json ?? {})) {
      this.problems.push(`${at} must be an object`);
      return {};
    }
    const entries = Object.entries(json ?? {}).map(([name, keywords]) => {
      const where = `${at}.${name}`;
      const isTaken = SETUP_NAMES.some((taken) => taken === name);
      if (!/^[A-Za-z]\w{0,31}$/.test(name) || isTaken) {
        this.problems.push(`${where}: letters and digits are expected as a name not used yet`);
      }
      const isList = Array.isArray(keywords) && keywords.length > 0;
      const words: unknown[] = isList ? keywords : [];
      const texts = words.filter((word) => typeof word === 'string' && word.trim() !== '');
      if (!isList || texts.length < words.length) {
        this.problems.push(`${where} must be a list of keywords`);
      }
      return [name, texts.map((word) => String(word).trim().toUpperCase())] as const;
    });
    return Object.fromEntries(entries);
  }

  /** An object with none but these keys. */
  fields(json: unknown, at: string, names: readonly string[]): Fields {
    if (!isObject(json)) {
      this.problems.push(`${at} ${json === undefined ? 'is missing' : 'must be an object'}`);
      return {};
    }
    for (const name of Object.keys(json)) {
      if (!names.includes(name)) this.problems.push(`${at} has an unknown key '${name}'`);
    }
    return json;
  }

  private words<T extends string>(json: unknown, at: string, allowed: readonly T[]): T[] {
    if (!Array.isArray(json)) {
      this.problems.push(`${at} ${json === undefined ? 'is missing' : 'must be a list'}`);
      return [];
    }
    return json.flatMap((word: unknown) => {
      const found = allowed.find((each) => each === word);
      if (found !== undefined) return [found];
      this.problems.push(`${at} has '${String(word)}', which is none of ${allowed.join(', ')}`);
      return [];
    });
  }

  private number(json: unknown, at: string, min: number, max: number): number {
    if (typeof json === 'number' && json >= min && json <= max) return json;
    const got = json === undefined ? 'is missing' : `must be a number from ${min} to ${max}`;
    this.problems.push(`${at} ${got}`);
    return min;
  }
}

function isObject(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
