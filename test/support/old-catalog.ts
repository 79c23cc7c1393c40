import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toUnitVector } from '../../src/sky/index.js';
import type { Catalog, FrameFacts, NewFrame } from '../../src/catalog/index.js';
import { PROJECT_DIR } from './archive.js';

type Writer = Catalog['write'];

const FOLDER = join(PROJECT_DIR, 'dist/catalog/migrations');

/** Brings a database to the schema of an older program, by the first steps `from` to `to` of today's list. */
export async function migrateBetween(write: Writer, from: number, to: number): Promise<void> {
  await write.raw(
    'create table if not exists migrations (id integer primary key, name text not null, applied_ms integer not null)',
  );
  const names = readdirSync(FOLDER).filter((name) => /^\d{4}_\w+\.js$/.test(name));
  for (const file of names.sort()) {
    const id = Number(file.slice(0, 4));
    if (id < from || id > to) continue;
    const module = (await import(pathToFileURL(join(FOLDER, file)).href)) as Readonly<
      Record<string, (db: Writer) => Promise<void>>
    >;
    const up = Object.values(module).find((each) => typeof each === 'function');
    if (up === undefined) throw new Error(`${file} has no step.`);
    await up(write);
    await write('migrations').insert({ id, name: file.replace('.js', ''), applied_ms: 1 });
  }
}

/** Frames as the second schema has them, their ids from 1 on. @param footprintOf JSON of that time */
export async function insertOldFrames(
  write: Writer,
  frames: readonly NewFrame[],
  footprintOf: (id: number) => object | null = () => null,
): Promise<void> {
  for (const [index, { facts, version, basename }] of frames.entries()) {
    const id = index + 1;
    const footprint = footprintOf(id);
    await write('frames').insert({
      id,
      basename,
      version_id: id,
      profile: facts.profile,
      site_id: facts.siteId,
      telescope: facts.telescope,
      instrument: facts.instrument,
      image_type: facts.imageType,
      image_kind: facts.imageKind,
      date_obs_ms: facts.dateObsMs,
      night: facts.night,
      object: facts.object,
      filter: facts.filter,
      exposure_sec: facts.exposureSec,
      reduction_level: facts.reductionLevel,
      proposal: facts.proposal,
      public_date_ms: facts.publicDateMs,
      binning_x: facts.binningX,
      binning_y: facts.binningY,
      width: 1,
      height: 1,
      ra_deg: facts.raDeg,
      dec_deg: facts.decDeg,
      ...vectorOf(facts),
      footprint: footprint === null ? null : JSON.stringify(footprint),
      warnings: '[]',
      created_ms: 1,
      updated_ms: 1,
    });
    await write('versions').insert({
      id,
      frame_id: id,
      number: 1,
      key: version.key,
      extension: '.fits',
      container: 'plain',
      size_bytes: 999 + id,
      sha256: version.sha256,
      md5: version.md5,
      crc32: 1,
      upload_name: basename,
      created_ms: 1,
    });
  }
}

function vectorOf({ raDeg, decDeg }: FrameFacts) {
  if (raDeg === null || decDeg === null) return {};
  const [vec_x, vec_y, vec_z] = toUnitVector({ raDeg, decDeg });
  return { vec_x, vec_y, vec_z };
}
