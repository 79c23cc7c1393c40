import type { Knex } from 'knex';

/**
 * Footprints are kept as lists show them from here on, positions as pairs of numbers, and the polygon
 * in a column of its own, closed: lists spent half of their time on changing one into the other.
 */
export async function footprints(db: Knex): Promise<void> {
  // Nothing that is kept beside the frames depends on how a footprint is written.
  const triggers = await db.raw<{ name: string; sql: string }[]>(
    `select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'frames'`,
  );
  for (const { name } of triggers) await db.raw(`drop trigger ${name}`);
  await db.schema.alterTable('frames', (t) => {
    t.text('ring'); // JSON: the polygon, closed
  });
  await db.raw(`update frames set
    ring = case when footprint ->> '$.polygon[0]' is not null then
      rtrim(${pairsOf('$.polygon')}, ']') || '],' || ${pairsOf('$.polygon[0]')} || ']' end,
    footprint = '{"center":' || ${pairsOf('$.center')} || ',"corners":' || ${pairsOf('$.corners')}
      || ',"pixel_scale":' || (footprint -> '$.pixelScaleArcsec')
      || ',"rotation":' || (footprint -> '$.rotationDeg')
      || ',"mirrored":' || (footprint -> '$.mirrored')
      || ',"circle":' || ${pairsOf('$.cap')}
      || ',"provisional":' || (footprint -> '$.provisional') || '}'
    where footprint is not null`);
  for (const { sql } of triggers) {
    await db.raw(sql.replaceAll('$.pixelScaleArcsec', '$.pixel_scale'));
  }
}

/** Members of positions have always been written in this order. */
function pairsOf(path: string): string {
  const steps: [string, string][] = [
    ['{"raDeg":', '['],
    [',"decDeg":', ','],
    [',"radiusDeg":', ','],
    ['}', ']'],
  ];
  const part = `(footprint -> '${path}')`;
  return steps.reduce((sql, [from, to]) => `replace(${sql}, '${from}', '${to}')`, part);
}
