import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { startArchive } from '../support/archive.js';
import {
  corpusEntries,
  corpusPath,
  corpusTest,
  hasPicture,
  readGolden,
  type CorpusEntry,
} from '../support/corpus.js';

/** Nothing to keep, or nothing that can be trusted: no pixels and no rows, or data that end too early. */
function mayBeRefused(entry: CorpusEntry): boolean {
  const { hdus } = readGolden(entry);
  const isDamaged = hdus.some((hdu) => hdu.data_error !== undefined);
  return isDamaged || (!hasPicture(entry) && !hdus.some(({ table }) => (table?.n_rows ?? 0) > 0));
}

corpusTest(
  'every file of the corpus goes through upload: stored or refused with a reason, and comes back whole',
  async () => {
    const archive = await startArchive();
    const table = new Map<string, { stored: number; refused: number; pictures: number }>();
    const reasons: string[] = [];
    try {
      for (const file of corpusEntries) {
        const content = await readFile(corpusPath(file));
        const answer = await archive.upload(content, basename(file.path));
        const result = answer.files[0];
        const row = table.get(file.group) ?? { stored: 0, refused: 0, pictures: 0 };
        table.set(file.group, row);
        if (result?.status === 'refused') {
          row.refused += 1;
          reasons.push(`${file.path}: ${String(result.error)}`);
          expect(String(result.error)).toMatch(/^[A-Z'].{15,}/);
          expect([file.path, mayBeRefused(file)]).toEqual([file.path, true]);
          continue;
        }
        row.stored += 1;
        const download = await archive.fetch(`/frames/${String(result?.id)}/download/`);
        expect(Buffer.from(await download.arrayBuffer()).equals(content)).toBe(true);
        const preview = await archive.fetch(`/frames/${String(result?.id)}/preview/`);
        expect([file.path, preview.status, preview.headers.get('content-type')]).toEqual([
          file.path,
          200,
          'image/png',
        ]);
        await preview.arrayBuffer();
        const problem = preview.headers.get('x-problem');
        expect([file.path, problem === null]).toEqual([file.path, hasPicture(file)]);
        if (problem === null) row.pictures += 1;
        const headers = await archive.fetch(`/frames/${String(result?.id)}/headers/?hdu=all`);
        expect([file.path, headers.status]).toEqual([file.path, 200]);
        await headers.arrayBuffer();
      }
      expect(await archive.check()).toEqual([]);
      process.stdout.write(
        [...table].map(([group, row]) => `corpus ${group}: ${JSON.stringify(row)}`).join('\n') +
          `\nrefused:\n${reasons.map((reason) => `  ${reason}`).join('\n')}\n`,
      );
    } finally {
      await archive.close();
    }
  },
  600_000,
);
