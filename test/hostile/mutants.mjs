#!/usr/bin/env node
/** Writes damaged copies of the originals of the fuzz: `mutants.mjs <folder> <count> <seed>`. */
import fs from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';

register('../fuzz/typescript.mjs', import.meta.url);
const { buildOriginals } = await import('../fuzz/originals.mjs');
const { mutate } = await import('../fuzz/mutate.mjs');
const { makeRandom, pick } = await import('../fuzz/random.mjs');

const [folder, count, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const groups = await buildOriginals(folder);
for (let index = 0; index < count; index += 1) {
  const random = makeRandom(seed * 100_000 + index);
  const { bytes, kinds } = mutate(pick(random, pick(random, groups)), random);
  const name = `${String(index).padStart(4, '0')} ${kinds.join(' ')}`;
  fs.writeFileSync(path.join(folder, `${name}.mutant`), bytes);
}
