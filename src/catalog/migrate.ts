import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { requireWhole } from './bulk-fresh.js';
import type { Catalog } from './db.js';
import { initial } from './migrations/0001_initial.js';
import { codec } from './migrations/0002_codec.js';
import { speed } from './migrations/0003_speed.js';
import { headers } from './migrations/0004_headers.js';
import { safety } from './migrations/0005_safety.js';
import { journal } from './migrations/0006_journal.js';
import { sorting } from './migrations/0007_sorting.js';
import { proposals } from './migrations/0008_proposals.js';
import { quality } from './migrations/0009_quality.js';
import { sightings } from './migrations/0010_sightings.js';
import { solutions } from './migrations/0011_solutions.js';
import { computed } from './migrations/0012_computed.js';
import { footprints } from './migrations/0013_footprints.js';
import { groups } from './migrations/0014_groups.js';
import { judging } from './migrations/0015_judging.js';
import { shares } from './migrations/0016_shares.js';
import { preferences } from './migrations/0017_preferences.js';
import { oneWay } from './migrations/0018_one_way.js';
import { objectSums } from './migrations/0019_object_sums.js';
import { shareJournal } from './migrations/0020_share_journal.js';
import { rules } from './migrations/0021_rules.js';
import { uploads } from './migrations/0022_uploads.js';
import { usual } from './migrations/0023_usual.js';
import { contentSums } from './migrations/0024_content_sums.js';
import { openShutter } from './migrations/0025_open_shutter.js';
import { starFields } from './migrations/0026_star_fields.js';
import { sorts } from './migrations/0027_sorts.js';
import { formerCorrections } from './migrations/0028_former_corrections.js';
import { headerOthers } from './migrations/0029_header_others.js';
import { skyFilters } from './migrations/0030_sky_filters.js';
import { compared } from './migrations/0033_compared.js';
import { settings } from './migrations/0034_settings.js';
import { nightChanges } from './migrations/0035_night_changes.js';
import { skyCells } from './migrations/0036_sky_cells.js';
import { reportState } from './migrations/0032_report_state.js';

/** Append only: a migration that has been released is never changed or removed. */
const MIGRATIONS: readonly { readonly name: string; readonly up: (db: Knex) => Promise<void> }[] = [
  { name: '0001_initial', up: initial },
  { name: '0002_codec', up: codec },
  { name: '0003_speed', up: speed },
  { name: '0004_headers', up: headers },
  { name: '0005_safety', up: safety },
  { name: '0006_journal', up: journal },
  { name: '0007_sorting', up: sorting },
  { name: '0008_proposals', up: proposals },
  { name: '0009_quality', up: quality },
  { name: '0010_sightings', up: sightings },
  { name: '0011_solutions', up: solutions },
  { name: '0012_computed', up: computed },
  { name: '0013_footprints', up: footprints },
  { name: '0014_groups', up: groups },
  { name: '0015_judging', up: judging },
  { name: '0018_one_way', up: oneWay },
  { name: '0019_object_sums', up: objectSums },
  { name: '0017_preferences', up: preferences },
  { name: '0016_shares', up: shares },
  { name: '0020_share_journal', up: shareJournal },
  { name: '0021_rules', up: rules },
  { name: '0022_uploads', up: uploads },
  { name: '0023_usual', up: usual },
  { name: '0024_content_sums', up: contentSums },
  { name: '0025_open_shutter', up: openShutter },
  { name: '0026_star_fields', up: starFields },
  { name: '0027_sorts', up: sorts },
  { name: '0028_former_corrections', up: formerCorrections },
  { name: '0029_header_others', up: headerOthers },
  { name: '0030_sky_filters', up: skyFilters },
  { name: '0033_compared', up: compared },
  { name: '0034_settings', up: settings },
  { name: '0032_report_state', up: reportState },
  { name: '0035_night_changes', up: nightChanges },
  { name: '0036_sky_cells', up: skyCells },
];

/** Brings the database to the schema of this program, each step in a transaction of its own. */
export async function migrate(catalog: Catalog): Promise<void> {
  const { write } = catalog;
  await write.raw(
    'create table if not exists migrations (id integer primary key, name text not null, applied_ms integer not null)',
  );
  const applied = await countApplied(write);
  if (applied > 0) await requireWhole(write);
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < applied) continue;
    await write.transaction(async (tx) => {
      await tx('migrations').insert({
        id: index + 1,
        name: migration.name,
        applied_ms: Date.now(),
      });
      await migration.up(tx);
    });
  }
}

/** For those who only look. @throws 'database_version' unless the schema is that of this program */
export async function requireSchema({ read }: Catalog): Promise<void> {
  if (
    (await read.schema.hasTable('migrations')) &&
    (await countApplied(read)) === MIGRATIONS.length
  ) {
    await requireWhole(read);
    return;
  }
  throw new AppError(
    'database_version',
    'The catalogue was written by an older version of the program. Start the server once: it brings the catalogue up to date.',
  );
}

/** @throws 'database_version' if a newer program has been at work here */
async function countApplied(db: Knex): Promise<number> {
  const rows: { id: number; name: string }[] = await db('migrations').orderBy('id');
  for (const [index, row] of rows.entries()) {
    if (MIGRATIONS[index]?.name !== row.name) {
      throw new AppError(
        'database_version',
        `The database was written by a newer version of the program (step '${row.name}'). Use that version, or restore a back-up.`,
      );
    }
  }
  return rows.length;
}
