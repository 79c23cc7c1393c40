import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { AppError, systemCode } from '../lib/errors.js';
import {
  SETTINGS,
  type Config,
  type Setting,
  type SettingName,
  type Settings,
} from './settings.js';
import { parseTimeZone, readSites } from './sites.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Parsed = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

export interface LoadedConfig {
  readonly config: Config;
  /** Where each value came from: `environment`, the name of a file, or `default`. */
  readonly origins: Readonly<Record<SettingName, string>>;
}

/** Variables of the command line tools, which the table of the server does not hold. */
const CLIENT_VARIABLES = new Set(['PLATEVAULT_URL', 'PLATEVAULT_TOKEN']);

const SITES_NAME = 'sites.json';

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

const names = Object.keys(SETTINGS) as SettingName[];

/**
 * Reads the settings: environment first, then `*.json` of `configDir` (in the order of their names,
 * later ones win; `*.example.json`, `calibration.json` and
 * `sites.json` are left out), then defaults. An empty variable counts as absent.
 *
 * @throws 'config_invalid' with every problem found in `data.problems`
 */
export function loadConfig(env: Environment, configDir: string): LoadedConfig {
  const problems: string[] = [];
  const files = readFiles(configDir, problems);
  problems.push(...findMisspelt(env));

  const values = new Map<string, Parsed>();
  const origins = new Map<string, string>();
  for (const name of names) {
    const raw = pickRaw(name, env, files, problems);
    origins.set(name, raw.origin);
    const dataDir = values.get('DATA_DIR');
    const textValue = raw.text.replace('$DATA_DIR', typeof dataDir === 'string' ? dataDir : '');
    const value = parseSetting(SETTINGS[name], textValue);
    if (value === undefined) {
      problems.push(
        `${name} (${raw.origin}): ${describeType(SETTINGS[name])} expected, got '${mask(name, raw.text)}'`,
      );
    } else {
      values.set(name, value);
    }
  }
  const settings = Object.fromEntries(values) as Settings;
  // A file of sites whose place is not known is no further problem.
  const sites = problems.length > 0 ? [] : sitesOf(settings, origins, configDir, problems);
  if (problems.length > 0) {
    throw new AppError(
      'config_invalid',
      `Bad settings:\n${problems.map((p) => `  ${p}`).join('\n')}`,
      { problems },
    );
  }
  const from = Object.fromEntries(origins) as Record<SettingName, string>;
  return { config: Object.freeze({ ...settings, sites, origins: from }), origins: from };
}

/** The sites of the program, if somebody put a file there, and over them those of the setting. */
function sitesOf(
  settings: Settings,
  origins: ReadonlyMap<string, string>,
  configDir: string,
  problems: string[],
): Config['sites'] {
  const files = [
    { path: join(configDir, SITES_NAME), isNeeded: false },
    { path: settings.SITES_FILE, isNeeded: origins.get('SITES_FILE') !== 'default' },
  ];
  return readSites(files, settings, problems);
}

/** A setting as a person reads it. */
export interface SettingLine {
  readonly name: SettingName;
  /** As it would be written in the environment; a secret as dots. */
  readonly value: string;
  /** `environment`, `default`, or the file that it stands in. */
  readonly origin: string;
}

/** The effective settings in their order, secrets masked. */
export function describeConfig(config: Config): SettingLine[] {
  return names.map((name) => ({
    name,
    value: mask(name, formatValue(config[name])),
    origin: config.origins[name],
  }));
}

/** One line per setting for `platevault config`, secrets masked. */
export function formatConfig({ config }: LoadedConfig): string {
  const width = Math.max(...names.map((name) => name.length));
  return describeConfig(config)
    .map(({ name, value, origin }) => `${name.padEnd(width)}  ${value}  (${origin})`)
    .join('\n');
}

/** The text of `config/README.md`. */
export function formatSettingsPage(): string {
  const rows = names.map((name) => {
    const setting: Setting = SETTINGS[name];
    const secret = setting.secret === true ? ` Secret; also as \`${name}_FILE\`.` : '';
    const type = describeType(setting).replaceAll('|', '\\|');
    const fallback = setting.default === '' ? 'empty' : `\`${setting.default}\``;
    return `| \`${name}\` | ${fallback} | ${setting.help}${secret} | ${type} |`;
  });
  return `# Settings

<!-- Made by \`npm run docs\` from src/config/settings.ts; a test keeps it true. -->

Each setting is read from the environment, then from the \`*.json\` files of this folder (in the order of
their names, later ones win; \`*.example.json\`, \`calibration.json\` and \`sites.json\` hold none), then from its default.
A file is one JSON object with the names below. Unknown or bad settings stop the start, with every problem listed.
\`npx platevault config\` prints the effective values, secrets masked.

| Name | Default | Meaning | Value |
|---|---|---|---|
${rows.join('\n')}

The client commands (\`npm run demo\`) read \`PLATEVAULT_URL\` and \`PLATEVAULT_TOKEN\`.

How headers become columns is described by the profiles in \`mapping/\`.

## Sites

\`sites.json\` of this folder, and over it \`SITES_FILE\`, say where the telescopes stand: \`sites.example.json\` shows one. A
frame is of the site that its \`SITEID\` names, else of the one at the coordinates of its header, else of \`SITE_ID\`. Altitude,
azimuth, airmass, Sun and Moon are worked out with its coordinates where a header does not tell them. Bad
sites stop the start, with every problem listed.

| Of a site | |
|---|---|
| \`id\` | as in \`SITEID\` |
| \`aliases\` | other words for it in headers; frames with one are filed under \`id\` |
| \`name\` | shown on the pages |
| \`latitudeDeg\`, \`longitudeDeg\`, \`elevationM\` | degrees, positive north and east; metres |
| \`timeZone\` | such as \`Europe/Berlin\` |
| \`horizon\` | least altitude that can be seen: one number, or a list of \`[azimuth, altitude]\` |
| \`darkSunAltDeg\` | altitude of the Sun below which it is dark; -18 if absent |

## Calibrations

\`calibration.json\` says which frames calibrate which. A file of the site (\`CALIBRATION_RULES\`) may have any of its four
parts, which then take the place of ours, each as a whole. Bad rules stop the start, with every problem listed.

| Part | |
|---|---|
| \`headers\` | settings of cameras that only headers tell: a name, and the keywords that hold it, the best first. Frames that differ in \`offset\`, \`readMode\`, \`setPoint\` or gain are not compared for what is usual either |
| \`bias\`, \`dark\`, \`flat\` | one rule for each kind of calibration |

| In a rule | |
|---|---|
| \`kinds\` | kinds of frames that calibrate |
| \`for\` | kinds of frames that need it |
| \`same\` | what must agree, besides the instrument: \`site\`, \`telescope\`, \`filter\`, \`binning\`, \`window\`, \`gain\`, and names of \`headers\`. What only one of the two tells is accepted, with a note |
| \`temperatureC\` | difference of the detector's temperature that is allowed, °C; \`null\`: any |
| \`exposure\` | \`withinSec\` and \`withinPercent\`: difference allowed, the larger counts; \`scaleFrom\`, \`scaleTo\`: exposures, in multiples of that of the frame, that are accepted to be scaled. Absent: it does not matter |
| \`masterDays\`, \`rawDays\` | greatest age, before or after, of masters (reduction level above 0) and of raw frames |
| \`fewFrames\` | sets of fewer raw frames come after the others |
`;
}

function readFiles(
  configDir: string,
  problems: string[],
): Map<string, { text: string; origin: string }> {
  const found = new Map<string, { text: string; origin: string }>();
  for (const file of listConfigFiles(configDir)) {
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(join(configDir, file), 'utf8'));
    } catch (error) {
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      problems.push(`${file}: one JSON object expected`);
      continue;
    }
    for (const [name, value] of Object.entries(content)) {
      if (!Object.hasOwn(SETTINGS, name)) problems.push(`${file}: unknown setting '${name}'`);
      else found.set(name, { text: textOf(value), origin: file });
    }
  }
  return found;
}

function listConfigFiles(configDir: string): string[] {
  try {
    return readdirSync(configDir)
      .filter((file) => file.endsWith('.json') && !isOther(file))
      .sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Files of the folder that hold no settings. */
function isOther(file: string): boolean {
  return file.endsWith('.example.json') || file === 'calibration.json' || file === SITES_NAME;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, item]) => `${key}=${String(item)}`)
      .join(',');
  }
  return String(value);
}

/** Names in the environment that are a setting but for underscores or one letter, or claim our prefix. */
function findMisspelt(env: Environment): string[] {
  const bare = new Map(names.map((name) => [name.replaceAll('_', ''), name]));
  const problems: string[] = [];
  for (const key of Object.keys(env)) {
    if (Object.hasOwn(SETTINGS, key) || CLIENT_VARIABLES.has(key)) continue;
    const meant =
      bare.get(key.replaceAll('_', '').replaceAll('-', '')) ??
      names.find((name) => name.includes('_') && isOneLetterOff(key, name));
    if (meant !== undefined)
      problems.push(`${key} (environment): unknown setting; meant is ${meant}?`);
    else if (key.startsWith('PLATEVAULT_')) problems.push(`${key} (environment): unknown setting`);
  }
  return problems;
}

/** True if one letter is missing, too many, or another. */
function isOneLetterOff(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1 || short === long) return false;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same += 1;
  const rest = long.slice(same + 1);
  return rest === short.slice(short.length === long.length ? same + 1 : same);
}

function pickRaw(
  name: SettingName,
  env: Environment,
  files: ReadonlyMap<string, { text: string; origin: string }>,
  problems: string[],
): { text: string; origin: string } {
  const setting: Setting = SETTINGS[name];
  const own = env[name];
  if (own !== undefined && own !== '') return { text: own, origin: 'environment' };
  const secretFile = setting.secret === true ? env[`${name}_FILE`] : undefined;
  if (secretFile !== undefined && secretFile !== '') {
    try {
      const text = readFileSync(secretFile, 'utf8').trim();
      if (text === '') problems.push(`${name}_FILE: ${secretFile} is empty`);
      return { text, origin: `${name}_FILE` };
    } catch (error) {
      problems.push(
        `${name}_FILE: cannot read ${secretFile} (${systemCode(error) ?? 'unknown error'})`,
      );
    }
  }
  return files.get(name) ?? { text: setting.default, origin: 'default' };
}

function parseSetting({ type }: Setting, value: string): Parsed | undefined {
  switch (type.kind) {
    case 'text':
      return type.pattern === undefined || type.pattern.test(value) ? value : undefined;
    case 'path':
      return value === '' ? undefined : resolve(value);
    case 'integer':
    case 'number': {
      const parsed = value.trim() === '' ? NaN : Number(value);
      const whole = type.kind === 'number' || Number.isSafeInteger(parsed);
      return whole && parsed >= type.min && parsed <= type.max ? parsed : undefined;
    }
    case 'boolean':
      if (/^(?:true|1|yes|on)$/i.test(value)) return true;
      return /^(?:false|0|no|off)$/i.test(value) ? false : undefined;
    case 'choice':
      return type.values.includes(value) ? value : undefined;
    case 'list': {
      const items = splitList(value);
      return items.every((item) => type.item?.test(item) ?? true) ? items : undefined;
    }
    case 'times': {
      const times = splitList(value);
      return times.every((time) => TIME_OF_DAY.test(time)) ? times : undefined;
    }
    case 'proxies':
      return parseProxies(value);
    case 'timeZone':
      return value === '' ? '' : parseTimeZone(value);
    case 'pairs': {
      const pairs = splitList(value).map((item) => /^([^=]+)=(.*)$/.exec(item));
      if (pairs.includes(null)) return undefined;
      return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
    }
  }
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `true` alone stays as it is, `false` is an empty list; undefined if something is no network. */
function parseProxies(value: string): readonly string[] | undefined {
  const flag = parseSetting({ type: { kind: 'boolean' }, default: '', help: '' }, value.trim());
  if (typeof flag === 'boolean') return flag ? ['true'] : [];
  const networks = splitList(value);
  const isNetwork = (text: string): boolean => {
    if (/^(?:loopback|linklocal|uniquelocal)$/.test(text)) return true;
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    return (
      version !== 0 && !address.includes('%') && Number(bits ?? 0) <= (version === 4 ? 32 : 128)
    );
  };
  return networks.every(isNetwork) ? networks : undefined;
}

function describeType({ type }: Setting): string {
  switch (type.kind) {
    case 'text':
      return type.hint ?? 'text';
    case 'path':
      return 'a path';
    case 'integer':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'number':
      return `a number from ${type.min} to ${type.max}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return type.values.join(' or ');
    case 'list':
      return type.hint ?? 'a list, comma between';
    case 'times':
      return 'times of day as `HH:MM`, comma between';
    case 'proxies':
      return 'true or false, or a list of addresses and ranges, comma between';
    case 'timeZone':
      return 'a zone of the IANA such as `Europe/Berlin`';
    case 'pairs':
      return '`KEY=value`, comma between';
  }
}

function formatValue(value: Parsed): string {
  return typeof value === 'object' ? textOf(value) : String(value);
}

function mask(name: SettingName, value: string): string {
  const setting: Setting = SETTINGS[name];
  return setting.secret === true && value !== '' ? '••••••••' : value;
}
