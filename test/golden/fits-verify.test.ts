/** The findings in real files, beside those of the program fitsverify. */
import { verify } from '../../src/fits/verify.js';
import { corpusTest, eachCorpusFile, Tally } from '../support/corpus.js';

const worst = (errors: number, warnings: number): string =>
  errors > 0 ? 'errors' : warnings > 0 ? 'warnings' : 'nothing';

/** The outcome of fitsverify; it stops at once in files that it cannot open. */
function outcomeOf(text: string | null | undefined): string {
  const match = /(\d+) warnings and (\d+) errors/.exec(text ?? '');
  if (match !== null) return worst(Number(match[2]), Number(match[1]));
  return text?.startsWith('verification OK') === true ? 'nothing' : 'stopped';
}

/** Nothing is wrong with these: fitsverify counts groups by GCOUNT, and a gap before the heap twice. */
const EXCUSED = ['files/odd/random_groups.fits', 'files/tables/theap-gap.fits'];

corpusTest('where fitsverify finds errors, there are findings', async () => {
  const tally = new Tally();
  const missed: unknown[] = [];
  await eachCorpusFile(tally, async (file, entry) => {
    const issues = await verify(file);
    const errors = issues.filter(({ level }) => level === 'error').length;
    const ours = worst(errors, issues.length - errors);
    const theirs = outcomeOf(entry.fitsverify);
    tally.add(entry.group, `ours: ${ours}, fitsverify: ${theirs}`);
    const isExcused = EXCUSED.includes(entry.path);
    if (theirs === 'errors' && issues.length === 0 && !isExcused) missed.push(entry.path);
  });
  tally.print('Findings');
  expect(missed).toEqual([]);
});
