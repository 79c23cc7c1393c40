import type { Knex } from 'knex';
import { columnEntries, isRealFact, type ImageKind } from './schema.js';
import { visibleTo, type Viewer } from './visibility.js';

/**
 * What can be told of a frame, and the SQL that tells it, over `frames` joined with `versions`. The
 * database makes the text of a whole frame: a list is then strings that are joined, where reading rows,
 * making objects of them and text of these took ten times as long.
 */
const VALUES = {
  ...(Object.fromEntries(
    columnEntries.map(([name, column]) => [
      name,
      isRealFact(name) ? real(`frames.${column}`) : `frames.${column}`,
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
  warnings: 'json(frames.warnings)',
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
  footprint: 'frames.footprint',
  /** Positions are pairs of RA and declination, degrees. */
  footprintCenter: pairs(`frames.footprint -> '$.center'`),
  footprintCorners: pairs(`frames.footprint -> '$.corners'`),
  footprintPixelScale: `frames.footprint -> '$.pixelScaleArcsec'`,
  footprintRotation: `frames.footprint -> '$.rotationDeg'`,
  footprintMirrored: `frames.footprint -> '$.mirrored'`,
  footprintCap: pairs(`frames.footprint -> '$.cap'`),
  footprintProvisional: `frames.footprint -> '$.provisional'`,
  polygon: `frames.footprint ->> '$.polygon[0]'`,
  /** The polygon, closed. RFC 7946 §3.1.6. */
  polygonRing: `json(rtrim(${pairText(`frames.footprint -> '$.polygon'`)}, ']') || '],' || ${pairText(`frames.footprint -> '$.polygon[0]'`)} || ']')`,
} as const satisfies Record<string, string>;

export type FrameValue = keyof typeof VALUES;

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
  | { readonly list: readonly FrameMember[] }
  /** Null for frames that have no such value. */
  | { readonly ifAny: FrameValue; readonly object: FrameShape }
  | { readonly object: FrameShape };

/** An object of JSON: its keys in order, and what stands under them. */
export type FrameShape = Readonly<{ [key: string]: FrameMember }>;

/** Reads frames by id. @returns by id; those that are unknown or hidden are left out */
export type FrameReader<T> = (
  db: Knex,
  ids: readonly number[],
  seer: { readonly viewer: Viewer; readonly now: number },
) => Promise<ReadonlyMap<number, T>>;

/** A reader that gives each frame as JSON text of this shape. */
export function createTextReader(shape: FrameShape): FrameReader<string> {
  const [head = '', ...tails] = objectSql(shape).split('(:related)');
  return async (db, ids, { viewer, now }) => {
    if (ids.length === 0) return new Map();
    // Inside, `frames` are those that are named: the one that names them is told by its version.
    const related = db('relations')
      .join('frames', 'frames.basename', 'relations.name')
      .modify(visibleTo, viewer, now)
      .whereRaw('relations.frame_id = versions.frame_id and frames.id <> relations.frame_id')
      .distinct('frames.id')
      .orderBy('frames.id')
      .as('named');
    const list = db.from(related).select(db.raw('json_group_array(id)'));
    const rows: { id: number; text: string }[] = await db('frames')
      .join('versions', 'versions.id', 'frames.version_id')
      .modify(visibleTo, viewer, now)
      .whereRaw(`frames.id in (${ids.join(', ')})`)
      .select(
        'frames.id',
        db.raw(
          `${[head, ...tails].join('(?)')} as text`,
          tails.map(() => list),
        ),
      );
    return new Map(rows.map(({ id, text }) => [id, text]));
  };
}

function objectSql(shape: FrameShape): string {
  const members = Object.entries(shape).map(
    ([key, member]) => `${quote(key)}, ${memberSql(member)}`,
  );
  return `json_object(${members.join(', ')})`;
}

function memberSql(member: FrameMember): string {
  if (typeof member === 'string') return VALUES[member];
  if ('orEmpty' in member) return `coalesce(${VALUES[member.orEmpty]}, '')`;
  if ('digits' in member) return digits(VALUES[member.digits]);
  if ('literal' in member) return quote(member.literal);
  if ('list' in member) {
    return `json_array(${member.list.map(memberSql).join(', ')})`;
  }
  if ('exceptOf' in member) {
    const kinds = member.exceptOf.map(quote).join(', ');
    return `case when frames.image_kind not in (${kinds}) then ${VALUES[member.value]} end`;
  }
  if (!('ifAny' in member)) return objectSql(member.object);
  return `case when ${VALUES[member.ifAny]} is not null then ${objectSql(member.object)} end`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** JSON that SQLite makes of a double has 15 digits; a text of it has as many as it needs. */
function real(column: string): string {
  return `json(cast(${column} as text))`;
}

/** Epoch ms as `2026-11-21T18:00:00.250Z`, without `.000`. */
function instant(column: string): string {
  const millis = `((${column} % 1000) + 1000) % 1000`;
  const seconds = `(${column} - ${millis}) / 1000`;
  return `strftime('%Y-%m-%dT%H:%M:%S', ${seconds}, 'unixepoch') || iif(${millis} = 0, 'Z', format('.%03dZ', ${millis}))`;
}

function digits(value: string): string {
  return `case when length(${value}) between 1 and 15 and ${value} not glob '*[^0-9]*' then cast(${value} as integer) end`;
}

/** Positions as pairs. The text was written by `toFrameRow`: its members are always in this order. */
function pairs(json: string): string {
  return `json(${pairText(json)})`;
}

function pairText(json: string): string {
  const steps: [string, string][] = [
    ['{"raDeg":', '['],
    [',"decDeg":', ','],
    [',"radiusDeg":', ','],
    ['}', ']'],
  ];
  return steps.reduce((sql, [from, to]) => `replace(${sql}, ${quote(from)}, ${quote(to)})`, json);
}
