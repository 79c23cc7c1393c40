import type { Knex } from 'knex';
import type { Query } from './db.js';
import { HDU_OBJECT } from './headers.js';
import { MEASURE_COLUMNS, RANKED } from './measures.js';
import { named } from './relations.js';
import { columnEntries, isRealFact, type ImageKind } from './schema.js';
import { visibleTo, type Viewer } from './visibility.js';

/** What was measured: numbers as text, but for the kind. */
const MEASURED = Object.entries(MEASURE_COLUMNS).map(
  ([name, column]) => [name, column === 'kind' ? 'measures.kind' : printed(column)] as const,
) as (readonly [keyof typeof MEASURE_COLUMNS, string])[];

const RANKS = Object.entries(RANKED).map(
  ([name, column]) => [`${name}Rank`, printed(column)] as const,
) as (readonly [`${keyof typeof RANKED}Rank`, string])[];

function printed(column: string): string {
  return `cast(measures.${column} as text)`;
}

/**
 * What can be told of a frame, and the SQL that tells it, over `frames` joined with `versions` and what
 * was measured of these: texts, integers, and what PRINTED names.
 */
const VALUES = {
  ...(Object.fromEntries(MEASURED) as Record<(typeof MEASURED)[number][0], string>),
  ...(Object.fromEntries(RANKS) as Record<(typeof RANKS)[number][0], string>),
  transparency: printed('transparency'),
  measured: instant('measures.measured_ms'),
  findings: `(select json_group_array(json_object('code', code, 'level', level, 'text', text))
    from findings where findings.frame_id = frames.id)`,
  flag: '(select flag from flags where flags.frame_id = frames.id)',
  tags: '(select json_group_array(tag) from tags where tags.frame_id = frames.id)',
  /** Of the current version. */
  hdus: `(select json_group_array(${HDU_OBJECT} order by hdu) from hdus where version_id = versions.id)`,
  ...(Object.fromEntries(
    columnEntries.map(([name, column]) => [
      name,
      isRealFact(name) ? `cast(frames.${column} as text)` : `frames.${column}`,
    ]),
  ) as Record<(typeof columnEntries)[number][0], string>),
  id: 'frames.id',
  basename: 'frames.basename',
  filename: 'frames.basename || versions.extension',
  dateObs: instant('frames.date_obs_ms'),
  publicDate: instant('frames.public_date_ms'),
  created: instant('frames.created_ms'),
  /** The word of the header, or what it was taken for. */
  type: 'coalesce(frames.image_type, frames.image_kind)',
  binning: `frames.binning_x || 'x' || frames.binning_y`,
  warnings: 'frames.warnings',
  computed: "coalesce(frames.computed, '[]')",
  /** Ids of the frames that its headers name, as far as they are here and to be seen. */
  relatedIds: '(:related)',
  versionId: 'versions.id',
  versionNumber: 'versions.number',
  versionCreated: instant('versions.created_ms'),
  extension: 'versions.extension',
  sizeBytes: 'versions.size_bytes',
  sha256: 'versions.sha256',
  md5: 'versions.md5',
  originalSizeBytes: 'versions.original_size_bytes',
  originalSha256: 'versions.original_sha256',
  originalMd5: 'versions.original_md5',
  /** All but its polygon; positions are pairs of RA and declination, degrees. */
  footprint: 'frames.footprint',
  /** The polygon, closed. */
  ring: 'frames.ring',
} as const satisfies Record<string, string>;

export type FrameValue = keyof typeof VALUES;

/**
 * Values that are JSON as they are; that of doubles is the cast to text, which has as many digits as it
 * takes, where JSON functions write fifteen.
 */
const PRINTED: ReadonlySet<string> = new Set<FrameValue>([
  ...columnEntries.map(([name]) => name).filter(isRealFact),
  ...MEASURED.map(([name]) => name).filter((name) => name !== 'kind'),
  ...RANKS.map(([name]) => name),
  'transparency',
  'findings',
  'tags',
  'hdus',
  'warnings',
  'computed',
  'relatedIds',
  'footprint',
  'ring',
]);

/** What stands under a key. */
export type FrameMember =
  | FrameValue
  /** A text that is empty rather than null. */
  | { readonly orEmpty: FrameValue }
  /** A number if the text is all digits, else null. */
  | { readonly digits: FrameValue }
  /** Null for frames of these kinds. */
  | { readonly value: FrameValue; readonly exceptOf: readonly ImageKind[] }
  /** The same for all frames. */
  | { readonly literal: string }
  /** The id of the frame behind a text that is the same for all. */
  | { readonly idAfter: string }
  /** The id, a slash and the number of the version behind it. */
  | { readonly versionAfter: string }
  | { readonly list: readonly FrameMember[] }
  /** The current version, and the others, newest first, for those who see everything. */
  | { readonly versions: FrameShape; readonly others: FrameShape }
  /** Null for frames that have no such value. */
  | { readonly ifAny: FrameValue; readonly object: FrameShape }
  | { readonly object: FrameShape };

/** An object of JSON: its keys in order, and what stands under them. */
export type FrameShape = Readonly<{ [key: string]: FrameMember }>;

/** Who is to see frames, and when. */
export interface Seer {
  readonly viewer: Viewer;
  readonly now: number;
}

/** Reads frames; those that are unknown or hidden are left out. Texts may be of many frames. */
export interface FrameReader<T> {
  /** Frames by id, in this order. */
  byIds(db: Knex, ids: readonly number[], seer: Seer): Promise<readonly T[]>;
  /**
   * Those of a page whose places are not known yet, and columns of something else that belongs to the
   * same view, in one question. Only of readers that take no more than one.
   */
  ofPage?(db: Knex, page: PageQuery, seer: Seer): Promise<PageRead<T>>;
}

/** A page that is still to be looked for. */
export interface PageQuery {
  /** Gives its frames in their order, with a column `id`. */
  readonly places: Query;
  /** Columns that are asked for with it. */
  readonly beside: Query;
}

export interface PageRead<T> {
  readonly items: readonly T[];
  /** How many frames `items` are. */
  readonly shown: number;
  /** The columns of `beside`. */
  readonly row: Readonly<Record<string, unknown>>;
}

/**
 * A reader that gives frames as JSON texts of this shape in UTF-8, all in one, with commas between them:
 * a list is then sent as the database wrote it, and never becomes a string here.
 */
export function createTextReader(shape: FrameShape): Required<FrameReader<Buffer>> {
  const template = objectSql(shape);
  const makeQuery = (db: Knex, seer: Seer): Query => {
    const { viewer, now } = seer;
    // Inside, `frames` are those that are named: the one that names them is told by its version.
    const related = named(db, seer)
      .whereRaw('relations.frame_id = versions.frame_id and frames.id <> relations.frame_id')
      .distinct('frames.id')
      .orderBy('frames.id')
      .as('named');
    const list = db.from(related).select(db.raw('json_group_array(id)'));
    const told = viewer.seesAll ? OTHER_VERSIONS : NO_OTHERS;
    const [head = '', ...tails] = template.replaceAll(OTHERS, told).split('(:related)');
    const object = [head, ...tails].join('(?)');
    return db
      .from(db.raw(PLACES, [PLACES]))
      .joinRaw('cross join frames on frames.id = place.id')
      .join('versions', 'versions.id', 'frames.version_id')
      .joinRaw(
        'left join measures on measures.frame_id = frames.id and measures.version_id = versions.id',
      )
      .modify(visibleTo, viewer, now)
      .select(
        db.raw(
          `cast(group_concat(${object}, ',') as blob) as text`,
          tails.map(() => list),
        ),
        db.raw('count(*) as shown'),
      )
      .toSQL();
  };
  // For those who see everything it is the same for all, and long.
  let whole: Query | undefined;
  const ofPage = async (
    db: Knex,
    { places, beside }: PageQuery,
    seer: Seer,
  ): Promise<PageRead<Buffer>> => {
    const text = seer.viewer.seesAll ? (whole ??= makeQuery(db, seer)) : makeQuery(db, seer);
    const sql = text.sql.replace(PLACES, () => `(${places.sql}) as place`);
    const bindings = text.bindings.flatMap((value) => (value === PLACES ? places.bindings : value));
    const columns = beside.sql === '' ? '' : `${beside.sql}, `;
    const [row] = await db.raw<{ text: Buffer | null; shown: number }[]>(
      sql.replace(/^select /, () => `select ${columns}`),
      [...beside.bindings, ...bindings] as Knex.RawBinding[],
    );
    return { items: row?.text ? [row.text] : [], shown: row?.shown ?? 0, row: { ...row } };
  };
  return {
    ofPage,
    async byIds(db, ids, seer) {
      if (ids.length === 0) return [];
      const places = {
        sql: 'select value as id from json_each(?)',
        bindings: [JSON.stringify(ids)],
      };
      return (await ofPage(db, { places, beside: { sql: '', bindings: [] } }, seer)).items;
    },
  };
}

/** Stands where the frames of a page are named; what is bound to it, for what is bound there. */
const PLACES = '(?) as place';

/** Stands for the source of the other versions of a frame. */
const OTHERS = '(:others)';
const OTHER_VERSIONS =
  'versions where versions.frame_id = frames.id and versions.id <> frames.version_id';
const NO_OTHERS = 'versions where false';

/**
 * SQL for an object as JSON text. It is put together as text, in one go: the JSON functions of SQLite
 * take twice as long, and reading rows to make objects of them and texts of these takes ten times.
 */
function objectSql(shape: FrameShape): string {
  return `concat(${objectTexts(shape).join(', ')})`;
}

/** Texts that are an object one after the other. */
function objectTexts(shape: FrameShape): string[] {
  const texts = Object.entries(shape).flatMap(([key, member], at) => [
    quote(`${at === 0 ? '{' : ','}${JSON.stringify(key)}:`),
    ...memberTexts(member),
  ]);
  return [...texts, "'}'"];
}

/** Texts that are a member, none of them null. */
function memberTexts(member: FrameMember): string[] {
  if (typeof member === 'string') {
    const value = VALUES[member];
    return [PRINTED.has(member) ? `coalesce(${value}, 'null')` : `json_quote(${value})`];
  }
  if ('orEmpty' in member) return [`json_quote(coalesce(${VALUES[member.orEmpty]}, ''))`];
  if ('digits' in member) return [`coalesce(${digits(VALUES[member.digits])}, 'null')`];
  if ('idAfter' in member) {
    return [quote(JSON.stringify(member.idAfter).slice(0, -1)), 'frames.id', `'"'`];
  }
  if ('versionAfter' in member) {
    const start = quote(JSON.stringify(member.versionAfter).slice(0, -1));
    return [start, 'frames.id', "'/'", 'versions.number', `'"'`];
  }
  if ('versions' in member) {
    const one = `concat(',', ${objectTexts(member.others).join(', ')})`;
    const others = `select group_concat(${one}, '' order by versions.number desc) from ${OTHERS}`;
    return ["'['", ...objectTexts(member.versions), `coalesce((${others}), '')`, "']'"];
  }
  if ('literal' in member) return [quote(JSON.stringify(member.literal))];
  if ('object' in member && !('ifAny' in member)) return objectTexts(member.object);
  if ('list' in member) {
    const texts = member.list.flatMap((each, at) => [
      ...(at === 0 ? [] : ["','"]),
      ...memberTexts(each),
    ]);
    return ["'['", ...texts, "']'"];
  }
  if ('exceptOf' in member) {
    const kinds = member.exceptOf.map(quote).join(', ');
    const [text = ''] = memberTexts(member.value);
    return [`case when frames.image_kind in (${kinds}) then 'null' else ${text} end`];
  }
  const text = objectSql(member.object);
  return [`case when ${VALUES[member.ifAny]} is null then 'null' else ${text} end`];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Epoch ms as `2026-11-21T18:00:00.250Z`, without `.000`. */
function instant(column: string): string {
  return `replace(strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch'), '.000Z', 'Z')`;
}

function digits(value: string): string {
  return `case when length(${value}) between 1 and 15 and ${value} not glob '*[^0-9]*' then cast(${value} as integer) end`;
}
