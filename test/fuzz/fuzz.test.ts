import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_DIR } from '../support/archive.js';

/** Enough to see a fault that is not rare; `npm run fuzz` does many more. */
const MUTATIONS = '2500';
const SEED = '1';

test('damaged files are read or refused, and nothing else', () => {
  const script = join(PROJECT_DIR, 'test/fuzz/fuzz.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, MUTATIONS, SEED], {
    encoding: 'utf8',
    env: { ...process.env, FITS_CORPUS: '' }, // the same files on every machine
  });
  process.stdout.write(stdout); // with the seed
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}, 300_000);
