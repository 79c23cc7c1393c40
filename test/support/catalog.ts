import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  migrate,
  openCatalog,
  parseConditions,
  type Catalog,
  type Condition,
  type Viewer,
} from '../../src/catalog/index.js';

/** Those who ask: an account, a visitor who sees what is public, a visitor who sees nothing. */
export const USER: Viewer = {
  userId: 1,
  username: 'u',
  address: '',
  role: 'user',
  scope: 'admin',
  seesPublic: false,
  seesAll: true,
  proposals: [],
};
/** The same with the right to everything. */
export const ADMIN: Viewer = { ...USER, username: 'admin', role: 'admin' };
export const PUBLIC: Viewer = {
  ...USER,
  userId: null,
  role: 'anonymous',
  seesPublic: true,
  seesAll: false,
};
export const NOBODY: Viewer = { ...PUBLIC, seesPublic: false };

/** The conditions of a query as it stands in an address. */
export function conditionsOf(query: string): Condition[] {
  const given = [...new URLSearchParams(query)];
  return parseConditions(new Map(given.map(([name, value]) => [name, [value]])));
}

/** A catalogue alone, in a real SQLite file. */
export interface TestCatalog {
  readonly catalog: Catalog;
  readonly folder: string;
  /** Closes it and removes everything. */
  close(): Promise<void>;
}

/** @param isMigrated false for an empty file, as an older version of the program would find it */
export async function startCatalog(isMigrated = true): Promise<TestCatalog> {
  const folder = await mkdtemp(join(tmpdir(), 'platevault-catalog-'));
  const catalog = openCatalog(`sqlite:${join(folder, 'catalog.sqlite')}`);
  if (isMigrated) await migrate(catalog);
  return {
    catalog,
    folder,
    async close() {
      await catalog.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `work` on the catalogue of an archive, whether or not a server runs beside it. */
export async function withCatalog<T>(
  { dataDir }: { readonly dataDir: string },
  work: (catalog: Catalog) => Promise<T>,
): Promise<T> {
  const catalog = openCatalog(`sqlite:${join(dataDir, 'platevault.sqlite')}`);
  try {
    return await work(catalog);
  } finally {
    await catalog.close();
  }
}
