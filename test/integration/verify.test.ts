/** Whether files are as they should be: findings, sums of what is packed and unpacked, tables of corrections. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkHdu } from '../../src/fits/checksum.js';
import { openFits } from '../../src/fits/index.js';
import type { WriteCard, WriteHdu } from '../../src/fits/index.js';
import { makeFits, withSums } from '../fixtures/make-fits.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { testWith } from '../support/programs.js';

interface Finding {
  readonly hdu: number;
  readonly keyword: string;
  readonly offset: number;
  readonly severity: string;
  readonly message: string;
}

const CARDS: readonly WriteCard[] = [
  ['DATE-OBS', '2026-03-01T20:00:00'],
  ['INSTRUME', 'cam1'],
];

let folder: string;
let plain: TestArchive;
let packing: TestArchive;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-verify-'));
  [plain, packing] = await Promise.all([startArchive(), startArchive({ COMPRESS: 'rice' })]);
}, 60_000);
afterAll(async () => {
  expect([await plain.check(), await packing.check()]).toEqual([
    [expect.stringContaining('lost.fits')],
    [],
  ]);
  await Promise.all([plain.close(), packing.close()]);
  rmSync(folder, { recursive: true });
}, 60_000);

async function store(archive: TestArchive, content: Buffer, name: string): Promise<number> {
  const { files } = await archive.upload(content, name);
  expect(files[0]?.error).toBeNull();
  return files[0]?.id ?? 0;
}

const page = async (archive: TestArchive, path: string): Promise<string> => {
  const answer = await archive.fetch(path, { headers: { Accept: 'text/html' } });
  expect(answer.status).toBe(200);
  return answer.text();
};

/** As much of a page as is told by its words. */
const wordsOf = (html: string, id: string): string => {
  const section = html.slice(html.indexOf(`id="${id}"`)).split(/<\/?section/)[0] ?? '';
  return section
    .replace(/^[^>]*>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
};

describe('findings', () => {
  test('a file that keeps to the standard has none, and its page says so', async () => {
    const id = await store(plain, withSums(makeFits({ cards: CARDS })), 'good.fits');
    expect(await plain.json(`/frames/${id}/verify/`)).toEqual([]);
    expect(await plain.json(`/frames/${id}/verify`)).toEqual([]);
    const words = wordsOf(await page(plain, `/frames/${id}/?checks=1`), 'checks');
    expect(words).toBe('Checks no findings Checksums ok in HDU 0');
  });

  test('each names its HDU, its keyword and where in the file it is', async () => {
    const bytes = withSums(makeFits({ cards: CARDS, seed: 2 }));
    bytes.writeUInt8(bytes.readUInt8(2880) ^ 1, 2880);
    const id = await store(plain, bytes, 'wrong.fits');
    const findings = await plain.json<Finding[]>(`/frames/${id}/verify/`);
    const text = bytes.toString('latin1');
    expect(findings).toEqual(
      ['CHECKSUM', 'DATASUM'].map((keyword) => ({
        hdu: 0,
        keyword,
        offset: text.indexOf(keyword.padEnd(8) + '='),
        severity: 'warning',
        code: 'checksum',
        message: expect.stringContaining(`${keyword} is not that of the bytes`) as string,
      })),
    );
    const words = wordsOf(await page(plain, `/frames/${id}/?checks=1`), 'checks');
    expect(words).toContain('2 findings Checksums wrong in HDU 0 A checksum of HDU 0 is wrong.');
    expect(words).toContain('warning, HDU 0, DATASUM, byte');
  });

  test('a file that must be expanded first is checked when someone asks', async () => {
    const id = await store(plain, gzipSync(makeFits({ cards: CARDS, seed: 3 })), 'packed.fits.gz');
    const html = await page(plain, `/frames/${id}/`);
    expect(wordsOf(html, 'checks')).toContain('Check every card and row of the file');
    expect(html).toContain(`href="/frames/${id}/?checks=1#checks"`);
    expect(html).toContain(`href="/frames/${id}/funpack/"`);
    const words = wordsOf(await page(plain, `/frames/${id}/?checks=1`), 'checks');
    expect(words).toBe('Checks no findings Checksums absent in HDU 0');
  });

  test('they need the right to read, a frame, and its file', async () => {
    const id = await store(plain, makeFits({ cards: CARDS, seed: 4 }), 'lost.fits');
    unlinkSync(join(plain.dataDir, 'archive/site/2026-03-01/lost.fits'));
    expect((await plain.fetch(`/frames/${id}/verify/`, { token: '' })).status).toBe(401);
    expect((await plain.fetch('/frames/99999/verify/')).status).toBe(404);
    expect((await plain.fetch(`/frames/${id}/verify/`)).status).toBe(404);
    expect((await plain.fetch(`/frames/${id}/verify/`, { method: 'POST' })).status).toBe(405);
    const words = wordsOf(await page(plain, `/frames/${id}/`), 'checks');
    expect(words).toContain('The file could not be checked.');
  });
});

/** Verdicts on CHECKSUM and DATASUM of each HDU. */
async function sumsOf(bytes: Uint8Array): Promise<string[]> {
  const path = join(folder, 'sums.fits');
  writeFileSync(path, bytes);
  const file = await openFits(path);
  try {
    const verdicts: string[] = [];
    for (const hdu of file.hdus) {
      const { checksum, datasum: data } = await checkHdu(file, hdu);
      verdicts.push(`${checksum} ${data}`);
    }
    return verdicts;
  } finally {
    await file.close();
  }
}

const fetchBytes = async (archive: TestArchive, path: string): Promise<Buffer> =>
  Buffer.from(await (await archive.fetch(path)).arrayBuffer());

describe('sums', () => {
  const image = (seed: number): Buffer =>
    makeFits({ width: 64, height: 64, cards: CARDS, seed, pixel: (x, y) => x + y + seed });

  test('a file that was packed here has sums of its own, and gives back those it had', async () => {
    for (const [name, original, verdict] of [
      ['with', withSums(image(11)), 'ok ok'],
      ['without', image(12), 'absent absent'],
    ] as const) {
      const id = await store(packing, original, `${name}.fits`);
      const packed = await fetchBytes(packing, `/frames/${id}/download/`);
      expect(packed.length).toBeLessThan(original.length);
      expect(await sumsOf(packed)).toEqual(['ok ok', 'ok ok']);
      const back = await fetchBytes(packing, `/frames/${id}/funpack/`);
      expect(back.equals(original)).toBe(true);
      expect(await sumsOf(back)).toEqual([verdict]);
    }
  });

  test('wrong sums come back as wrong as they were: the bytes are those of the upload', async () => {
    const original = withSums(image(13));
    original.write('9', original.indexOf('CHECKSUM=') + 11, 'latin1');
    const id = await store(packing, original, 'stale.fits');
    const back = await fetchBytes(packing, `/frames/${id}/funpack/`);
    expect(back.equals(original)).toBe(true);
  });

  test('a cut-out has none of its source', async () => {
    const id = await store(plain, withSums(image(14)), 'whole.fits');
    const part = await fetchBytes(plain, `/frames/${id}/cutout/?x=1&y=1&width=9&height=9`);
    expect(await sumsOf(part)).toEqual(['absent absent']);
  });

  const withCfitsio = testWith(['fpack'], 'sums of files that cfitsio packed');
  const fpack = (bytes: Buffer, ...options: string[]): Buffer => {
    const path = join(folder, 'in.fits');
    writeFileSync(path, bytes);
    return execFileSync('fpack', [...options, '-S', path]);
  };

  withCfitsio('of a file that cfitsio packed are given back, and made anew if edited', async () => {
    const original = withSums(image(15));
    const packed = fpack(original, '-r');
    const id = await store(plain, packed, 'theirs.fits.fz');
    const back = await fetchBytes(plain, `/frames/${id}/funpack/`);
    expect(back.equals(original)).toBe(true);

    const edited = Buffer.from(packed);
    edited.write('cam2', edited.indexOf('cam1'), 'latin1');
    const editedId = await store(plain, edited, 'edited.fits.fz');
    const other = await fetchBytes(plain, `/frames/${editedId}/funpack/`);
    expect(other.equals(original)).toBe(false);
    expect(await sumsOf(other)).toEqual(['ok ok']);
  });

  withCfitsio('are left out where packing has changed the pixels', async () => {
    const packed = fpack(withSums(image(16)), '-h', '-s', '4');
    const id = await store(plain, packed, 'lossy.fits.fz');
    const back = await fetchBytes(plain, `/frames/${id}/funpack/`);
    expect(await sumsOf(back)).toEqual(['absent absent']);
    expect(readFileSync(join(folder, 'in.fits')).length).toBe(back.length);
  });
});

describe('tables of corrections', () => {
  const WIDTH = 120;
  const HEIGHT = 80;
  const sky = (distorted: boolean): WriteCard[] => [
    ...CARDS,
    ['CTYPE1', 'RA---TAN'],
    ['CTYPE2', 'DEC--TAN'],
    ['CRVAL1', 150],
    ['CRVAL2', 2],
    ['CRPIX1', 60.5],
    ['CRPIX2', 40.5],
    ['CD1_1', -0.001],
    ['CD1_2', 0],
    ['CD2_1', 0],
    ['CD2_2', 0.001],
    ...(distorted
      ? ([
          ['CPDIS1', 'LOOKUP'],
          ['DP1', 'EXTVER: 2'],
        ] as const)
      : []),
  ];
  /** Adds 5 to x everywhere. */
  const table: WriteHdu = {
    cards: [
      ['EXTNAME', 'WCSDVARR'],
      ['EXTVER', 2],
      ['CRPIX1', 0],
      ['CRPIX2', 0],
      ['CRVAL1', 0],
      ['CRVAL2', 0],
      ['CDELT1', WIDTH],
      ['CDELT2', HEIGHT],
    ],
    image: { axes: [2, 2], bitpix: -32, pixels: new Float32Array(4).fill(5) },
  };
  const frame = (distorted: boolean, extensions: readonly WriteHdu[]): Buffer =>
    makeFits({ width: WIDTH, height: HEIGHT, sci: true, cards: sky(distorted), extensions });
  const centreOf = async (id: number): Promise<number[]> => {
    const { footprint } = await plain.json<{ footprint: { center: number[] } }>(`/frames/${id}/`);
    return footprint.center;
  };

  test.each([
    ['plain', (bytes: Buffer) => bytes, 'shifted.fits'],
    ['packed as a whole', (bytes: Buffer) => gzipSync(bytes), 'shifted2.fits.gz'],
  ])('move the footprint and the cut-outs of a frame that is %s', async (_how, wrap, name) => {
    const straight = await store(plain, wrap(frame(false, [])), `straight-${name}`);
    const shifted = await store(plain, wrap(frame(true, [table])), name);
    const [ra = 0, dec] = await centreOf(straight);
    const [shiftedRa = 0, shiftedDec] = await centreOf(shifted);
    // The projection is not linear, so five pixels off the middle are not exactly 0.005 degrees.
    const moved = (ra - shiftedRa) * Math.cos((2 * Math.PI) / 180);
    expect(moved).toBeCloseTo(0.005, 7);
    expect(shiftedDec).toBeCloseTo(dec ?? 0, 6);
    const query = 'cutout/?ra=150&dec=2&size=36arcsec';
    const sections = await Promise.all(
      [straight, shifted].map(async (id) =>
        (await plain.fetch(`/frames/${id}/${query}`)).headers.get('x-cutout-section'),
      ),
    );
    expect(sections).toEqual(['[56:65,36:45]', '[51:60,36:45]']);
  });

  test('that are missing or too large are left out', async () => {
    const missing = await store(plain, frame(true, []), 'missing-table.fits');
    expect((await centreOf(missing))[0]).toBeCloseTo(150, 6);
    const axes = [2 ** 11, 2 ** 10];
    const pixels = new Uint8Array(2 ** 21).fill(5);
    const large: WriteHdu = { ...table, image: { axes, bitpix: 8, pixels } };
    const tooLarge = await store(plain, frame(true, [large]), 'large-table.fits');
    expect((await centreOf(tooLarge))[0]).toBeCloseTo(150, 6);
  });
});
