import { createPace } from '../lib/pace.js';
import type { Catalog } from './db.js';
import type { StoredHdu, Version } from './schema.js';
import { parseStoredCards } from './write-cards.js';

/** An HDU without its cards. */
export type StoredHduShape = Omit<StoredHdu, 'cards'>;

interface HduRow extends Omit<StoredHduShape, 'axes'> {
  readonly axes: string;
}

const COLUMNS = ['hdu', 'name', 'kind', 'bitpix', 'axes', 'checksum'];

/** An HDU without its cards as SQL over `hdus`: JSON of the same shape. */
export const HDU_OBJECT = `json_object(${COLUMNS.map(
  (column) => `'${column}', ${column === 'axes' ? 'json(axes)' : column}`,
).join(', ')})`;

/** The HDUs of a version, in order. */
export async function listHdus(catalog: Catalog, version: Version): Promise<StoredHduShape[]> {
  const query = catalog.read('hdus').where({ version_id: version.id }).orderBy('hdu');
  const rows: HduRow[] = await query.select(COLUMNS);
  return rows.map(toShape);
}

/** Headers of every HDU of a version, in order. */
export async function listHeaders(
  catalog: Catalog,
  version: Pick<Version, 'id'>,
): Promise<StoredHdu[]> {
  const query = catalog.read('hdus').where({ version_id: version.id }).orderBy('hdu');
  const rows: (HduRow & { cards: string })[] = await query.select([...COLUMNS, 'cards']);
  const pace = createPace();
  const hdus: StoredHdu[] = [];
  for (const row of rows) {
    hdus.push({ ...toShape(row), cards: await parseStoredCards(row.cards, pace) });
  }
  return hdus;
}

function toShape({ hdu, name, kind, bitpix, axes, checksum }: HduRow): StoredHduShape {
  return { hdu, name, kind, bitpix, axes: JSON.parse(axes) as number[], checksum };
}
