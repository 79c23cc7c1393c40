/** What the archive makes of its files: plain copies, cut-outs, tables as text; and packing at ingest. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openCatalog } from '../../src/catalog/index.js';
import { openFits, readPlane, type FitsFile, type WriteCard } from '../../src/fits/index.js';
import { makeFits, rawFits } from '../fixtures/make-fits.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { namesDuring, OWNED_NAME } from '../support/spool-names.js';

const SKY: readonly WriteCard[] = [
  ['DATE-OBS', '2026-03-01T20:00:00'],
  ['INSTRUME', 'cam1'],
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
];
const WIDTH = 120;
const HEIGHT = 80;
const pixelAt = (x: number, y: number): number => (x * 31 + y * 977) % 65_536;

const makeFrame = (cards: readonly WriteCard[] = []): Buffer =>
  makeFits({ width: WIDTH, height: HEIGHT, cards: [...SKY, ...cards], pixel: pixelAt });

let folder: string;
let plain: TestArchive;
let packing: TestArchive;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-products-'));
  [plain, packing] = await Promise.all([startArchive(), startArchive({ COMPRESS: 'rice' })]);
}, 60_000);
afterAll(async () => {
  await Promise.all([plain.close(), packing.close()]);
  rmSync(folder, { recursive: true });
});

/** Opens bytes that were received. */
async function open(bytes: Uint8Array): Promise<FitsFile> {
  const path = join(folder, `${createHash('md5').update(bytes).digest('hex')}.fits`);
  writeFileSync(path, bytes);
  return openFits(path);
}

async function get(archive: TestArchive, path: string, headers: Record<string, string> = {}) {
  const answer = await archive.fetch(path, { headers });
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function store(archive: TestArchive, content: Buffer, name: string): Promise<number> {
  const { files } = await archive.upload(content, name);
  expect(files[0]?.error).toBeNull();
  return files[0]?.id ?? 0;
}

describe('cut-outs', () => {
  let id: number;
  beforeAll(async () => {
    id = await store(plain, makeFrame(), 'sky.fits');
  });

  test('a box of pixels has the pixels of the frame and a WCS that moved along', async () => {
    const { answer, bytes } = await get(
      plain,
      `/frames/${id}/cutout/?x=10&y=20&width=30&height=16`,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/fits');
    expect(answer.headers.get('x-cutout-section')).toBe('[11:40,21:36]');
    expect(Number(answer.headers.get('content-length'))).toBe(bytes.length);
    const file = await open(bytes);
    const { header } = file.hdus[0]!;
    expect([header.value('CRPIX1'), header.value('CRPIX2')]).toEqual([50.5, 20.5]);
    const { width, height, pixels } = await readPlane(file, file.hdus[0]!);
    expect([width, height]).toEqual([30, 16]);
    expect([pixels[0], pixels.at(-1)]).toEqual([pixelAt(10, 20), pixelAt(39, 35)]);
    await file.close();
  });

  test('a square on the sky is centred on its position, and cut at the edge of the frame', async () => {
    const middle = await get(plain, `/frames/${id}/cutout/?ra=10:00:00&dec=2&size=36arcsec`);
    expect(middle.answer.headers.get('x-cutout-section')).toBe('[56:65,36:45]');
    const corner = await get(plain, `/frames/${id}/cutout/?ra=150.0595&dec=1.9605&size=0.01`);
    expect(corner.answer.headers.get('x-cutout-section')).toBe('[1:6,1:6]');
  });

  test('bad boxes are refused with the name of what is wrong', async () => {
    const cases = [
      ['', 'width'],
      ['?x=0&y=0&width=5', 'height'],
      ['?x=0&y=0&width=0&height=5', 'width'],
      ['?x=1.5&y=0&width=5&height=5', 'x'],
      ['?x=500&y=0&width=5&height=5', 'touch'],
      ['?ra=150&dec=2', 'size'],
      ['?ra=150&dec=95&size=1', 'dec'],
      ['?ra=150&dec=2&size=-1', 'size'],
      ['?ra=330&dec=-2&size=0.1', 'reach'],
      ['?ra=150&dec=2&size=0.1&x=1', 'either'],
      ['?x=0&y=0&width=5&height=5&hdu=7', 'HDU 7'],
      ['?x=0&y=0&width=5&height=5&plane=3', 'plane 3'],
    ] as const;
    for (const [query, word] of cases) {
      const { answer, bytes } = await get(plain, `/frames/${id}/cutout/${query}`);
      expect([query, answer.status, bytes.toString()]).toEqual([
        query,
        400,
        expect.stringContaining(word) as string,
      ]);
    }
  });

  test('they need the right to read', async () => {
    const answer = await plain.fetch(`/frames/${id}/cutout/?x=0&y=0&width=5&height=5`, {
      token: '',
    });
    expect(answer.status).toBe(401);
  });
});

describe('unpacking', () => {
  test('a plain file comes as it is, any range of it, and not again to who has it', async () => {
    const content = makeFrame([['OBJECT', 'range']]);
    const id = await store(plain, content, 'range.fits');
    const whole = await get(plain, `/frames/${id}/funpack/`);
    expect(whole.bytes.equals(content)).toBe(true);
    const part = await get(plain, `/frames/${id}/funpack/`, { Range: 'bytes=2870-2899' });
    expect(part.answer.status).toBe(206);
    expect(part.bytes.equals(content.subarray(2870, 2900))).toBe(true);
    const etag = whole.answer.headers.get('etag') ?? '';
    const again = await get(plain, `/frames/${id}/funpack/`, {
      'If-None-Match': etag,
      'Cache-Control': 'max-age=0', // fetch would ask for a new copy otherwise
    });
    expect(again.answer.status).toBe(304);
  });

  test('a zipped file comes expanded', async () => {
    const content = makeFrame([['OBJECT', 'zipped']]);
    const id = await store(plain, gzipSync(content), 'zipped.fits.gz');
    const { bytes, answer } = await get(plain, `/frames/${id}/funpack/`);
    expect(bytes.equals(content)).toBe(true);
    expect(answer.headers.get('content-disposition')).toContain('zipped.fits"');
  });

  test('what is expanded on the way is named after the process, so that no other one sweeps it away', async () => {
    const content = gzipSync(makeFrame([['OBJECT', 'swept']]));
    const spool = join(plain.dataDir, 'archive/.incoming');
    const { names } = await namesDuring(spool, async () => {
      const id = await store(plain, content, 'swept.fits.gz');
      await get(plain, `/frames/${id}/funpack/`);
      await get(plain, `/frames/${id}/cutout/?x=1&y=1&width=9&height=9`);
    });
    // That of the upload, and one for each product at least.
    expect(names.filter((name) => name.endsWith('.part')).length).toBeGreaterThan(2);
    expect(names.filter((name) => !OWNED_NAME.test(name))).toEqual([]);
  });
});

describe('what cannot be made', () => {
  /** A compressed image of 16-bit integers of which some cards say what they should not. */
  const broken = (changes: Readonly<Record<string, string>>): Buffer => {
    const cards: Record<string, string> = {
      XTENSION: `'BINTABLE'`,
      BITPIX: '8',
      NAXIS: '2',
      NAXIS1: '8',
      NAXIS2: '1',
      PCOUNT: '16',
      GCOUNT: '1',
      TFIELDS: '1',
      TTYPE1: `'COMPRESSED_DATA'`,
      TFORM1: `'1PB(16)'`,
      ZIMAGE: 'T',
      ZCMPTYPE: `'RICE_1'`,
      ZBITPIX: '16',
      ZNAXIS: '2',
      ZNAXIS1: '32',
      ZNAXIS2: '1',
      ZTILE1: '32',
      ZTILE2: '1',
      ...changes,
    };
    const data = Buffer.alloc(24, 0xff);
    data.writeInt32BE(16, 0);
    data.writeInt32BE(0, 4);
    const lines = Object.entries(cards).map(([key, value]) => `${key.padEnd(8)}= ${value}`);
    const primary = ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0', 'EXTEND  = T'];
    return rawFits({ cards: primary }, { cards: lines, data });
  };

  test.each([
    ['a stream of bits that ends too early', { ZTILE1: '4096', ZNAXIS1: '4096' }],
    ['an unknown method', { ZCMPTYPE: `'NEW_1'` }],
    ['tiles without width', { ZTILE1: '0' }],
    [
      'a tile beyond all bounds',
      {
        ZNAXIS1: '100000',
        ZNAXIS2: '100000',
        ZTILE1: '100000',
        ZTILE2: '100000',
      },
    ],
  ])('is answered with the reason: %s', async (name, changes) => {
    const id = await store(plain, broken(changes), `${name}.fits.fz`);
    for (const path of ['funpack/', 'cutout/?x=0&y=0&width=1&height=1']) {
      const { answer, bytes } = await get(plain, `/frames/${id}/${path}`);
      expect([400, 413]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toContain('application/json');
      const { detail } = JSON.parse(bytes.toString()) as { detail: string };
      expect(detail.length).toBeGreaterThan(10);
      for (const header of ['etag', 'content-disposition', 'accept-ranges', 'content-range']) {
        expect([header, answer.headers.get(header)]).toEqual([header, null]);
      }
    }
    const part = await get(plain, `/frames/${id}/funpack/`, { Range: 'bytes=100-200' });
    expect([206, 400, 413]).toContain(part.answer.status);
  });
});

describe('packing at ingest', () => {
  test('the archive keeps fewer bytes, says what it was given, and gives it back', async () => {
    const content = makeFrame([
      ['OBJECT', 'packed'],
      ['COMMENT', 'kept as it is'],
    ]);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const { files } = await packing.upload(content, 'packed.fits');
    expect(files[0]).toMatchObject({ status: 'stored', sha256, size: content.length });
    const id = files[0]?.id ?? 0;
    const frame = await packing.json<Record<string, unknown>>(`/frames/${id}/`);
    expect(frame).toMatchObject({
      filename: 'packed.fits.fz',
      original: { size: content.length, sha256 },
    });
    expect(frame.size).toBeLessThan(content.length);

    const download = await get(packing, `/frames/${id}/download/`);
    expect(createHash('sha256').update(download.bytes).digest('hex')).toBe(frame.sha256);
    const packed = await open(download.bytes);
    expect(packed.hdus.map(({ kind, compression }) => [kind, compression])).toEqual([
      ['image', ''],
      ['compressed-image', 'RICE_1'],
    ]);
    await packed.close();
    const unpacked = await get(packing, `/frames/${id}/funpack/`);
    expect(unpacked.bytes.equals(content)).toBe(true);
    expect(await packing.check()).toEqual([]);
  });

  test('the same upload again is known, also when its file has gone', async () => {
    const content = makeFrame([['OBJECT', 'twice']]);
    const first = await packing.upload(content, 'twice.fits');
    const again = await packing.upload(content, 'twice.fits');
    expect(again.files[0]).toMatchObject({ status: 'already-there', id: first.files[0]?.id });
    const frame = await packing.json<{ sha256: string; night: string }>(
      `/frames/${first.files[0]?.id ?? 0}/`,
    );
    const { bytes } = await get(packing, `/frames/${first.files[0]?.id ?? 0}/download/`);
    rmSync(await pathOf(packing, 'twice.fits.fz'));
    const back = await packing.upload(content, 'twice.fits');
    expect(back.files[0]).toMatchObject({ status: 'already-there' });
    expect(back.files[0]?.warnings[0]).toContain('put back');
    expect(readFileSync(await pathOf(packing, 'twice.fits.fz')).equals(bytes)).toBe(true);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(frame.sha256);
  });

  test('a file that comes out of the packer otherwise than before is put back with its new sums', async () => {
    const content = makeFrame([['OBJECT', 'thrice']]);
    const first = await packing.upload(content, 'thrice.fits');
    const id = first.files[0]?.id ?? 0;
    // As an older version of the program would have left it.
    const older = { sha256: '0'.repeat(64), md5: '0'.repeat(32), size_bytes: 2880 };
    const catalog = openCatalog(`sqlite:${join(packing.dataDir, 'platevault.sqlite')}`);
    await catalog.write('versions').where({ frame_id: id }).update(older);
    await catalog.close();
    const back = await packing.upload(content, 'thrice.fits');
    expect(back.files[0]?.warnings[0]).toContain('put back');
    const { bytes } = await get(packing, `/frames/${id}/download/`);
    expect(await packing.json(`/frames/${id}/`)).toMatchObject({
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await packing.check()).toEqual([]);
  });

  test.each(['padded first', 'padded last'])(
    'two files that differ only in their fill are both kept to the byte: %s',
    async (order) => {
      const padded = makeFrame([['OBJECT', order]]);
      const bare = padded.subarray(0, padded.length - 2880 + ((WIDTH * HEIGHT * 2) % 2880));
      expect(bare.length).toBeLessThan(padded.length);
      const files = order === 'padded first' ? [padded, bare] : [bare, padded];
      const sent = [];
      for (const file of files) sent.push((await packing.upload(file, `${order}.fits`)).files[0]);
      expect(sent).toMatchObject([
        { status: 'stored', version: 1, warnings: [] },
        { status: 'new-version', version: 2 },
      ]);
      expect(sent[1]?.warnings.join()).toContain('without compression');
      const { bytes } = await get(packing, `/frames/${sent[1]?.id ?? 0}/download/`);
      expect(bytes.equals(files[1] ?? padded)).toBe(true);
      for (const [index, file] of files.entries()) {
        const again = await packing.upload(file, 'again.fits');
        expect(again.files[0]).toMatchObject({ status: 'already-there', version: index + 1 });
      }
      expect(await packing.check()).toEqual([]);
    },
  );

  test('both at once are kept as well', async () => {
    const padded = makeFrame([['OBJECT', 'race']]);
    const bare = padded.subarray(0, padded.length - 2880 + ((WIDTH * HEIGHT * 2) % 2880));
    const answers = await Promise.all([padded, bare].map((f) => packing.upload(f, 'race.fits')));
    expect(answers.map(({ created }) => created)).toEqual([1, 1]);
    expect(answers.map(({ files }) => files[0]?.version).sort()).toEqual([1, 2]);
  });

  test('tables, and files that are packed already, are stored as they came', async () => {
    const zipped = gzipSync(makeFrame([['OBJECT', 'gz']]));
    const id = await store(packing, zipped, 'gz.fits.gz');
    const { bytes } = await get(packing, `/frames/${id}/download/`);
    expect(bytes.equals(zipped)).toBe(true);
    expect(await packing.json(`/frames/${id}/`)).toMatchObject({ original: null });
  });
});

/** Where a file lies in the tree. */
async function pathOf(archive: TestArchive, name: string): Promise<string> {
  const root = join(archive.dataDir, 'archive');
  const found = (await readdir(root, { recursive: true })).find((path) => path.endsWith(name));
  return join(root, found ?? name);
}

describe('what is told of a file', () => {
  test('where it lies on the sky, and whether its sums hold', async () => {
    const content = makeFrame([
      ['OBJECT', 'sums'],
      ['DATASUM', '12345'],
    ]);
    const id = await store(plain, content, 'sums.fits');
    const frame = await plain.json<{
      area: { type: string; coordinates: number[][][] };
      footprint: { center: number[]; pixel_scale: number; provisional: boolean; mirrored: boolean };
      hdus: { checksum: string }[];
    }>(`/frames/${id}/`);
    expect(frame.hdus.map(({ checksum }) => checksum)).toEqual(['wrong']);
    expect(frame.area.type).toBe('Polygon');
    expect(frame.area.coordinates[0]).toHaveLength(5);
    expect(frame.footprint.center.map((value) => value.toFixed(6))).toEqual([
      '150.000000',
      '2.000000',
    ]);
    expect(frame.footprint.pixel_scale).toBeCloseTo(3.6, 6);
    expect(frame.footprint).toMatchObject({ provisional: false, mirrored: false });
    const { hdus } = await plain.json<{ hdus: { checksum: string }[] }>(
      `/frames/${id}/headers/?hdu=all`,
    );
    expect(hdus[0]?.checksum).toBe('wrong');
  });

  test('without WCS it is where pointing, focal length and pixel size put it, and marked so', async () => {
    const content = makeFits({
      width: WIDTH,
      height: HEIGHT,
      cards: [
        ['DATE-OBS', '2026-03-01T21:00:00'],
        ['INSTRUME', 'cam2'],
        ['RA', 30],
        ['DEC', 10],
        ['FOCALLEN', 1000],
        ['XPIXSZ', 10],
        ['YPIXSZ', 10],
      ],
    });
    const id = await store(plain, content, 'pointed.fits');
    const { footprint } = await plain.json<{
      footprint: { pixel_scale: number; provisional: boolean };
    }>(`/frames/${id}/`);
    expect(footprint.provisional).toBe(true);
    expect(footprint.pixel_scale).toBeCloseTo(2.0626, 3);
  });
});
