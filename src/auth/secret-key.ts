import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';
import { syncPath } from '../store/index.js';

type KeySettings = Pick<Config, 'SECRET_KEY' | 'DATA_DIR'>;

const MIN_KEY_LENGTH = 16;

/**
 * The key that sessions and addresses are signed with: from the settings, or from its file.
 *
 * @returns undefined if none was made yet
 * @throws 'config_invalid' if its file holds none
 */
export async function readSecretKey(config: KeySettings): Promise<string | undefined> {
  if (config.SECRET_KEY !== '') return config.SECRET_KEY;
  const path = keyPath(config);
  if (!existsSync(path)) return undefined;
  const key = (await readFile(path, 'utf8')).trim();
  if (key.length >= MIN_KEY_LENGTH) return key;
  const message = `${path} does not hold a key. Remove it to have one made: all sessions then end.`;
  throw new AppError('config_invalid', message);
}

/** As `readSecretKey`; one that is not there is made, and kept. */
export async function makeSecretKey(config: KeySettings): Promise<string> {
  const known = await readSecretKey(config);
  if (known !== undefined) return known;
  const key = randomBytes(32).toString('hex');
  const path = keyPath(config);
  // Whole or not at all: half a key would sign, and be guessed.
  const draft = `${path}.${String(process.pid)}`;
  await writeFile(draft, `${key}\n`, { mode: 0o600 });
  await syncPath(draft);
  await rename(draft, path);
  return key;
}

function keyPath({ DATA_DIR }: KeySettings): string {
  return join(DATA_DIR, 'secret.key');
}
