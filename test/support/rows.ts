import type { Catalog } from '../../src/catalog/index.js';

type Row = Record<string, unknown>;

/**
 * What a catalogue keeps of its frames, row by row: table → rows as JSON, in an order that does not
 * depend on when they were written. Ids of facets, nights, objects and keywords, which tell only in
 * which order things came, are replaced by what they stand for. When a file was last read again is
 * left out: the running audit of a serving archive changes it at any moment; and so is how often something
 * about a night has changed.
 */
export async function dumpRows(catalog: Catalog): Promise<Readonly<Record<string, string[]>>> {
  const facets = await names(catalog, 'facets', 'key');
  const nights = await names(catalog, 'nights', 'key');
  const objects = await names(catalog, 'objects', 'key');
  const keywords = await names(catalog, 'header_keywords', 'name');
  const change = (row: Row): Row => {
    const changed = { ...row };
    if ('facet_id' in row) changed.facet_id = facets.get(row.facet_id);
    if ('night_id' in row) changed.night_id = nights.get(row.night_id);
    if ('object_id' in row) changed.object_id = objects.get(row.object_id);
    if ('keyword_id' in row) changed.keyword_id = keywords.get(row.keyword_id);
    // Of marks and former corrections: nobody refers to them.
    if ('is_set' in row || 'rule_id' in row) delete changed.id;
    delete changed.checked_ms;
    delete changed.check_result;
    return changed;
  };
  const dump: Record<string, string[]> = {};
  for (const table of TABLES) {
    const rows = await readAll(catalog, table);
    dump[table] = rows.map((row) => JSON.stringify(change(row))).sort();
  }
  for (const table of ['facets', 'nights', 'objects']) {
    // One that has no frames any more may still stand there, or not: it means the same.
    const rows = await readAll(catalog, table);
    dump[table] = rows
      .filter(({ frames }) => Number(frames) > 0)
      .map(({ id: _id, changes: _changes, ...row }) => JSON.stringify(row))
      .sort();
  }
  return dump;
}

const TABLES = [
  'frames',
  'versions',
  'hdus',
  'relations',
  'corrections',
  'former_corrections',
  'notes',
  'marks',
  'flags',
  'tags',
  'other_names',
  'trash',
  'shares',
  'share_files',
  'repair_rules',
  'cube',
  'sky_boxes',
  'header_numbers',
  'header_texts',
  'header_others',
];

function readAll(catalog: Catalog, table: string): Promise<Row[]> {
  return catalog.read(table).select('*');
}

async function names(
  catalog: Catalog,
  table: string,
  column: string,
): Promise<ReadonlyMap<unknown, unknown>> {
  const rows = await readAll(catalog, table);
  return new Map(rows.map((row) => [row.id, row[column]]));
}
