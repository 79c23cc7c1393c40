/** FITS in every container, XISF, and what only bears their names: from upload to every way out. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { openFits, readPlane, type WriteCard } from '../../src/fits/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { makeXisf, type MakeXisfOptions } from '../fixtures/make-xisf.js';
import { packBzip2, packCompress, packZip } from '../fixtures/pack.js';
import { startArchive, type TestArchive } from '../support/archive.js';

const WIDTH = 48;
const HEIGHT = 32;
const pixelAt = (x: number, y: number): number => 1000 + 3 * x + 7 * y;

/** Keyword and value, for both formats. */
const KEYWORDS: readonly (readonly [string, string | number])[] = [
  ['DATE-OBS', '2026-03-01T20:00:00'],
  ['INSTRUME', 'cam1'],
  ['EXPTIME', 12.5],
  ['CTYPE1', 'RA---TAN'],
  ['CTYPE2', 'DEC--TAN'],
  ['CRVAL1', 150],
  ['CRVAL2', 2],
  ['CRPIX1', 24.5],
  ['CRPIX2', 16.5],
  ['CD1_1', -0.001],
  ['CD1_2', 0],
  ['CD2_1', 0],
  ['CD2_2', 0.001],
];

const CATALOG = {
  name: 'CAT',
  columns: [
    { name: 'x', form: 'D', values: [1, 2.5, 3] },
    { name: 'flux', form: 'E', values: [10, 20, 30] },
  ],
} as const;

const makeFrame = (object: string): Buffer => {
  const cards: WriteCard[] = [...KEYWORDS, ['OBJECT', object]];
  const extensions = [{ cards: [], table: CATALOG }];
  return makeFits({ width: WIDTH, height: HEIGHT, cards, pixel: pixelAt, extensions });
};

const makeXisfFrame = (object: string, options: MakeXisfOptions): Buffer =>
  makeXisf({
    width: WIDTH,
    height: HEIGHT,
    keywords: [...KEYWORDS, ['OBJECT', object] as const].map(([name, value]) => [
      name,
      typeof value === 'string' ? `'${value}'` : String(value),
    ]),
    pixel: pixelAt,
    ...options,
  });

/** Several members one after another, cut inside of the header and of the pixels. RFC 1952 §2.2 */
const gzipInParts = (fits: Buffer): Buffer =>
  Buffer.concat(
    [
      [0, 1000],
      [1000, 4001],
      [4001, fits.length],
    ].map(([start, end]) => gzipSync(fits.subarray(start, end))),
  );

const containers: readonly (readonly [
  what: string,
  name: string,
  pack: (fits: Buffer) => Buffer,
])[] = [
  ['bzip2', 'bzip2.fits.bz2', (fits) => packBzip2(fits, { blockBytes: 3000 })],
  ['Unix compress', 'compress.fits.Z', (fits) => packCompress(fits)],
  [
    'a zip archive of one file',
    'zip.fits.zip',
    (fits) => packZip([{ name: 'in/zip.fits', bytes: fits }]),
  ],
  ['gzip', 'gzip.fits.gz', (fits) => gzipSync(fits)],
  ['gzip of several members', 'members.fits.gz', gzipInParts],
  [
    'bzip2 with a name that does not say so',
    'secret.fits',
    (fits) => packBzip2(fits, { blockBytes: 3000 }),
  ],
];

const formats: readonly (readonly [what: string, name: string, options: MakeXisfOptions])[] = [
  ['uncompressed', 'plain.xisf', {}],
  ['packed by zlib', 'zlib.xisf', { compression: 'zlib' }],
  ['packed by lz4', 'lz4.xisf', { compression: 'lz4' }],
  [
    'packed by lz4 with its bytes put apart',
    'shuffled.xisf',
    { compression: 'lz4', shuffle: true },
  ],
  ['packed by zlib in parts', 'parts.xisf', { compression: 'zlib', subblocks: 3, shuffle: true }],
];

let folder: string;
let archive: TestArchive;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-containers-'));
  archive = await startArchive();
}, 60_000);
afterAll(async () => {
  await archive.close();
  rmSync(folder, { recursive: true });
});

async function get(path: string): Promise<{ answer: Response; bytes: Buffer }> {
  const answer = await archive.fetch(path);
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function store(content: Buffer, name: string): Promise<number> {
  const { files } = await archive.upload(content, name);
  expect(files[0]).toMatchObject({ status: 'stored', error: null, warnings: [] });
  return files[0]?.id ?? 0;
}

describe('a FITS file in', () => {
  test.each(containers)(
    '%s (%s) is stored, found, drawn and given back',
    async (what, name, pack) => {
      const fits = makeFrame(what);
      const content = pack(fits);
      const id = await store(content, name);
      await expectIndexed(id, what, content);
      await expectPicture(id);
      await expectHeaders(id, what, ['image', 'bintable']);
      await expectCatalog(id);
      const unpacked = await get(`/frames/${id}/funpack/`);
      expect(unpacked.bytes.equals(fits)).toBe(true);
      expect(unpacked.answer.headers.get('content-disposition')).toMatch(/\w\.fits"/);
      await expectCutout(id);
    },
  );
});

describe('an XISF image', () => {
  test.each(formats)(
    '%s (%s) is stored, found, drawn and given back',
    async (what, name, options) => {
      const content = makeXisfFrame(what, options);
      const id = await store(content, name);
      await expectIndexed(id, what, content);
      await expectPicture(id);
      await expectHeaders(id, what, ['image']);
      const { answer, bytes } = await get(`/frames/${id}/catalog/`);
      expect([answer.status, bytes.length]).toEqual([200, 0]);
      for (const way of ['funpack/', 'cutout/?x=10&y=8&width=12&height=6']) {
        const refused = await get(`/frames/${id}/${way}`);
        expect(refused.answer.status).toBe(400);
        expect(refused.bytes.toString()).toContain('No FITS files are made of XISF images.');
      }
    },
  );
});

/** The catalogue knows the frame by its header, and the file has the bytes that were sent. */
async function expectIndexed(id: number, object: string, content: Buffer): Promise<void> {
  const found = await archive.json<{ results: Record<string, unknown>[] }>(
    `/frames/?OBJECT=${encodeURIComponent(object)}`,
  );
  expect(found.results).toHaveLength(1);
  expect(found.results[0]).toMatchObject({ id, INSTRUME: 'cam1', EXPTIME: 12.5 });
  const { bytes } = await get(`/frames/${id}/download/`);
  expect(bytes.equals(content)).toBe(true);
  const frame = await archive.json<Record<string, unknown>>(`/frames/${id}/`);
  expect(frame).toMatchObject({
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  });
}

async function expectPicture(id: number): Promise<void> {
  for (const format of ['png', 'jpeg']) {
    const { answer, bytes } = await get(`/frames/${id}/preview/?width=96&format=${format}`);
    expect([answer.status, answer.headers.get('x-problem')]).toEqual([200, null]);
    const picture = sharp(bytes);
    const { format: found, width, height } = await picture.metadata();
    expect([found, width, height]).toEqual([format, 96, 64]);
    const { channels } = await picture.stats();
    // A ramp: from black to white.
    expect((channels[0]?.max ?? 0) - (channels[0]?.min ?? 0)).toBeGreaterThan(150);
  }
}

interface HeaderAnswer {
  hdus: { kind: string; axes: number[]; cards: { key: string; value: unknown }[] }[];
}

async function expectHeaders(id: number, object: string, kinds: readonly string[]): Promise<void> {
  const { hdus } = await archive.json<HeaderAnswer>(`/frames/${id}/headers/?hdu=all`);
  expect(hdus.map(({ kind }) => kind)).toEqual(kinds);
  expect(hdus[0]?.axes).toEqual([WIDTH, HEIGHT]);
  const values = new Map(hdus[0]?.cards.map(({ key, value }) => [key, value]));
  const found = KEYWORDS.map(([keyword]) => [keyword, values.get(keyword)]);
  expect([...found, values.get('OBJECT')]).toEqual([...KEYWORDS, object]);
}

async function expectCatalog(id: number): Promise<void> {
  const { bytes } = await get(`/frames/${id}/catalog/`);
  expect(bytes.toString()).toBe('x,flux\n1,10\n2.5,20\n3,30\n');
  const json = await archive.json(`/frames/${id}/catalog/?format=json`);
  expect(json).toMatchObject({ name: 'CAT', count: 3, rows: [{ x: 1, flux: 10 }, {}, {}] });
}

async function expectCutout(id: number): Promise<void> {
  const pixels = await get(`/frames/${id}/cutout/?x=10&y=8&width=12&height=6`);
  expect([pixels.answer.status, pixels.answer.headers.get('x-cutout-section')]).toEqual([
    200,
    '[11:22,9:14]',
  ]);
  const sky = await get(`/frames/${id}/cutout/?ra=150&dec=2&size=0.012`);
  expect(sky.answer.headers.get('x-cutout-section')).toBe('[19:30,11:22]');
  const path = join(folder, `cutout-${id}.fits`);
  writeFileSync(path, pixels.bytes);
  const file = await openFits(path);
  const [hdu] = file.hdus;
  if (hdu === undefined) throw new Error('no HDU');
  const plane = await readPlane(file, hdu);
  expect([plane.width, plane.height]).toEqual([12, 6]);
  expect([plane.pixels[0], plane.pixels.at(-1)]).toEqual([pixelAt(10, 8), pixelAt(21, 13)]);
  expect([hdu.header.value('CRPIX1'), hdu.header.value('CRPIX2')]).toEqual([14.5, 8.5]);
  await file.close();
}

describe('what is no FITS file', () => {
  const page = '<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n';
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 8640\n`;
  const twoFiles = (): Buffer =>
    packZip(['a', 'b'].map((name) => ({ name: `${name}.fits`, bytes: makeFrame(name) })));
  const cases: readonly (readonly [what: string, content: () => Buffer, reason: RegExp])[] = [
    ['an HTML page', () => Buffer.from(page), /HTML page/],
    ['a Git LFS pointer', () => Buffer.from(pointer), /Git LFS pointer/],
    ['a zip archive of two FITS files', twoFiles, /2 |two|several|more than one/i],
    ['a zipped HTML page', () => gzipSync(page), /HTML page/],
    ['an empty file', () => Buffer.alloc(0), /empty/i],
  ];

  test.each(cases)('%s is refused, and the answer says what it is', async (_, content, reason) => {
    const { created, files } = await archive.upload(content(), 'frame.fits');
    expect([created, files[0]?.status, files[0]?.id]).toEqual([0, 'refused', null]);
    expect(files[0]?.error).toMatch(reason);
  });
});

test('the archive has what its catalogue says, after all of this', async () => {
  expect(await archive.check()).toEqual([]);
});
