import { checkHdu } from '../../../src/fits/index.js';
import type { FitsFile, Hdu } from '../../../src/fits/index.js';
import type { GoldenChecksums } from '../../support/corpus.js';

const expectedOf = (isOk: boolean | null | undefined): string =>
  isOk === undefined || isOk === null ? 'absent' : isOk ? 'ok' : 'wrong';

/** The sums found right, wrong or absent, against sums computed from the raw bytes by other means. */
export async function compareChecksums(
  file: FitsFile,
  hdu: Hdu,
  golden: GoldenChecksums | null | undefined,
): Promise<string[]> {
  const found = await checkHdu(file, hdu);
  const expected = {
    checksum: expectedOf(golden?.checksum_ok),
    datasum: expectedOf(golden?.datasum_ok),
  };
  return (['checksum', 'datasum'] as const).flatMap((sum) =>
    found[sum] === expected[sum] ? [] : [`${sum} is ${found[sum]}, not ${expected[sum]}`],
  );
}
