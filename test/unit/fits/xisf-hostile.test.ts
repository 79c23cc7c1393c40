import { deflateSync } from 'node:zlib';
import { eachXisfStrip, openXisf, startsWithXisf } from '../../../src/fits/xisf/index.js';
import type { ByteSource, Hdu, Issue } from '../../../src/fits/index.js';
import { AppError } from '../../../src/lib/errors.js';
import { makeNoise } from '../../fixtures/make-fits.js';
import { DATA_OFFSET, makeXisf, packLiterals, rawXisf, xisfOf } from '../../fixtures/make-xisf.js';
import type { MakeXisfOptions } from '../../fixtures/make-xisf.js';

const MAX_STALL_MS = 30;

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (position, length) => {
      return Promise.resolve(Uint8Array.from(bytes.subarray(position, position + length)));
    },
    extent: (end) => Promise.resolve(Math.min(end, bytes.length)),
    close: () => Promise.resolve(),
  };
}

/** What becomes of a file: the codes of its errors, or its first HDU. */
async function judge(bytes: Uint8Array): Promise<{ hdu?: Hdu; issues: Issue[]; codes: string[] }> {
  const source = sourceOf(bytes);
  const codes: string[] = [];
  let opened: { hdus: Hdu[]; issues: Issue[] } = { hdus: [], issues: [] };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      codes.push(error.code);
    }
  };
  await attempt(async () => {
    opened = await openXisf(source);
  });
  for (const hdu of opened.hdus) {
    await attempt(async () => {
      for await (const strip of eachXisfStrip(source, hdu)) expect(strip.rows).toBeGreaterThan(0);
    });
  }
  const { hdus, issues } = opened;
  return { ...(hdus[0] === undefined ? {} : { hdu: hdus[0] }), issues, codes };
}

const image = '<Image geometry="2:1:1" sampleFormat="UInt8" location="inline:hex">0102</Image>';
const xisf = (inside: string): string => `<xisf version="1.0">${inside}</xisf>`;
const laughs = [
  '<!DOCTYPE xisf [<!ENTITY a "haha">',
  ...Array.from({ length: 9 }, (_, i) => `<!ENTITY a${i} "${`&a${i || ''};`.repeat(10)}">`),
  ']>',
].join('');

describe('files that are refused as a whole', () => {
  test.each<[string, Uint8Array, string]>([
    ['an empty file', Buffer.alloc(0), 'fits_invalid'],
    ['a FITS file', Buffer.from('SIMPLE  =                    T'), 'fits_invalid'],
    ['a later version', Buffer.from('XISF0200\0\0\0\0\0\0\0\0<xisf/>'), 'fits_invalid'],
    ['the signature alone', Buffer.from('XISF0100'), 'fits_truncated'],
    ['a header that is cut off', xisfOf(xisf(image)).subarray(0, 60), 'fits_truncated'],
    ['a header of no length', xisfOf(''), 'fits_invalid'],
    ['a header said to be of 4 GB', xisfOf(xisf(image), 0xffffffff), 'too_large'],
    ['a distributed unit', Buffer.from(`<?xml version="1.0"?>${xisf(image)}`), 'fits_unsupported'],
    ['its data blocks', Buffer.from('XISB0100\0\0\0\0'), 'fits_unsupported'],
    ['XML that ends early', xisfOf('<xisf version="1.0"><Image geom'), 'fits_invalid'],
    ['XML without its end', xisfOf(`<xisf version="1.0">${image}`), 'fits_invalid'],
    ['XML with wrong ends', xisfOf(`<xisf>${image}</Image></xisf>`), 'fits_invalid'],
    ['no XML', xisfOf('hello'), 'fits_invalid'],
    ['other XML', xisfOf('<svg/>'), 'fits_invalid'],
    ['Latin-1', xisfOf(Buffer.from(xisf('<!--é-->'), 'latin1')), 'fits_invalid'],
    ['UTF-16', xisfOf(Buffer.from(xisf(image), 'utf16le')), 'fits_invalid'],
    ['half a character', xisfOf(Buffer.from([...Buffer.from(xisf(image)), 0xc3])), 'fits_invalid'],
    ['a file without image', rawXisf('<Metadata/>'), 'fits_unsupported'],
    ['a document type', xisfOf(`<!DOCTYPE xisf>${xisf(image)}`), 'fits_invalid'],
    [
      'entities of entities',
      xisfOf(`${laughs}${xisf(`<Metadata>&a8;</Metadata>${image}`)}`),
      'fits_invalid',
    ],
    [
      'an outer entity',
      xisfOf(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xisf('&e;')}`),
      'fits_invalid',
    ],
    ['an entity nobody declared', rawXisf(`<Metadata>&a;</Metadata>${image}`), 'fits_invalid'],
    ['an entity in an attribute', rawXisf(`<Image id="&a;"/>`), 'fits_invalid'],
    [
      '100 000 elements in each other',
      rawXisf('<a>'.repeat(1e5) + '</a>'.repeat(1e5)),
      'fits_invalid',
    ],
    ['elements without end', xisfOf('<a>'.repeat(1e6)), 'fits_invalid'],
    [
      '100 000 attributes',
      rawXisf(`<a ${Array.from({ length: 1e5 }, (_, i) => `a${i}="1"`).join(' ')}/>`),
      'fits_invalid',
    ],
    [
      'an attribute that trips the parser',
      rawXisf('<a hasOwnProperty="1" b="2"/>'),
      'fits_invalid',
    ],
    [
      '20 001 keywords',
      rawXisf(`<Image>${'<FITSKeyword name="A"/>'.repeat(20_001)}</Image>`),
      'fits_invalid',
    ],
    ['1001 images', rawXisf('<Image/>'.repeat(1001)), 'fits_invalid'],
  ])('%s', async (_, bytes, code) => {
    expect((await judge(bytes)).codes).toEqual([code]);
  });

  test('what is left over of a name of Object is only a name', async () => {
    const inside = '<__proto__ constructor="1" __proto__="2"/>';
    expect((await judge(rawXisf(inside + image))).codes).toEqual([]);
  });

  test('zeros after the XML and a byte order mark before it do no harm', async () => {
    expect((await judge(xisfOf(`\ufeff${xisf(image)}\0\0\0`))).codes).toEqual([]);
  });

  test('the signature tells an XISF file', () => {
    expect(startsWithXisf(makeXisf())).toBe(true);
    expect(startsWithXisf(Buffer.from('XISF'))).toBe(false);
  });
});

describe('images that cannot be read come as HDUs of unknown kind, with an issue', () => {
  test.each<[string, Record<string, string>, 'error' | 'warning', RegExp]>([
    ['10^18 pixels', { geometry: '1000000000:1000000000:1' }, 'error', /2000000000000000000 bytes/],
    ['no pixels', { geometry: '0:3:1' }, 'error', /geometry/],
    ['a negative width', { geometry: '-4:3:1' }, 'error', /geometry/],
    ['no channels', { geometry: '4' }, 'error', /geometry/],
    ['a thousand axes', { geometry: '1:'.repeat(1000) + '1' }, 'error', /geometry/],
    ['an unknown sample format', { sampleFormat: 'constructor' }, 'error', /constructor/],
    ['complex numbers', { sampleFormat: 'Complex32' }, 'warning', /complex/],
    ['a negative place', { location: 'attachment:-1:24' }, 'error', /location/],
    [
      'a place beyond all files',
      { location: 'attachment:99999999999999999:24' },
      'error',
      /location/,
    ],
    ['no place', { location: '' }, 'error', /location/],
    ['another file', { location: 'path(@header_dir/a.xisb):0x1' }, 'warning', /outside/],
    ['an address', { location: 'url(http://example.org/a)' }, 'warning', /outside/],
    ['an unknown encoding', { location: 'inline:rot13' }, 'error', /rot13/],
    ['Data that are not there', { location: 'embedded' }, 'error', /Data/],
    ['an unknown codec', { compression: 'brotli:24' }, 'error', /compression/],
    ['no expanded length', { compression: 'zlib' }, 'error', /compression/],
    ['shuffling of nothing', { compression: 'zlib+sh:24:0' }, 'error', /compression/],
    ['shuffling of vast items', { compression: 'zlib+sh:24:1000000' }, 'error', /compression/],
    ['odd parts', { compression: 'zlib:24', subblocks: '1,2,3' }, 'error', /compression/],
    [
      'endless parts',
      { compression: 'zlib:24', subblocks: '0,0:'.repeat(2e4) },
      'error',
      /compression/,
    ],
  ])('%s', async (_, attributes, level, text) => {
    const { hdu, issues, codes } = await judge(makeXisf({ attributes }));
    expect(hdu).toMatchObject({ kind: 'unknown', axes: [], dataBytes: 0 });
    expect(issues).toEqual([expect.objectContaining({ level, code: 'header', hdu: 0 })]);
    expect(issues[0]?.text).toMatch(text);
    expect(codes).toEqual(['fits_unsupported']);
  });
});

describe('blocks that are damaged', () => {
  const place = (bytes: number): string => `attachment:${DATA_OFFSET}:${bytes}`;

  test.each<[string, MakeXisfOptions, string, string | undefined]>([
    ['a block too short', { attributes: { location: place(23) } }, 'fits_invalid', 'error'],
    [
      'a claim of 1 GB from nothing',
      {
        compression: 'zlib',
        attributes: { geometry: '32768:32768:1', compression: 'zlib:2147483648' },
      },
      'fits_invalid',
      undefined,
    ],
    [
      'a claim that is not the geometry',
      { compression: 'zlib', attributes: { compression: 'zlib:1000000000' } },
      'fits_invalid',
      'error',
    ],
    [
      'less than claimed',
      { compression: 'zlib', attributes: { geometry: '4:4:1', compression: 'zlib:32' } },
      'fits_invalid',
      undefined,
    ],
    [
      'more than claimed',
      { compression: 'zlib', attributes: { geometry: '4:2:1', compression: 'zlib:16' } },
      'fits_invalid',
      undefined,
    ],
    [
      'LZ4 that is less than claimed',
      { compression: 'lz4', attributes: { geometry: '4:4:1', compression: 'lz4:32' } },
      'fits_invalid',
      undefined,
    ],
    [
      'LZ4 that is more than claimed',
      { compression: 'lz4', attributes: { geometry: '4:2:1', compression: 'lz4:16' } },
      'fits_invalid',
      undefined,
    ],
    [
      'LZ4 said to be zlib',
      { compression: 'lz4', attributes: { compression: 'zlib:24' } },
      'fits_invalid',
      undefined,
    ],
    [
      'parts that do not add up',
      { compression: 'zlib', subblocks: 2, attributes: { subblocks: '9,12:9,13' } },
      'fits_invalid',
      'error',
    ],
    ['zstd', { attributes: { compression: 'zstd:24' } }, 'fits_unsupported', 'warning'],
    [
      'a block beyond the file',
      { attributes: { location: 'attachment:4096000000:24' } },
      'fits_truncated',
      'error',
    ],
    [
      'a vast block',
      { attributes: { geometry: '9:999999999999:1', location: 'attachment:9:9000000000000000' } },
      'fits_truncated',
      'error',
    ],
    [
      'a vast packed block',
      { attributes: { compression: 'lz4:24', location: 'attachment:9:9000000000000000' } },
      'fits_invalid',
      'error',
    ],
    [
      'rows of terabytes',
      { attributes: { geometry: '999999999999:1:1', location: 'attachment:9:9000000000000' } },
      'too_large',
      'error',
    ],
  ])('%s', async (_, options, code, level) => {
    const { hdu, issues, codes } = await judge(makeXisf(options));
    expect(hdu?.kind).toBe('image');
    expect(codes).toEqual([code]);
    expect(issues.map((issue) => issue.level)).toEqual(level === undefined ? [] : [level]);
  });

  test.each([
    ['2 GB', '65536:32768:1', 2 ** 31],
    ['a little more than 384 MB', '16384:24577:1', 384 * 2 ** 20 + 16384],
  ])('a block of %s is too large to be held', async (_, geometry, bytes) => {
    const attributes = {
      geometry,
      sampleFormat: 'UInt8',
      compression: `zlib:${bytes}`,
      location: place(4e6),
    };
    const file = makeXisf({ attributes });
    expect((await judge(Buffer.concat([file, Buffer.alloc(4e6)]))).codes).toEqual(['too_large']);
  });

  test('a file that is cut off has an issue of that kind', async () => {
    for (const options of [{}, { compression: 'zlib' as const }, { compression: 'lz4' as const }]) {
      const file = makeXisf(options);
      const { issues, codes } = await judge(file.subarray(0, file.length - 1));
      expect(issues.map((issue) => [issue.code, issue.level])).toEqual([['truncated', 'error']]);
      expect(codes).toEqual(['fits_truncated']);
    }
  });

  test.each<[string, number[]]>([
    ['a copy from before the start', [0x14, 65, 9, 0, 0x50, 1, 2, 3, 4, 5]],
    ['a copy from nowhere', [0x14, 65, 0, 0, 0x50, 1, 2, 3, 4, 5]],
    ['literals beyond the block', [0xf0, 255, 255, 255, 1, 65]],
    ['a copy beyond the samples', [0x1f, 65, 1, 0, 255, 255, 255, 255, 0, 0x10, 1]],
    ['a length without end', [0x1f, 65, 1, 0, 255, 255]],
    ['nothing', []],
    ['one byte', [0x10]],
  ])('LZ4 with %s', async (_, bytes) => {
    const attributes = { compression: 'lz4:24', location: place(bytes.length) };
    const file = makeXisf({ attributes }).subarray(0, DATA_OFFSET);
    expect((await judge(Buffer.concat([file, Buffer.from(bytes)]))).codes).toEqual([
      'fits_invalid',
    ]);
  });

  test('bytes after the end of a zlib stream do no harm', async () => {
    const packed = Buffer.concat([deflateSync(Buffer.alloc(24)), Buffer.alloc(3000, 7)]);
    const attributes = { compression: 'zlib:24', location: place(packed.length) };
    const file = makeXisf({ attributes }).subarray(0, DATA_OFFSET);
    expect((await judge(Buffer.concat([file, packed]))).codes).toEqual([]);
  });

  test.each(['bad plane', 'bad region'])('a request for a %s is refused', async (what) => {
    const source = sourceOf(makeXisf());
    const { hdus } = await openXisf(source);
    const region = { x: 0, y: 2, width: 4, height: 2 };
    const strips = eachXisfStrip(
      source,
      hdus[0]!,
      what === 'bad plane' ? { plane: 1 } : { region },
    );
    await expect(strips.next()).rejects.toMatchObject({ code: 'bad_request' });
  });
});

test('whatever bytes are changed, only expected errors come out', async () => {
  const noise = makeNoise(7);
  const files = [
    makeXisf({ compression: 'lz4', subblocks: 2, keywords: [['A', "'b'", 'c']] }),
    makeXisf({ compression: 'zlib', shuffle: true, location: 'embedded' }),
    makeXisf({ format: 'Float64', channels: 3, storage: 'normal' }),
  ];
  const allowed = /^(?:fits_invalid|fits_truncated|fits_unsupported|too_large)$/;
  for (let round = 0; round < 1500; round += 1) {
    const file = Buffer.from(files[round % files.length]!);
    for (let i = 0; i < 3; i += 1) {
      const end = noise() < 0.5 ? 700 : file.length;
      file[Math.floor(noise() * end)] = Math.floor(noise() * 256);
    }
    for (const code of (await judge(file)).codes) expect(code).toMatch(allowed);
  }
});

test('a header of 8 MB lets others work while it is read', async () => {
  const keyword =
    '<FITSKeyword name="HISTORY" value="" comment="ImageIntegration.numberOfImages: 60 and so on"/>\n';
  const many = rawXisf(`<Image geometry="1:1:1">${keyword.repeat(19_900)}</Image>`);
  const inline = rawXisf(
    `<Image geometry="1:1:1" location="inline:base64">${'QUJD'.repeat(2e6)}</Image>`,
  );
  for (const file of [many, inline]) {
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      worst = Math.max(worst, performance.now() - last);
      last = performance.now();
    }, 1);
    await openXisf(sourceOf(file));
    worst = Math.max(worst, performance.now() - last);
    clearInterval(timer);
    // Generous: other tests run beside this one.
    expect(worst).toBeLessThan(10 * MAX_STALL_MS);
  }
});

test('an LZ4 block of literals is what it says', async () => {
  const block = packLiterals(Uint8Array.of(7, 8));
  const bytes = rawXisf(
    `<Image geometry="2:1:1" sampleFormat="UInt8" compression="lz4:2" location="attachment:${DATA_OFFSET}:3"/>`,
    block,
  );
  expect((await judge(bytes)).codes).toEqual([]);
});
