/** The way of an archive to a real S3 server and back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive } from '../support/archive.js';
import { startS3, testWithS3 } from '../support/s3.js';

const testS3 = testWithS3('back-ups to an S3 server');

testS3(
  'an archive goes to S3, only what is new goes again, damage is found, and a fresh machine comes back',
  async () => {
    const [s3, archive, folder] = await Promise.all([
      startS3(),
      startArchive({ AUDIT_DAYS: '0' }),
      mkdtemp(join(tmpdir(), 'platevault-s3-')),
    ]);
    const place = `s3://${s3.bucket}/hill`;
    const run = (args: readonly string[], dataDir = join(folder, 'new')) =>
      runProgram(args, { DATA_DIR: dataDir, ...s3.settings });
    const upload = async (name: string, seed: number): Promise<void> => {
      const file = pyobsFrame({ FNAME: `${name}.fits` }, { seed });
      expect((await archive.upload(file, `${name}.fits`)).created).toBe(1);
    };
    try {
      for (const seed of [1, 2, 3]) await upload(`s-${String(seed)}+a`, seed);
      const first = await run(['backup', place, '--json'], archive.dataDir);
      expect([first.status, first.stderr]).toEqual([0, '']);
      expect(JSON.parse(first.stdout)).toMatchObject({ files: 4, totalFiles: 4, lost: [] });
      await upload('later', 4);
      const second = await run(['backup', `${place}/`, '--json'], archive.dataDir);
      expect([second.status, second.stderr]).toEqual([0, '']);
      // The frame, and the journal if it has been told of it by now.
      const { files, totalFiles } = JSON.parse(second.stdout) as Record<string, unknown>;
      expect([1, 2]).toContain(files);
      expect(totalFiles).toBe(5);
      expect((await run(['backup', 'verify', '--from', place, '--read-data'])).status).toBe(0);
      expect(
        (await run(['backup', 'list', '--from', place])).stdout.trim().split('\n'),
      ).toHaveLength(2);

      const restored = await run(['restore', '--from', place, '--new-root']);
      expect([restored.status, restored.stderr]).toEqual([0, '']);
      const check = await run(['check', '--read-data']);
      expect([check.status, check.stdout, check.stderr]).toEqual([0, '', '']);

      const { Contents = [] } = await s3.client.send(
        new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'hill/files/hill/' }),
      );
      const [changed, removed] = Contents.map(({ Key, Size }) => ({ Key, Size }));
      const at = { Bucket: s3.bucket, Key: changed?.Key };
      await s3.client.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(changed?.Size ?? 0) }));
      await s3.client.send(new DeleteObjectCommand({ ...at, Key: removed?.Key }));
      const verified = await run(['backup', 'verify', '--from', place, '--read-data']);
      expect([verified.status, verified.stdout.match(/^\w+/gm)]).toEqual([
        1,
        ['content', 'missing'],
      ]);
    } finally {
      await Promise.all([s3.close(), archive.close()]);
      await rm(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
