import type { Site } from './sites.js';

/** How the text of a setting becomes a value. */
export type SettingType =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly hint?: string }
  | { readonly kind: 'path' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** `item`: what each of them has to look like. */
  | { readonly kind: 'list'; readonly item?: RegExp; readonly hint?: string }
  | { readonly kind: 'proxies' }
  | { readonly kind: 'timeZone' }
  /** Times of day, as `HH:MM`. */
  | { readonly kind: 'times' }
  | { readonly kind: 'pairs' };

export interface Setting {
  readonly type: SettingType;
  /** As one would write it in the environment. `$DATA_DIR` stands for the value of that setting. */
  readonly default: string;
  readonly help: string;
  /** Shown as dots by `platevault config`; may also be given as a file by `<NAME>_FILE`. */
  readonly secret?: true;
}

const text = { kind: 'text' } as const;
const path = { kind: 'path' } as const;
const boolean = { kind: 'boolean' } as const;
const integer = (min: number, max: number) => ({ kind: 'integer', min, max }) as const;
const number = (min: number, max: number) => ({ kind: 'number', min, max }) as const;
const WEB_ADDRESS = /^(?:https?:\/\/\S+)?$/;
/** `ana@example.org`, or `Ana <ana@example.org>`. */
const MAIL_ADDRESS = /^(?:[^\s<>@,;"]+@[^\s<>@,;"]+|[^<>@,;"]+ <[^\s<>@,;"]+@[^\s<>@,;"]+>)$/;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

/**
 * Every setting of the program. This table is the source of `config/README.md`, of
 * `platevault config`, and of the messages about bad settings. Order: as a person reads.
 */
export const SETTINGS = {
  HOST: { type: text, default: '127.0.0.1', help: 'Address to listen on.' },
  PORT: {
    type: integer(0, 65535),
    default: '8000',
    help: 'Port to listen on; 0 takes a free one.',
  },
  HTTP_ROOT: {
    type: {
      kind: 'text',
      pattern: /^(?:https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?)?$/,
      hint: 'an http(s) URL',
    },
    default: '',
    help: 'Public URL of the archive, such as `https://archive.example.org/`. Empty: taken from each request.',
  },
  ALLOWED_HOSTS: {
    type: { kind: 'list' },
    default: '',
    help: 'Names by which the archive may be called (header `Host`), comma between; `.example.org` stands for all names below it. The host of `HTTP_ROOT` and `localhost` need not be named. Empty: any name, and without `HTTP_ROOT` links are made with the one of each request.',
  },
  TRUST_PROXY: {
    type: { kind: 'proxies' },
    default: 'false',
    help: 'Whose `X-Forwarded-For`, `-Proto` and `-Host` are believed. `true`: the one proxy in front, if it is on this machine or in its private network. A list: these proxies at every hop, as addresses, ranges such as `10.1.0.0/16`, or `loopback`, `linklocal`, `uniquelocal`. Only with proxies that set the headers.',
  },
  DATA_DIR: { type: path, default: './data', help: 'Folder for everything that Platevault keeps.' },
  ARCHIVE_ROOT: { type: path, default: '$DATA_DIR/archive', help: 'Root of the tree of frames.' },
  DATABASE_URL: {
    type: {
      kind: 'text',
      pattern: /^sqlite:.+$/,
      hint: '`sqlite:<path>` (the only kind in this version)',
    },
    default: 'sqlite:$DATA_DIR/platevault.sqlite',
    help: 'The catalogue.',
    secret: true,
  },
  SECRET_KEY: {
    type: { kind: 'text', pattern: /^(?:.{16,})?$/, hint: 'at least 16 characters' },
    default: '',
    help: 'Key that signs sessions and download addresses. Empty: made once and kept in `$DATA_DIR/secret.key`.',
    secret: true,
  },
  ADMIN_USERNAME: {
    type: {
      kind: 'text',
      pattern: /^[A-Za-z0-9@.+_-]{1,150}$/,
      hint: 'letters, digits and `@.+_-`',
    },
    default: 'admin',
    help: 'Name of the account made at the first start.',
  },
  ADMIN_PASSWORD: {
    type: { kind: 'text', pattern: /^(?:.{8,1024})?$/, hint: 'at least 8 characters' },
    default: '',
    help: 'Its password at the first start. Empty: a one-time password is made and printed once.',
    secret: true,
  },
  PATH_FORMATTER: {
    type: { kind: 'text', pattern: /\S/, hint: 'a template' },
    default: '{SITEID}/{DAY-OBS}/',
    help: 'Template of header keywords for the folder of a frame below `ARCHIVE_ROOT`.',
  },
  FILENAME_FORMATTER: {
    type: text,
    default: '',
    help: 'Template for the name of a frame, without extension. Empty: header `FNAME`, else the name of the upload.',
  },
  FORMATTER_DEFAULTS: {
    type: { kind: 'pairs' },
    default: 'DAY-OBS=undated',
    help: 'Values for keywords that a header lacks when a template asks for them: `KEY=value`, comma between. `SITEID`, `TELID` and `INSTRUME` come from the site settings, `DAY-OBS` from the computed night.',
  },
  SITE_ID: { type: text, default: 'site', help: 'Site of frames without `SITEID`.' },
  SITE_NAME: { type: text, default: '', help: 'Name of the observatory, shown on the pages.' },
  SITE_LOGO: {
    type: text,
    default: '',
    help: 'File with the logo of the observatory (SVG, PNG or WebP), shown 22 px high in place of that of Platevault.',
  },
  SITE_LINKS: {
    type: { kind: 'pairs' },
    default: '',
    help: 'Links at the foot of every page: `label=URL`, comma between, such as `Weather=https://weather.example.org/,Manual=https://docs.example.org/`.',
  },
  SITE_TERMS: {
    type: { kind: 'text', pattern: WEB_ADDRESS, hint: 'an http(s) URL' },
    default: '',
    help: 'Page with the terms of use, linked from every page and from the login.',
  },
  SITE_PRIVACY: {
    type: { kind: 'text', pattern: WEB_ADDRESS, hint: 'an http(s) URL' },
    default: '',
    help: 'Page about privacy, linked from every page.',
  },
  SITE_FEEDBACK: {
    type: {
      kind: 'text',
      pattern: /^(?:(?:https?:\/\/|mailto:)\S+)?$/,
      hint: 'an http(s) URL or `mailto:` and an address',
    },
    default: '',
    help: 'Where people write to: `mailto:archive@example.org`, or a page. Also shown where somebody may not go on alone.',
  },
  SITE_LATITUDE: {
    type: number(-90, 90),
    default: '0',
    help: 'Latitude of the site, degrees north; with its longitude what the Sun and the Moon are worked out by. Both 0: not known.',
  },
  SITE_LONGITUDE: {
    type: number(-180, 180),
    default: '0',
    help: 'Longitude of the site, degrees east. Decides the night of a frame without `DAY-OBS` and without a longitude of its own.',
  },
  SITE_TIME_ZONE: {
    type: { kind: 'timeZone' },
    default: '',
    help: 'Time zone of the site, so that pages tell local time beside UTC.',
  },
  SITES_FILE: {
    type: path,
    default: '$DATA_DIR/sites.json',
    help: 'Sites of the archive, with coordinates, time zone and horizon (see below); in its usual place the file may be absent. One whose id is `SITE_ID` counts in place of the settings of its place above.',
  },
  SKY_TOLERANCE_DEG: {
    type: number(0.1, 90),
    default: '1',
    help: 'Degrees by which what a header says of the sky (altitude, azimuth, Sun, Moon, sidereal time) may differ from what is computed before it becomes a finding.',
  },
  TELESCOPE_ID: { type: text, default: '', help: 'Telescope of frames without `TELID`.' },
  INSTRUMENT_ID: { type: text, default: '', help: 'Instrument of frames without `INSTRUME`.' },
  MAPPING_DIR: {
    type: path,
    default: '$DATA_DIR/mapping',
    help: 'Folder of further header profiles (`*.json`, see `config/mapping/`); it may be absent.',
  },
  RELATED_FRAME_KEYS: {
    type: { kind: 'list' },
    default:
      'L1IDBIAS,L1IDDARK,L1IDFLAT,L1IDSHUT,L1IDMASK,L1IDFRNG,L1IDCAT,L1IDARC,L1ID1D,L1ID2D,L1IDSUM,TARFILE,ORIGNAME,ARCFILE,FLATFILE,GUIDETAR',
    help: 'Keywords that name related frames, besides those of the profiles (`L1AVG*`, `L1BIAS`, `L1DARK`, `L1FLAT`, `L1RAW`); a `*` at the end stands for any rest.',
  },
  CALIBRATION_RULES: {
    type: path,
    default: '$DATA_DIR/calibration.json',
    help: 'Rules of this site for matching calibrations, over those of `config/calibration.json`; in its usual place the file may be absent.',
  },
  ANONYMOUS: {
    type: { kind: 'choice', values: ['none', 'public'] },
    default: 'none',
    help: 'What visitors without account see: nothing, or frames whose public date has passed.',
  },
  CORS_ALLOWED_ORIGINS: {
    type: { kind: 'list' },
    default: '',
    help: 'Origins whose pages may call the API.',
  },
  DEFAULT_LIMIT: {
    type: integer(1, 1000),
    default: '100',
    help: 'Frames in a list without `limit`; 1000 when a parameter of the pyobs dialect is present.',
  },
  MAX_UPLOAD_BYTES: {
    type: integer(2880, TIB),
    default: String(4 * GIB),
    help: 'Largest file taken.',
  },
  MAX_UPLOAD_FILES: {
    type: integer(1, 10_000),
    default: '500',
    help: 'Most files in one request.',
  },
  MAX_REQUEST_BYTES: {
    type: integer(2880, TIB),
    default: String(64 * GIB),
    help: 'Largest request taken, all its files together. One that says it is larger is refused before it is read.',
  },
  MIN_UPLOAD_RATE: {
    type: integer(0, 1_000_000),
    default: '1000',
    help: 'Bytes a second at which the body of a request must come, averaged over `SLOW_SECONDS`; slower ones are ended with 408. How long it takes in all does not matter. 0: no least rate.',
  },
  SLOW_SECONDS: {
    type: integer(1, 3600),
    default: '60',
    help: 'Time over which the rate of a request is averaged.',
  },
  IDLE_SECONDS: {
    type: integer(1, 86_400),
    default: '300',
    help: 'A connection on which no byte has moved for so long, either way, is ended: also that of a download nobody takes.',
  },
  MAX_CONNECTIONS_PER_ADDRESS: {
    type: integer(0, 100_000),
    default: '500',
    help: 'Most connections from one address at a time; more are answered 503. The proxies of `TRUST_PROXY` are not counted. 0: no limit.',
  },
  MAX_EXPANDED_BYTES: {
    type: integer(2880, TIB),
    default: String(8 * GIB),
    help: 'Largest size to which a compressed file may open.',
  },
  MAX_EXPANSION_RATIO: {
    type: integer(1, 1_000_000),
    default: '500',
    help: 'Most times its own size to which a compressed file may open, counted from 256 MB on.',
  },
  COMPRESS: {
    type: { kind: 'choice', values: ['off', 'rice'] },
    default: 'off',
    help: 'Store images packed without loss: integers as RICE_1, floats as GZIP_2. Each is unpacked and compared before the upload is let go; what would not come back exactly is stored as it came. `download/` gives the packed file, `funpack/` the plain one.',
  },
  TRASH_DAYS: {
    type: number(0, 36_500),
    default: '30',
    help: 'Days for which a deleted frame can come back; then its files are removed for good. 0 keeps them until somebody purges them.',
  },
  QUARANTINE_FILES: {
    type: integer(0, 1_000_000),
    default: '1000',
    help: 'Refused files kept at most.',
  },
  QUARANTINE_BYTES: {
    type: integer(0, TIB),
    default: String(10 * GIB),
    help: 'Their size at most.',
  },
  ZIP_BASENAME: {
    type: {
      kind: 'text',
      pattern: /^[A-Za-z0-9._-]{1,64}$/,
      hint: 'letters, digits, `.`, `_`, `-`',
    },
    default: 'platevault',
    help: 'First word of the name of a zip and of the folder in it.',
  },
  X_ACCEL_PREFIX: {
    type: {
      kind: 'text',
      pattern: /^(?:\/[A-Za-z0-9._-]+\/)?$/,
      hint: 'a path such as `/protected/`',
    },
    default: '',
    help: 'Internal location of nginx that serves `ARCHIVE_ROOT`: downloads then leave by `X-Accel-Redirect`.',
  },
  SESSION_DAYS: {
    type: number(0.01, 365),
    default: '14',
    help: 'Days until an unused login ends.',
  },
  RATE_LIMIT: {
    type: integer(0, 10_000_000),
    default: '6000',
    help: 'Requests in a minute from one address (of IPv6: one /64), for visitors and users; more are answered 429 with `Retry-After`. Writers and admins are not counted; 0 counts nobody.',
  },
  AUDIT_LOG_DAYS: {
    type: integer(0, 36_500),
    default: '0',
    help: 'Days for which the lines of the audit log are kept; 0 keeps them for ever.',
  },
  URL_HOURS: {
    type: number(0.01, 8760),
    default: '48',
    help: 'Hours for which a signed download address works.',
  },
  PIXEL_WORKERS: {
    type: integer(1, 64),
    default: '1',
    help: 'Threads that decode and draw pictures; one less than the cores of the box is a good number.',
  },
  PREVIEW_CACHE_BYTES: {
    type: integer(0, TIB),
    default: String(2 * GIB),
    help: 'Room for pictures in `$DATA_DIR/previews`; the least used go first.',
  },
  NIGHT_GAP_MINUTES: {
    type: number(1, 1440),
    default: '15',
    help: 'Minutes of the dark without an exposure of a camera that a night tells of: between frames as a gap, before the first and after the last as unused dark. A gap that is twice as long, and has no clouds around it, needs a hand.',
  },
  TONIGHT_ALARM_MINUTES: {
    type: number(1, 1440),
    default: '15',
    help: 'Minutes of the dark without a new frame after which the page Tonight raises its alarm. Longer than the longest exposure.',
  },
  MEASURE: {
    type: boolean,
    default: 'true',
    help: 'Measure stars, sharpness, background and noise of every frame in the background, newest first, when nothing else goes on.',
  },
  MEASURE_MAX_PIXELS: {
    type: integer(1, 2 ** 31),
    default: '300000000',
    help: 'Pictures with more pixels are not measured. When it was raised, `platevault measure` sees to those that were too large.',
  },
  SESAME_URL: {
    type: {
      kind: 'text',
      pattern: /^(?:https?:\/\/[^\s?#]+)?$/,
      hint: 'an http(s) URL without a query',
    },
    default: '',
    help: 'Where names of objects are looked up that the catalogue of the archive does not know, such as `https://cds.unistra.fr/cgi-bin/nph-sesame/-oI/SNV`: the name that somebody types is sent there. Empty: nothing is sent to anybody.',
  },
  SOLVER: {
    type: { kind: 'choice', values: ['none', 'astrometry.net', 'astap'] },
    default: 'none',
    help: 'Program that finds out by the stars where a frame lies that has no WCS, or one that its stars do not bear out. It must be installed, with its star catalogue. What it finds is kept beside the file, never in it.',
  },
  SOLVER_COMMAND: {
    type: text,
    default: '',
    help: 'How it is called; empty: as the archive knows it. Words with placeholders: `{file}`, `{dir}`, `{out}` (the answer is read from `{out}.wcs` or `{out}.ini`), `{timeout}` (seconds), `{radius}` (degrees), `{width}`, `{height}`, and in brackets, since not every header tells them, `[{ra} {dec} {ra_hours} {spd}]` and `[{scale} {scale_low} {scale_high} {fov}]`: a bracket without its value is left out. There is no shell.',
  },
  SOLVER_TIMEOUT_SEC: {
    type: integer(1, 3600),
    default: '120',
    help: 'Seconds after which it is ended. Before that, a quarter of it is spent near the position that the header tells, if it tells one.',
  },
  SOLVER_WORKERS: { type: integer(1, 16), default: '1', help: 'How many of it run at a time.' },
  SOLVER_POINTING_TOLERANCE_DEG: {
    type: number(0.001, 180),
    default: '0.5',
    help: 'Degrees by which the position in a header may be off before that is a finding, `wrong-pointing`.',
  },
  WCS_TOLERANCE_PX: {
    type: number(0, 10_000),
    default: '10',
    help: 'Pixels by which the stars of a frame may lie beside where its WCS has them, before that is a finding, `wrong-wcs`, and the frame is solved. They are compared with those of other frames of the field, and of each field one frame is solved if there is a SOLVER. 0: not compared.',
  },
  REPORT_AT: {
    type: {
      kind: 'text',
      pattern: /^(?:off|sunrise(?:[+-]\d{1,3})?|(?:[01]\d|2[0-3]):[0-5]\d)$/,
      hint: '`off`, `sunrise+30` (minutes) or a time of day (UTC) as `07:30`',
    },
    default: 'off',
    help: 'When the report of a night is sent: the night in ten lines, with what needs a hand. Of several sites the last sunrise counts. It waits up to two hours more while frames of the night still come or are not measured yet. A server that was off then sends it when it starts, up to a day later; nights before the archive was made, or had anything in it, are not sent.',
  },
  REPORT_MAIL_TO: {
    type: { kind: 'list', item: MAIL_ADDRESS, hint: 'mail addresses, comma between' },
    default: '',
    help: 'Who gets it by mail (needs `MAIL_URL`). Whom the mail server refuses is told in the log, and tried again alone.',
  },
  REPORT_WEBHOOK: {
    type: { kind: 'text', pattern: /^(?:https?:\/\/\S+)?$/, hint: 'an http(s) URL' },
    default: '',
    help: 'Address to which it is sent as JSON, by POST; redirections are not followed, and told.',
    secret: true,
  },
  REPORT_WEBHOOK_SECRET: {
    type: text,
    default: '',
    help: 'Key of `X-Platevault-Signature: sha256=…`, the HMAC of that body in hexadecimal digits. Empty: it is not signed.',
    secret: true,
  },
  MAIL_URL: {
    type: { kind: 'text', pattern: /^(?:smtps?:\/\/\S+)?$/, hint: 'an smtp(s) URL' },
    default: '',
    help: 'Server that sends mail, such as `smtp://name:password@mail.example.org:587`; empty: no mail.',
    secret: true,
  },
  MAIL_FROM: {
    type: {
      kind: 'text',
      pattern: new RegExp(`^$|${MAIL_ADDRESS.source}`),
      hint: 'a mail address, or `Name <address>`',
    },
    default: '',
    help: 'Sender of mail; empty: `platevault@localhost`.',
  },
  UV_THREADPOOL_SIZE: {
    type: integer(4, 1024),
    default: '12',
    help: 'Threads for file, database and picture work. With fewer than about 12, a slow query makes quick ones wait.',
  },
  AUDIT_DAYS: {
    type: number(0, 3650),
    default: '30',
    help: 'Days in which every stored file is read once in the background and compared with its SHA-256; 0 turns that off.',
  },
  AUDIT_BYTES_PER_SECOND: {
    type: integer(1, TIB),
    default: '20000000',
    help: 'Bytes that this reading takes in a second at most. It takes only as many as are needed, and pauses while files come in.',
  },
  BACKUP_TARGET: {
    type: {
      kind: 'text',
      pattern: /^(?:\/.+|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\s?#]*)?)?$/,
      hint: 'an absolute path, or `s3://bucket/prefix`',
    },
    default: '',
    help: 'Where the server backs the archive up to by itself: a folder on another disk that is there already, or `s3://bucket/prefix`. Empty: nowhere.',
  },
  BACKUP_AT: {
    type: { kind: 'times' },
    default: '03:30',
    help: 'Times of day (UTC) at which it does: `HH:MM`, comma between.',
  },
  BACKUP_KEEP: {
    type: integer(1, 10_000),
    default: '3',
    help: 'Back-ups that are kept, newest first, besides those of the next three settings.',
  },
  BACKUP_KEEP_DAYS: {
    type: integer(0, 10_000),
    default: '7',
    help: 'Days (UTC) of which the last back-up is kept.',
  },
  BACKUP_KEEP_WEEKS: {
    type: integer(0, 10_000),
    default: '4',
    help: 'Weeks (from Monday) of which the last back-up is kept.',
  },
  BACKUP_KEEP_MONTHS: {
    type: integer(0, 10_000),
    default: '12',
    help: 'Months of which the last back-up is kept.',
  },
  S3_ENDPOINT: {
    type: { kind: 'text', pattern: /^(?:https?:\/\/[^\s/?#]+\/?)?$/, hint: 'an http(s) URL' },
    default: '',
    help: 'Address of the S3 server; empty: that of Amazon for the region.',
  },
  S3_REGION: {
    type: { kind: 'text', pattern: /^[A-Za-z0-9-]{1,64}$/, hint: 'letters, digits and `-`' },
    default: 'us-east-1',
    help: 'Its region.',
  },
  S3_ACCESS_KEY_ID: {
    type: text,
    default: '',
    help: 'Name of the key for it. Empty: what the machine itself is given, as Amazon does.',
    secret: true,
  },
  S3_SECRET_ACCESS_KEY: { type: text, default: '', help: 'The key.', secret: true },
  S3_PATH_STYLE: {
    type: boolean,
    default: 'true',
    help: 'Write the bucket into the path of an address, not into the name of the host. Servers that are not Amazon want that.',
  },
  LOG: {
    type: { kind: 'choice', values: ['on', 'off'] },
    default: 'on',
    help: 'Log lines (JSON) on standard error.',
  },
  LOG_LEVEL: {
    type: { kind: 'choice', values: ['info', 'warn', 'error'] },
    default: 'info',
    help: 'Least weight of a line that is written: `warn` leaves out one line for each request.',
  },
  METRICS: {
    type: { kind: 'choice', values: ['off', 'local', 'token'] },
    default: 'local',
    help: 'Who may read `/metrics/`: nobody; programs of this machine that come without a proxy, and admins; or admins alone, by a token of the scope `admin`.',
  },
  READY_QUEUE_MINUTES: {
    type: integer(0, 100_000),
    default: '60',
    help: 'Minutes for which background work (previews) may wait before `/ready/` answers 503; 0: for ever.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<T extends SettingType> = T['kind'] extends 'integer' | 'number'
  ? number
  : T['kind'] extends 'boolean'
    ? boolean
    : T['kind'] extends 'list' | 'proxies' | 'times'
      ? readonly string[]
      : T['kind'] extends 'pairs'
        ? Readonly<Record<string, string>>
        : T extends { readonly values: readonly (infer V)[] }
          ? V
          : string;

/** The values of the table. Paths are absolute. */
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]['type']> };

/** The effective settings, and the sites of their files: parsed once at the start, frozen, passed down. */
export type Config = Settings & {
  readonly sites: readonly Site[];
  /** Where each value came from: `environment`, `default`, `<NAME>_FILE`, or a file of settings. */
  readonly origins: Readonly<Record<SettingName, string>>;
};
