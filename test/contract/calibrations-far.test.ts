/** Calibrations with the right headers are found behind any number of nearer ones with the wrong ones. */
import { createCalibrations, type KindMatch } from '../../src/calibration/index.js';
import {
  findFrames,
  insertFramesInBulk,
  type Catalog,
  type FrameFacts,
  type NewFrame,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { pyobsCards } from '../fixtures/night.js';
import { shippedRules } from '../unit/calibration/setups.js';
import { ADMIN, startCatalog, type TestCatalog } from '../support/catalog.js';

const DAY_MS = 86_400_000;
const AT_MS = Date.parse('2026-03-01T20:00:00Z');
const WRONG = ['read mode fast, wanted slow'];

let kept: TestCatalog;
let catalog: Catalog;

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
});
afterAll(() => kept.close());

/** A frame of a camera, so many days before the others; a bias unless `facts` say otherwise. */
function frameOf(
  basename: string,
  { days, mode, ...facts }: Partial<FrameFacts> & { days: number; mode: string },
): NewFrame {
  const dateObsMs = AT_MS - days * DAY_MS;
  const night = new Date(dateObsMs - DAY_MS / 2).toISOString().slice(0, 10);
  const cards = Object.entries(pyobsCards({ READMODE: mode }));
  const frame = catalogFrame(basename, {
    imageType: 'bias',
    imageKind: 'bias',
    exposureSec: 0,
    filter: null,
    dateObsMs,
    night,
    ...facts,
  });
  return {
    ...frame,
    hdus: [
      {
        hdu: 0,
        name: '',
        kind: 'image',
        bitpix: 16,
        axes: [16, 16],
        checksum: null,
        cards: cards.map(([keyword, value]) => ({
          keyword,
          kind: typeof value === 'number' ? 'float' : 'string',
          value,
          comment: '',
        })),
      },
    ],
  };
}

/** Writes the frames of one camera after a science frame in slow mode, and finds the biases of that. */
async function match(
  instrument: string,
  frames: readonly NewFrame[],
): Promise<{ bias: KindMatch; inZip: string[]; ms: number }> {
  const object = { imageType: 'object', imageKind: 'object', exposureSec: 120 } as const;
  async function* all(): AsyncGenerator<NewFrame> {
    const science = frameOf('science', { days: 0, mode: 'slow', ...object });
    for (const frame of [science, ...frames]) {
      const facts = { ...frame.facts, instrument };
      const basename = `${instrument}-${frame.basename}`;
      const version = { ...catalogFrame(basename).version };
      yield await Promise.resolve({ ...frame, basename, facts, version });
    }
  }
  await insertFramesInBulk(catalog, all());
  const ids: { id: number; basename: string }[] = await catalog
    .read('frames')
    .where({ instrument })
    .select('id', 'basename');
  const scienceId = ids.find(({ basename }) => basename.endsWith('-science'))?.id ?? 0;
  const [science] = await findFrames(catalog, [scienceId], ADMIN);
  if (science === undefined) throw new Error('no science frame');
  const calibrations = createCalibrations(catalog, shippedRules());
  const started = performance.now();
  const { bias } = await calibrations.find(science, ADMIN);
  const ms = performance.now() - started;
  const zipped = await calibrations.findAll([scienceId], ADMIN);
  const inZip = ids.filter(({ id }) => zipped.includes(id)).map(({ basename }) => basename);
  return { bias, inZip: inZip.map((name) => name.slice(instrument.length + 1)).sort(), ms };
}

const minutes = (count: number): number => count / 1440;
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const slowSet = (days: number): NewFrame[] =>
  many(5, (index) => frameOf(`slow-${index}`, { days: days + minutes(index), mode: 'slow' }));
const SLOW = ['slow-0', 'slow-1', 'slow-2', 'slow-3', 'slow-4'];

test('a master three hours off is found behind six of the wrong read mode within the hour', async () => {
  const fast = many(6, (index) =>
    frameOf(`fast-${index}`, { days: minutes(10 * index), mode: 'fast', reductionLevel: 1 }),
  );
  const slow = frameOf('slow', { days: minutes(180), mode: 'slow', reductionLevel: 1 });
  const { bias, inZip } = await match('six-masters', [...fast, slow]);
  expect(bias.masters.map(({ frames }) => frames[0]?.basename)).toEqual(['six-masters-slow']);
  expect([bias.chosen, inZip]).toEqual([bias.masters[0], ['slow']]);
  expect(bias.rejected.map(({ isMaster, reasons }) => [isMaster, reasons])).toEqual(
    many(6, () => [true, WRONG]),
  );
});

test('a set twelve days off is found behind six nights of the wrong read mode', async () => {
  const fast = many(12, (index) =>
    frameOf(`fast-${index}`, { days: 1 + Math.floor(index / 2), mode: 'fast' }),
  );
  const { bias, inZip } = await match('six-nights', [...fast, ...slowSet(12)]);
  expect(bias.sets.map(({ frames, ageDays }) => [frames.length, ageDays])).toEqual([[5, 12]]);
  expect([bias.chosen, inZip]).toEqual([bias.sets[0], SLOW]);
  expect(bias.rejected.map(({ frames, reasons }) => [frames.length, reasons])).toEqual(
    many(6, () => [2, WRONG]),
  );
});

test('a set is found in a night most of which is of the wrong read mode', async () => {
  const fast = many(20, (index) =>
    frameOf(`fast-${index}`, {
      days: 12 + minutes(index < 10 ? -20 - index : index),
      mode: 'fast',
    }),
  );
  const { bias, inZip } = await match('mixed', [...fast, ...slowSet(12)]);
  expect([bias.chosen?.frames.length, inZip]).toEqual([5, SLOW]);
  expect(bias.rejected.map(({ frames, reasons }) => [frames.length, reasons])).toEqual([
    [20, WRONG],
  ]);
});

test('masters are looked for as far as they may be old, raw frames too', async () => {
  const masters = many(300, (index) =>
    frameOf(`master-${index}`, { days: index / 2, mode: 'fast', reductionLevel: 1 }),
  );
  const raw = many(2500, (index) => frameOf(`raw-${index}`, { days: index / 100, mode: 'fast' }));
  const { bias, inZip, ms } = await match('far', [...masters, ...raw, ...slowSet(28)]);
  process.stdout.write(`behind 300 masters and 2500 raw frames: ${ms.toFixed(0)} ms\n`);
  expect([bias.masters, inZip]).toEqual([[], SLOW]);
  expect(bias.chosen?.ageDays).toBe(28);
  const slow = frameOf('slow', { days: 170, mode: 'slow', reductionLevel: 1 });
  const second = await match('farther', [...masters, ...raw, ...slowSet(28), slow]);
  expect([second.bias.chosen?.ageDays, second.inZip]).toEqual([170, ['slow']]);
}, 60_000);
