import type { Catalog } from '../../src/catalog/index.js';

/** A query as it is sent to the database. */
export interface Query {
  readonly sql: string;
  readonly bindings: readonly (string | number)[];
}

/** Steps of SQLite's plans of all queries that `work` makes. @throws if it makes none */
export async function stepsOf(catalog: Catalog, work: () => Promise<unknown>): Promise<string[]> {
  const queries: Query[] = [];
  const note = ({ sql, bindings }: Query): void => void queries.push({ sql, bindings });
  catalog.read.on('query', note);
  await work();
  catalog.read.removeListener('query', note);
  const steps: string[] = [];
  for (const { sql, bindings } of queries) {
    if (!/^(?:select|with)/i.test(sql)) continue;
    const plan = await catalog.read.raw<{ detail: string }[]>(
      `explain query plan ${sql}`,
      bindings,
    );
    steps.push(...plan.map(({ detail }) => detail));
  }
  if (steps.length === 0) throw new Error('No query was made.');
  return steps;
}

/** Steps that read all of `frames`; with an index that has all columns, its rows are not read. */
export function scans(steps: readonly string[]): string[] {
  return steps.filter((step) => /^SCAN frames(?! USING COVERING INDEX)/.test(step));
}

/** Steps that read all of `frames` or of an index of it, in the order of a list or in none. */
export function readsAll(steps: readonly string[]): string[] {
  return steps.filter((step) => step.startsWith('SCAN frames'));
}
