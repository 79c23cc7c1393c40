import {
  recordChecks,
  toCatalogError,
  type Catalog,
  type CheckRecord,
  type KeptVersion,
} from '../catalog/index.js';
import { hashStored, type FilingParts } from '../ingest/index.js';

/**
 * A file counts as the one that was filed if nothing about it was changed since, by the clock of its
 * disk. That one may be wrong by so much, and the file may have been read so long before it got its row.
 */
const MARGIN_MS = 600_000;

const ADVICE =
  'Put the file back that was there; if this one is right, give it another name and adopt it: it becomes a new version.';

/** What was found about a file that was filed before. */
export interface Change {
  /** For people; '' if it is the file that was filed. */
  readonly text: string;
  /** To be written down; undefined if nothing was found that the catalogue does not know. */
  readonly check: CheckRecord | undefined;
}

/**
 * Whether a file in the tree is still the one that was filed. Its bytes are read only if they may have
 * changed since they were read last.
 *
 * @throws 'store_unavailable', 'not_found'
 */
export async function findChange(parts: FilingParts, known: KeptVersion): Promise<Change> {
  const { key, id: versionId } = known;
  const atMs = Date.now();
  const found = await parts.store.stat(key);
  const sizeBytes = found?.sizeBytes ?? 0;
  if (sizeBytes !== known.sizeBytes) {
    const text = `It was changed since it was taken in: it has ${sizeBytes} bytes instead of ${known.sizeBytes}. ${ADVICE}`;
    return { text, check: { versionId, atMs, result: 'size' } };
  }
  if (found !== undefined && found.changedMs < lastSound(known) - MARGIN_MS) {
    return { text: '', check: undefined };
  }
  if ((await hashStored(parts, key)).sha256 === known.sha256) {
    return { text: '', check: { versionId, atMs, result: 'ok' } };
  }
  const text = `It was changed since it was taken in: its SHA-256 is another one. ${ADVICE}`;
  return { text, check: { versionId, atMs, result: 'content' } };
}

/** When its bytes were last known to be right, epoch ms. */
function lastSound({ createdMs, checkedMs, checkResult }: KeptVersion): number {
  if (checkResult === null) return createdMs;
  return checkResult === 'ok' && checkedMs !== null ? Math.max(createdMs, checkedMs) : 0;
}

/** A catalogue that is busy loses the times of a few readings, which are then done once more. */
export async function noteChecks(catalog: Catalog, checks: readonly CheckRecord[]): Promise<void> {
  await recordChecks(catalog, checks).catch((error: unknown) => {
    if (toCatalogError(error)?.code !== 'busy') throw error;
  });
}
