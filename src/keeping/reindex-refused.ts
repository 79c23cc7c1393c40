import { readdir } from 'node:fs/promises';
import {
  ARCHIVE,
  findBySha256,
  isQuarantined,
  noteRefusal,
  type Catalog,
} from '../catalog/index.js';
import {
  AS_IT_STANDS,
  nightOfRefused,
  quarantinePath,
  type RefusedParts,
} from '../ingest/index.js';
import { systemCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';

const REASON =
  'Found again by reindex: the catalogue that knew its name and the reason is lost. Try it again.';

/**
 * Lists refused files again that lie in quarantine and that no catalogue knows any more. Their names,
 * and why they were refused, were in the lost one alone; nothing is done to the files.
 *
 * @returns how many
 */
export async function findRefused(
  parts: RefusedParts & { readonly catalog: Catalog },
): Promise<number> {
  const { catalog, config } = parts;
  let count = 0;
  for (const sha256 of await namesIn(quarantinePath(config))) {
    const found = await statFile(quarantinePath(config, sha256));
    if (found === undefined || !/^[\da-f]{64}$/.test(sha256)) continue;
    if (await isQuarantined(catalog, sha256)) continue;
    // It has come into the archive since; the next start lets go of it.
    if ((await findBySha256(catalog.read, sha256)) !== undefined) continue;
    const refusal = {
      uploadName: `${sha256.slice(0, 12)}.fits`,
      file: sha256,
      sizeBytes: found.size,
      sha256,
      code: 'busy',
      reason: REASON,
      keyword: null,
      night: await nightOfRefused(parts, quarantinePath(config, sha256), AS_IT_STANDS),
      uploadedBy: null,
      attempt: null,
      createdMs: Math.trunc(found.mtimeMs),
    };
    await noteRefusal(catalog, refusal, ARCHIVE, true);
    count += 1;
  }
  return count;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
}
