import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive } from '../support/archive.js';

const KILLS = 10;
const CLIENTS = 4;

interface List {
  count: number;
  results: { id: number; basename: string; sha256: string }[];
}

test('kill -9 during uploads: every acknowledged frame is there, whole; nothing half is listed', async () => {
  const archive = await startArchive();
  const acknowledged = new Map<string, Buffer>();
  let serial = 0;
  try {
    for (let round = 0; round < KILLS; round += 1) {
      let running = true;
      const client = async (): Promise<void> => {
        while (running) {
          serial += 1;
          const FNAME = `crash-${String(serial).padStart(4, '0')}.fits`;
          const file = pyobsFrame({ FNAME }, { seed: serial, width: 600, height: 500 });
          // A request that dies with the server was not acknowledged: it may be there or not.
          const answer = await archive.upload(file, FNAME).catch(() => undefined);
          if (answer?.created === 1) acknowledged.set(FNAME.replace('.fits', ''), file);
        }
      };
      const clients = Array.from({ length: CLIENTS }, client);
      const moment = 150 + Math.random() * 500;
      await new Promise((resolve) => setTimeout(resolve, moment));
      await archive.stop('SIGKILL');
      running = false;
      await Promise.all(clients);
      await archive.restart();
      expect(await readdir(join(archive.dataDir, 'archive/.incoming'))).toEqual([]);
    }

    const list = await archive.json<List>('/frames/?limit=1000&sort=id');
    const listed = new Map(list.results.map((frame) => [frame.basename, frame]));
    expect(list.count).toBeGreaterThanOrEqual(acknowledged.size);
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    for (const [basename, file] of acknowledged) {
      const response = await archive.fetch(`/frames/${String(listed.get(basename)?.id)}/download/`);
      expect([basename, response.status]).toEqual([basename, 200]);
      expect(Buffer.from(await response.arrayBuffer()).equals(file)).toBe(true);
    }
    // What is listed is whole. A crash between file and row may leave a file, which is reported.
    const differences = (await archive.check()).filter((line) => !line.startsWith('unknown-file'));
    expect(differences).toEqual([]);
    process.stdout.write(
      `kill -9: ${KILLS} times, ${acknowledged.size} acknowledged, ${list.count} listed\n`,
    );
  } finally {
    await archive.close();
  }
}, 300_000);
