import { writeFits, type WriteImage } from '../../../src/fits/index.js';
import { makeFits } from '../../fixtures/make-fits.js';
import { pyobsCards, pyobsFrame } from '../../fixtures/night.js';
import type { CreateAnswer, TestArchive } from '../../support/archive.js';

interface Beyond {
  readonly what: string;
  readonly right: (archive: TestArchive) => Promise<void>;
}

/** Rows of INTENDED.md without a recorded request: what must be seen besides. Names of frames are unique here. */
export const BEYOND: Readonly<Record<string, Beyond>> = {
  'X-primary': {
    what: 'an image in the primary HDU with the headers needed is accepted',
    right: async (archive) => {
      const file = makeFits({ cards: pyobsCards({ FNAME: 'primary.fits' }) });
      const answer = await archive.upload(file, 'primary.fits');
      expect(answer).toMatchObject({ created: 1, filenames: ['primary'] });
      expect(answer.errors).toBeUndefined();
    },
  },
  'X-heal': {
    what: 'a calibration frame that arrives after the science frame is linked, named with or without extension',
    right: async (archive) => {
      const science = { FNAME: 'heal-sci.fits', L1BIAS: 'heal-bias', L1DARK: 'heal-dark.fits' };
      const [id] = idsOf(await archive.upload(pyobsFrame(science), 'heal-sci.fits'));
      expect(await relatedOf(archive, id)).toEqual([]);
      for (const name of ['heal-bias', 'heal-dark']) {
        const cards = { FNAME: `${name}.fits`, IMAGETYP: name.slice(5), OBJECT: name };
        await archive.upload(pyobsFrame(cards), `${name}.fits`);
      }
      expect(await relatedOf(archive, id)).toEqual(['heal-bias', 'heal-dark']);
    },
  },
  'X-first-dot': {
    what: 'x31.001.fits and x31.002.fits are two frames',
    right: async (archive) => {
      const files = ['x31.001.fits', 'x31.002.fits'].map((FNAME, seed) =>
        pyobsFrame({ FNAME }, { seed }),
      );
      await expectAllKept(archive, files);
    },
  },
  'X-takeover': {
    what: 'the same FNAME from another site and time: nothing is lost',
    right: async (archive) => {
      const FNAME = 'takeover.fits';
      const other = {
        SITEID: 'valley',
        INSTRUME: 'cam9',
        'DATE-OBS': '2026-04-01T20:00:00',
        'DAY-OBS': '2026-04-01',
      };
      await expectAllKept(archive, [pyobsFrame({ FNAME }), pyobsFrame({ FNAME, ...other })]);
    },
  },
  'X-head': {
    what: 'HEAD on list, frame, headers, preview, download: 200 without body',
    right: async (archive) => {
      const [id] = idsOf(await archive.upload(pyobsFrame({ FNAME: 'head.fits' }), 'head.fits'));
      for (const path of ['', `${id}/`, `${id}/headers/`, `${id}/preview/`, `${id}/download/`]) {
        const head = await archive.fetch(`/frames/${path}`, { method: 'HEAD' });
        expect([path, head.status, await head.text()]).toEqual([path, 200, '']);
        const get = await archive.fetch(`/frames/${path}`);
        await get.arrayBuffer();
        for (const name of ['content-type', 'content-length']) {
          expect([path, head.headers.get(name)]).toEqual([path, get.headers.get(name)]);
        }
      }
    },
  },
  'X-range': {
    what: 'bytes=10-19, bytes=-10 and bytes=5- are 206, beyond the end is 416',
    right: async (archive) => {
      const file = pyobsFrame({ FNAME: 'range.fits' });
      const [id] = idsOf(await archive.upload(file, 'range.fits'));
      const cases: [string, number, Buffer][] = [
        ['bytes=10-19', 206, file.subarray(10, 20)],
        ['bytes=-10', 206, file.subarray(-10)],
        ['bytes=5-', 206, file.subarray(5)],
        [`bytes=${file.length}-`, 416, Buffer.alloc(0)],
      ];
      for (const [range, status, bytes] of cases) {
        const part = await archive.fetch(`/frames/${id}/download/`, { headers: { Range: range } });
        const body = Buffer.from(await part.arrayBuffer());
        expect([range, part.status, body.equals(bytes)]).toEqual([range, status, true]);
        expect(part.headers.get('content-range')).toMatch(new RegExp(`/${file.length}$`));
      }
    },
  },
  'X-float32': {
    what: 'float32 with NaN comes back identical',
    right: (archive) =>
      expectIdentical(archive, 'f32', {
        axes: [3, 1],
        bitpix: -32,
        pixels: Float32Array.of(0.1, NaN, -3e38),
      }),
  },
  'X-float64': {
    what: 'float64 comes back identical',
    right: (archive) =>
      expectIdentical(archive, 'f64', {
        axes: [3, 1],
        bitpix: -64,
        pixels: Float64Array.of(0.1, NaN, Math.PI),
      }),
  },
};

function idsOf(answer: CreateAnswer): [number] {
  const [file] = answer.files;
  if (typeof file?.id !== 'number') throw new Error(JSON.stringify(answer));
  return [file.id];
}

async function relatedOf(archive: TestArchive, id: number): Promise<string[]> {
  const related = await archive.json<{ basename: string }[]>(`/frames/${id}/related/`);
  return related.map(({ basename }) => basename).sort();
}

/** Each file is a frame of its own, and its bytes are there. */
async function expectAllKept(archive: TestArchive, files: readonly Buffer[]): Promise<void> {
  const ids = new Set<number>();
  for (const file of files) {
    const [id] = idsOf(await archive.upload(file, 'upload.fits'));
    ids.add(id);
  }
  expect(ids.size).toBe(files.length);
  for (const [index, id] of [...ids].entries()) await expectBytes(archive, id, files[index]);
}

async function expectIdentical(
  archive: TestArchive,
  name: string,
  image: WriteImage,
): Promise<void> {
  const cards = Object.entries(pyobsCards({ FNAME: `${name}.fits` }));
  const file = Buffer.from(writeFits([{ cards, image }]));
  const [id] = idsOf(await archive.upload(file, `${name}.fits`));
  await expectBytes(archive, id, file);
}

async function expectBytes(
  archive: TestArchive,
  id: number,
  file: Buffer | undefined,
): Promise<void> {
  const download = await archive.fetch(`/frames/${id}/download/`);
  expect(Buffer.from(await download.arrayBuffer()).equals(file ?? Buffer.alloc(0))).toBe(true);
}
