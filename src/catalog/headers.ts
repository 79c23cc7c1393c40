import type { Catalog } from './db.js';
import type { StoredCard, StoredHdu, Version } from './schema.js';

type CardTuple = [string, string, StoredCard['value'], string];

/** Headers of every HDU of a version, in order. */
export async function listHeaders(catalog: Catalog, version: Version): Promise<StoredHdu[]> {
  const query = catalog.read('hdus').where({ version_id: version.id }).orderBy('hdu');
  const rows: {
    hdu: number;
    name: string;
    kind: string;
    bitpix: number;
    axes: string;
    cards: string;
  }[] = await query;
  return rows.map((row) => ({
    hdu: row.hdu,
    name: row.name,
    kind: row.kind,
    bitpix: row.bitpix,
    axes: JSON.parse(row.axes) as number[],
    cards: (JSON.parse(row.cards) as CardTuple[]).map(([keyword, kind, value, comment]) => ({
      keyword,
      kind,
      value,
      comment,
    })),
  }));
}
