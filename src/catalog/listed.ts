import type { Knex } from 'knex';
import type { Condition } from './conditions.js';
import { counting } from './count.js';
import type { CorrectionValue } from './corrections.js';
import { inSnapshot, type Catalog } from './db.js';
import type { StoredFinding } from './findings.js';
import { toMeasures, type FrameMeasures } from './measures.js';
import type { Frame, Row } from './schema.js';
import { findsNothing, resolveSearch } from './search.js';
import { readKeywords } from './setups.js';
import { seesNothing, type Viewer } from './visibility.js';

/** What a list shows of a frame beside its facts. */
export interface ListedMore {
  /** Undefined if it was not measured. */
  readonly measures: FrameMeasures | undefined;
  /** good, doubtful or bad; null if nobody judged it. */
  readonly flag: string | null;
  /** In order of the alphabet. */
  readonly tags: readonly string[];
  /** The worst first. */
  readonly findings: readonly StoredFinding[];
  /** Values of the keywords that were asked for, as text; those that its header lacks are not in it. */
  readonly headers: ReadonlyMap<string, string>;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * What was measured, found, said and written of the frames of a page.
 *
 * @param frames   as the viewer was given them
 * @param keywords of headers; reading them takes longer than all the rest, so they are named
 */
export async function readListed(
  catalog: Catalog,
  frames: readonly Pick<Frame, 'id' | 'version'>[],
  keywords: readonly string[],
): Promise<ReadonlyMap<number, ListedMore>> {
  const { read } = catalog;
  const ids = frames.map(({ id }) => id);
  const rowsOf = (table: string, ...columns: string[]): Promise<Row[]> =>
    read(table)
      .whereIn('frame_id', ids)
      .select(columns.length === 0 ? '*' : columns);
  const [measures, flags, tags, findings, headers] = await Promise.all([
    rowsOf('measures'),
    rowsOf('flags', 'frame_id', 'flag'),
    rowsOf('tags', 'frame_id', 'tag'),
    rowsOf('findings', 'frame_id', 'code', 'level', 'text'),
    keywords.length === 0 ? undefined : readHeaders(catalog, frames, keywords),
  ]);
  const measured = new Map(measures.map((row) => [Number(row.frame_id), toMeasures(row)]));
  const flagged = new Map(flags.map((row) => [Number(row.frame_id), String(row.flag)]));
  return new Map(
    frames.map(({ id }) => [
      id,
      {
        measures: measured.get(id),
        flag: flagged.get(id) ?? null,
        tags: ofFrame(tags, id)
          .map((row) => String(row.tag))
          .sort(),
        findings: ofFrame(findings, id).map(toFinding).sort(byLevel),
        headers: headers?.get(id) ?? NOTHING,
      },
    ]),
  );
}

/** Values of keywords by frame: those of its file, with what people set right in their place. */
async function readHeaders(
  catalog: Catalog,
  frames: readonly Pick<Frame, 'id' | 'version'>[],
  keywords: readonly string[],
): Promise<Map<number, ReadonlyMap<string, string>>> {
  const ids = frames.map(({ id }) => id);
  const versions = frames.map(({ version }) => version.id);
  const [written, rows] = await Promise.all([
    readKeywords(catalog, versions, keywords),
    catalog
      .read('corrections')
      .whereIn('frame_id', ids)
      .whereIn('keyword', keywords)
      .select('frame_id', 'keyword', 'value') as Promise<Row[]>,
  ]);
  return new Map(
    frames.map(({ id, version }) => {
      const values = new Map(written.get(version.id));
      for (const row of ofFrame(rows, id)) {
        const value = JSON.parse(String(row.value)) as CorrectionValue;
        if (value === null) values.delete(String(row.keyword));
        else values.set(String(row.keyword), String(value));
      }
      return [id, values];
    }),
  );
}

function ofFrame(rows: readonly Row[], id: number): Row[] {
  return rows.filter((row) => Number(row.frame_id) === id);
}

const LEVELS: readonly StoredFinding['level'][] = ['error', 'warning', 'note'];

function toFinding(row: Row): StoredFinding {
  const level = LEVELS.find((each) => each === row.level) ?? 'note';
  return { code: String(row.code), level, text: String(row.text) };
}

function byLevel(a: StoredFinding, b: StoredFinding): number {
  return LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || (a.code < b.code ? -1 : 1);
}

/** Frames of which a list is summed up: more take longer than a person waits for a page. */
export const MAX_SUMMED = 20_000;

/** What the frames of a list come to. */
export interface ListSum {
  readonly sizeBytes: number;
  readonly exposureSec: number;
}

/** Bytes and open shutter of all frames that match; to be asked of at most MAX_SUMMED of them. */
export async function sumList(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<ListSum> {
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, conditions, viewer);
    if (seesNothing(viewer) || findsNothing(search)) return { sizeBytes: 0, exposureSec: 0 };
    const row: Row | undefined = await counting(tx, search).first(
      tx.raw(
        `sum(frames.size_bytes) as bytes,
         sum(case when frames.image_kind in ('object', 'standard') then frames.open_sec end) as open`,
      ),
    );
    return { sizeBytes: Number(row?.bytes ?? 0), exposureSec: Number(row?.open ?? 0) };
  });
}

/** The words that people and program give frames: tables that a list can be narrowed by. */
export const WORD_TABLES = { flag: 'flag', finding: 'code', tag: 'tag' } as const;
export type WordKind = keyof typeof WORD_TABLES;

/** A word and of how many frames it is said. */
export interface WordCount {
  readonly word: string;
  readonly frames: number;
}

/** Words that are looked at for one list. */
const MAX_WORDS = 20_000;

/**
 * Which words are said of the frames that match, the commonest first.
 *
 * @returns undefined if there are too many to be counted for a page
 */
export async function countWords(
  catalog: Catalog,
  kind: WordKind,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<WordCount[] | undefined> {
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, conditions, viewer);
    if (seesNothing(viewer) || findsNothing(search)) return [];
    const said = wordsOf(tx, kind);
    if (!viewer.seesAll || conditions.length > 0) {
      const ids = counting(tx, search).select('frames.id');
      void said.whereRaw('frame_id in ?', [ids]);
    }
    const some = said.limit(MAX_WORDS + 1).as('some');
    const rows: Row[] = await tx
      .from(some)
      .groupBy('word')
      .select('word', tx.raw('count(*) as frames'))
      .orderBy([{ column: 'frames', order: 'desc' }, { column: 'word' }]);
    const counts = rows.map((row) => ({ word: String(row.word), frames: Number(row.frames) }));
    const sum = counts.reduce((total, { frames }) => total + frames, 0);
    return sum > MAX_WORDS ? undefined : counts;
  });
}

/** Two sources may have found the same of a frame: it counts once. */
function wordsOf(tx: Knex, kind: WordKind): Knex.QueryBuilder {
  const column = WORD_TABLES[kind];
  const table = `${kind}s`;
  return tx(table).distinct('frame_id', `${column} as word`);
}
