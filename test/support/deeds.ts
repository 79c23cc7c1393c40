import { join } from 'node:path';
import {
  inTransaction,
  OPERATOR,
  reviseFrame,
  writeNote,
  type FrameFacts,
} from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { createReader, loadProfiles } from '../../src/ingest/index.js';
import { openRoot } from '../../src/keeping/index.js';
import { PROJECT_DIR, type TestArchive } from './archive.js';
import { withCatalog } from './catalog.js';

/** Puts header values right, and a profile, as the server does. */
export async function correct(
  archive: TestArchive,
  id: number,
  values: Record<string, string | null>,
) {
  const { config } = loadConfig({ DATA_DIR: archive.dataDir }, join(PROJECT_DIR, 'config'));
  const profiles = await loadProfiles([join(PROJECT_DIR, 'config', 'mapping')], []);
  await withCatalog(archive, async (catalog) => {
    const store = await openRoot(catalog, config.ARCHIVE_ROOT);
    const pool = { run: () => Promise.reject(new Error('plain files only')) };
    const reader = createReader({ config, store, profiles, pool });
    const overrides = new Map(Object.entries(values));
    const row: { key: string } | undefined = await catalog
      .read('versions')
      .where({ frame_id: id })
      .first('key');
    const key = String(row?.key);
    const facts: FrameFacts = await reader.facts(key, { overrides, profile: 'pyobs' });
    const actor = { ...OPERATOR, username: 'anna' };
    const revision = { facts, corrections: overrides, chosenProfile: 'pyobs' };
    await inTransaction(catalog, async (tx) => {
      await reviseFrame(tx, id, revision, actor);
      await writeNote(tx, `frame:${id}`, 'The filter wheel was stuck.', actor);
      await writeNote(tx, 'night:2026-03-01', 'Windy.', actor);
    });
  });
}

/** Sends a form of a page as the admin. @returns the page that answers */
export async function postForm(archive: TestArchive, path: string, form: Record<string, string>) {
  const body = new URLSearchParams(form);
  const answer = await archive.fetch(path, {
    method: 'POST',
    body,
    headers: { Accept: 'text/html' },
  });
  expect(answer.status).toBe(200);
  return answer.text();
}
