import type { Catalog } from './db.js';
import type { StoredCard, StoredHdu, Version } from './schema.js';

/** An HDU without its cards. */
export type StoredHduShape = Omit<StoredHdu, 'cards'>;

type CardTuple = [string, string, StoredCard['value'], string];

interface HduRow extends Omit<StoredHduShape, 'axes'> {
  readonly axes: string;
}

const COLUMNS = ['hdu', 'name', 'kind', 'bitpix', 'axes', 'checksum'];

/** The HDUs of a version, in order. */
export async function listHdus(catalog: Catalog, version: Version): Promise<StoredHduShape[]> {
  const query = catalog.read('hdus').where({ version_id: version.id }).orderBy('hdu');
  const rows: HduRow[] = await query.select(COLUMNS);
  return rows.map(toShape);
}

/** Headers of every HDU of a version, in order. */
export async function listHeaders(catalog: Catalog, version: Version): Promise<StoredHdu[]> {
  const query = catalog.read('hdus').where({ version_id: version.id }).orderBy('hdu');
  const rows: (HduRow & { cards: string })[] = await query.select([...COLUMNS, 'cards']);
  return rows.map((row) => ({
    ...toShape(row),
    cards: (JSON.parse(row.cards) as CardTuple[]).map(([keyword, kind, value, comment]) => ({
      keyword,
      kind,
      value,
      comment,
    })),
  }));
}

function toShape({ hdu, name, kind, bitpix, axes, checksum }: HduRow): StoredHduShape {
  return { hdu, name, kind, bitpix, axes: JSON.parse(axes) as number[], checksum };
}
