import { createHash } from 'node:crypto';
import { mkdirSync, watch } from 'node:fs';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startArchive } from '../support/archive.js';
import { createMounts, testWithMounts } from '../support/mounts.js';

testWithMounts('quarantine on another disk than the tree')(
  'on another disk a refused file has its name only when it is whole, and what a crash broke off goes at the start',
  async () => {
    const mounts = createMounts();
    const ARCHIVE_ROOT = join(mounts.disk('tree', 16), 'archive');
    const apart = await startArchive({ ARCHIVE_ROOT });
    const folder = join(apart.dataDir, 'quarantine');
    mkdirSync(folder);
    const names: string[] = [];
    const watcher = watch(folder, (_, name) => names.push(String(name)));
    try {
      const bytes = Buffer.from('no FITS '.repeat(100_000));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      expect((await apart.upload(bytes, 'apart.fits')).files[0]?.status).toBe('refused');
      const kept = join(folder, sha256);
      expect((await readFile(kept)).equals(bytes)).toBe(true);
      while (!names.includes(sha256)) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(names[0]).toMatch(new RegExp(`^${sha256}\\.[\\da-f-]{36}\\.part$`));
      expect(await readdir(folder)).toEqual([sha256]);
      await apart.stop('SIGKILL');
      const part = `${kept}.2f6b8a10-0000-4000-8000-000000000000.part`;
      await writeFile(part, bytes.subarray(0, 1000));
      const longAgo = new Date(Date.now() - 600_000);
      await utimes(part, longAgo, longAgo);
      await apart.restart();
      expect(await readdir(folder)).toEqual([sha256]);
      expect(await apart.check()).toEqual([]);
    } finally {
      watcher.close();
      await apart.close();
      mounts.close();
    }
  },
  30_000,
);
