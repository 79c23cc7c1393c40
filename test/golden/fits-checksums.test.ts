/** Checksums of real files, against sums computed from their raw bytes by another program. */
import { checkHdu, verdictOf } from '../../src/fits/checksum.js';
import { corpusTest, eachCorpusFile, readGolden, Tally } from '../support/corpus.js';

interface Golden {
  readonly hdus: readonly {
    readonly index: number;
    readonly checksums?: {
      readonly checksum_keyword?: string | null;
      readonly datasum_keyword?: string | null;
      readonly checksum_ok?: boolean | null;
      readonly datasum_ok?: boolean | null;
    } | null;
  }[];
}

const expectedOf = (isOk: boolean | null | undefined): string =>
  isOk === undefined || isOk === null ? 'absent' : isOk ? 'ok' : 'wrong';

corpusTest('the checksums of every HDU are found right, wrong or absent', async () => {
  const tally = new Tally();
  const differing: unknown[] = [];
  await eachCorpusFile(tally, async (file, entry) => {
    for (const { index, checksums } of (readGolden(entry) as Golden).hdus) {
      const hdu = file.hdus[index];
      if (hdu === undefined) continue;
      const found = await checkHdu(file, hdu);
      const expected = {
        checksum: expectedOf(checksums?.checksum_ok),
        datasum: expectedOf(checksums?.datasum_ok),
      };
      tally.add(entry.group, verdictOf(found));
      if (found.checksum === expected.checksum && found.datasum === expected.datasum) continue;
      differing.push({ path: entry.path, index, found, expected, checksums });
    }
  });
  tally.print('Checksums');
  expect(differing).toEqual([]);
});
