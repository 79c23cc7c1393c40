/** Makes a catalogue of so many rows, by the catalogue's own bulk path: `node fill.mjs FOLDER ROWS`. */
import path from 'node:path';
import {
  insertFramesInBulk,
  migrate,
  openCatalog,
  rememberArchive,
} from '../dist/catalog/index.js';
import { markRoot } from '../dist/store/index.js';
import { makeRows } from './rows.mjs';

const [folder, rows] = process.argv.slice(2);
const catalog = openCatalog(`sqlite:${path.join(folder, 'platevault.sqlite')}`);
try {
  await migrate(catalog);
  await insertFramesInBulk(catalog, makeRows(Number(rows)));
  // Else the first minutes of every run would go into a journal of frames that do not exist.
  await catalog.write('journal_queue').whereNot({ subject: 'users' }).delete();
  // Frames without files: a root without its mark would be a disk that is not mounted.
  await rememberArchive(catalog, await markRoot(path.join(folder, 'archive')));
  await catalog.write.raw('pragma wal_checkpoint(truncate)');
} finally {
  await catalog.close();
}
