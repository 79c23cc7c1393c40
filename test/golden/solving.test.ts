import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { mainImage, openFits } from '../../src/fits/index.js';
import { separationDeg } from '../../src/sky/index.js';
import { footprintOf, wcsOf } from '../../src/wcs/index.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { corpusEntries, corpusPath } from '../support/corpus.js';
import { testWith } from '../support/programs.js';
import { whenSettled } from '../support/solving.js';

/**
 * A field of 57′ × 46′ near ε Cassiopeiae, made by a camera simulator from a star catalogue. Of the
 * files of the corpus that are wider than 20′ it is the one that the Tycho-2 indices can solve.
 */
const entry = corpusEntries.find(({ path }) => path.endsWith('small-observatory/randomsky.fits'));
const INDEX = '/usr/share/astrometry/index-tycho2-08.littleendian.fits';

/** All that tells where the image lies, or how large its pixels are. */
const TELLING =
  /^(?:CRVAL|CRPIX|CTYPE|CDELT|CROTA|SECPIX)\d|^(?:RA|DEC|OBJCTRA|OBJCTDEC|SCALE|FOCALLEN|EQUINOX|RADECSYS) *$/;

/** The file without its WCS: the cards are blank, which the standard allows. */
function strip(bytes: Buffer, keep: RegExp): Buffer {
  const stripped = Buffer.from(bytes);
  for (let at = 0; stripped.toString('latin1', at, at + 8) !== 'END     '; at += 80) {
    const keyword = stripped.toString('latin1', at, at + 8);
    if (TELLING.test(keyword) && !keep.test(keyword)) stripped.fill(' ', at, at + 80);
  }
  return stripped;
}

const solverTest =
  entry === undefined ? test.skip : testWith(['solve-field', INDEX], 'plate-solving');

let archive: TestArchive | undefined;

afterAll(async () => {
  await archive?.close();
});

solverTest(
  'astrometry.net finds a field of the corpus where its own WCS has it',
  async () => {
    if (entry === undefined) throw new Error('there is no corpus');
    archive = await startArchive({ SOLVER: 'astrometry.net', SOLVER_TIMEOUT_SEC: '40' });
    const path = corpusPath(entry);
    const bytes = await readFile(path);
    // The second one has a pointing that is ten degrees off: it is looked for there first.
    const wrong = strip(bytes, /^(?:RA|DEC) *$/);
    const at = wrong.indexOf('DEC     =');
    wrong.write('DEC     = 5.925256E+01'.padEnd(80), at, 'latin1');
    const ids: number[] = [];
    for (const [index, file] of [strip(bytes, /^$/), wrong].entries()) {
      const { files } = await archive.upload(file, `field-${index}.fits`);
      ids.push(files[0]?.id ?? 0);
    }

    const own = await ownFootprint(path);
    for (const [index, id] of ids.entries()) {
      const { state, error, solution } = await whenSettled(archive, id);
      expect([state, error]).toEqual(['solved', null]);
      if (solution === null) throw new Error('there is no solution');
      const centre = { raDeg: solution.ra, decDeg: solution.dec };
      const offArcsec = separationDeg(centre, own.center) * 3600;
      const turned = Math.abs(((solution.rotation - own.rotationDeg + 540) % 360) - 180);
      process.stdout.write(
        `solved: centre ${offArcsec.toFixed(2)}″ off, scale ${solution.scale.toFixed(5)}″ (header ${own.pixelScaleArcsec.toFixed(5)}″), rotation ${turned.toFixed(4)}° off\n`,
      );
      expect(offArcsec).toBeLessThan(1.5 * own.pixelScaleArcsec);
      expect(Math.abs(solution.scale / own.pixelScaleArcsec - 1)).toBeLessThan(0.002);
      expect(turned).toBeLessThan(0.5);
      expect(solution.mirrored).toBe(own.mirrored);
      if (index === 1) expect(solution.pointing_off_deg).toBeCloseTo(10, 1);
    }
    const near = `covers=POINT(${own.center.raDeg} ${own.center.decDeg})`;
    const { count } = await archive.json<{ count: number }>(`/frames/?${near}`);
    expect(count).toBe(2);
    expect(await archive.check()).toEqual([]);
  },
  240_000,
);

solverTest(
  'a field of the corpus whose WCS is wrong is found out by astrometry.net, and one whose WCS is right by that',
  async () => {
    if (entry === undefined) throw new Error('there is no corpus');
    const checked = await startArchive({
      SOLVER: 'astrometry.net',
      SOLVER_TIMEOUT_SEC: '40',
      MEASURE: 'true',
    });
    try {
      const bytes = await readFile(corpusPath(entry));
      const wrong = Buffer.from(bytes);
      const at = wrong.indexOf('CRVAL2  =');
      const degrees = Number(wrong.toString('latin1', at + 9, at + 30).replace(/\/.*/, ''));
      wrong.write(`CRVAL2  = ${degrees + 0.1}`.padEnd(80), at, 'latin1');
      const said = async (file: Buffer, name: string): Promise<string> => {
        const { files } = await checked.upload(file, name);
        const id = files[0]?.id ?? 0;
        for (;;) {
          const state = await withCatalog(checked, async ({ read }) => {
            const row: { state: string } | undefined = await read('star_fields')
              .where({ frame_id: id })
              .first('state');
            return row?.state;
          });
          if (state === 'right') break;
          expect(['new', 'asked', 'alone', undefined]).toContain(state);
          await setTimeout(200);
        }
        const shown = await checked.json<{ findings: { code: string; text: string }[] }>(
          `/frames/${id}/`,
        );
        return shown.findings.find(({ code }) => code === 'wrong-wcs')?.text ?? '';
      };
      expect(await said(wrong, 'wrong.fits')).toMatch(
        /^The WCS has the stars 6\.0′ \(\d+ pixels\) away from where astrometry\.net finds them\.$/,
      );
      expect(await said(bytes, 'right.fits')).toBe('');
      const { solving } = await checked.json<{ solving: object }>('/admin/?format=json');
      expect(solving).toMatchObject({ solved: 1, failed: 0, waiting: 0 });
    } finally {
      await checked.close();
    }
  },
  240_000,
);

async function ownFootprint(path: string) {
  const file = await openFits(path);
  await file.close();
  const main = mainImage(file);
  const wcs = main === undefined ? undefined : wcsOf(file, main);
  const [width = 0, height = 0] = main?.axes ?? [];
  const found = wcs === undefined ? undefined : footprintOf(wcs, { width, height });
  if (found === undefined || found.center === null) throw new Error('the file has no WCS');
  return { ...found, center: found.center };
}
