import {
  createTextReader,
  findFrames,
  findFramesAs,
  insertFramesInBulk,
  type Frame,
  type FrameFacts,
  type FrameShape,
} from '../../src/catalog/index.js';
import { formatInstant } from '../../src/lib/time.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFrames, randomNumbers } from '../fixtures/random-frames.js';
import { NOBODY, startCatalog, USER, type TestCatalog } from '../support/catalog.js';

const SHAPE: FrameShape = {
  id: 'id',
  basename: 'basename',
  dateObs: 'dateObs',
  object: 'object',
  exceptBias: { value: 'filter', exceptOf: ['bias'] },
  empty: { orEmpty: 'proposal' },
  digits: { digits: 'requestNumber' },
  exposure: 'exposureSec',
  ra: 'raDeg',
  dec: 'decDeg',
  mean: 'dataMean',
  warnings: 'warnings',
  related: 'relatedIds',
  "it's": { literal: `a 'quoted' "text"` },
  address: { idAfter: `"to"/'` },
  ring: { ifAny: 'ring', object: { points: 'ring' } },
  footprint: 'footprint',
  original: { ifAny: 'originalSha256', object: { sha256: 'originalSha256' } },
};

/** The same of a frame that was read as an object. */
function expected(frame: Frame): Record<string, unknown> {
  const { footprint } = frame;
  const polygon = footprint?.polygon ?? null;
  const pair = ({ raDeg, decDeg }: { raDeg: number; decDeg: number }) => [raDeg, decDeg];
  return {
    id: frame.id,
    basename: frame.basename,
    dateObs: frame.dateObsMs === null ? null : formatInstant(frame.dateObsMs),
    object: frame.object,
    exceptBias: frame.imageKind === 'bias' ? null : frame.filter,
    empty: frame.proposal ?? '',
    digits: frame.requestNumber === null ? null : Number(frame.requestNumber),
    exposure: frame.exposureSec,
    ra: frame.raDeg,
    dec: frame.decDeg,
    mean: frame.dataMean,
    warnings: frame.warnings,
    related: frame.relatedIds,
    "it's": `a 'quoted' "text"`,
    address: `"to"/'${String(frame.id)}`,
    ring: polygon === null ? null : { points: [...polygon, ...polygon.slice(0, 1)].map(pair) },
    footprint:
      footprint === null
        ? null
        : {
            center: footprint.center === null ? null : pair(footprint.center),
            corners: footprint.corners.map((corner) => (corner === null ? null : pair(corner))),
            pixel_scale: footprint.pixelScaleArcsec,
            rotation: footprint.rotationDeg,
            mirrored: footprint.mirrored,
            circle: [footprint.cap.raDeg, footprint.cap.decDeg, footprint.cap.radiusDeg],
            provisional: footprint.provisional,
          },
    original: null,
  };
}

let opened: TestCatalog;

beforeAll(async () => {
  opened = await startCatalog();
  const corner = (raDeg: number, decDeg: number) => ({ decDeg, raDeg });
  const oddities: Partial<FrameFacts>[] = [
    { object: 'quote " back \\ slash \u0001 \u2028 é 𝄞', warnings: ['a "b"', 'c\nd'] },
    { dateObsMs: Date.UTC(1899, 5, 5, 1, 2, 3, 7) },
    { dateObsMs: Date.UTC(1969, 11, 31, 23, 59, 59, 999) },
    { dateObsMs: Date.UTC(2026, 0, 1) + 5 },
    { dateObsMs: null, night: null, raDeg: null, decDeg: null },
    { requestNumber: '000123' },
    { exposureSec: 1e-9, dataMean: -0.1, raDeg: 359.99999999999994 },
    {
      relations: [
        { key: 'L1BIAS', name: 'x-00002' },
        { key: 'L1DARK', name: 'x-00001' },
      ],
    },
    {
      footprint: {
        corners: [corner(1 / 3, -2 / 3), null, corner(2, 1), corner(0.1, 0.2)],
        polygon: [corner(1 / 3, -2 / 3), corner(2, -1), corner(2, 1), corner(1e-7, -1e-9)],
        center: null,
        pixelScaleArcsec: 1 / 7,
        rotationDeg: 0,
        mirrored: true,
        cap: { radiusDeg: 2, raDeg: 1.1, decDeg: 0.30000000000000004 },
        provisional: false,
      },
    },
  ];
  const random = randomNumbers(3);
  const numbers = Array.from({ length: 300 }, (_, at) =>
    catalogFrame(`n-${at}`, {
      exposureSec: random() * 10 ** Math.floor(random() * 20 - 10),
      raDeg: random() * 360,
      decDeg: Math.round(random() * 1e6) / 1e5,
      dataMean: (random() - 0.5) * 10 ** Math.floor(random() * 15),
    }),
  );
  await insertFramesInBulk(opened.catalog, [
    ...randomFrames(500, 11),
    ...oddities.map((changes, at) => catalogFrame(`odd-${at}`, changes)),
    ...numbers,
  ]);
});

afterAll(() => opened.close());

test('the text that the database makes of a frame says exactly what the frame says', async () => {
  const ids = Array.from({ length: 900 }, (_, at) => 850 - at);
  const frames = await findFrames(opened.catalog, ids, USER);
  const texts = await findFramesAs(opened.catalog, createTextReader(SHAPE), ids, USER);
  expect(frames).toHaveLength(809);
  expect(JSON.parse(`[${texts.map(String).join(',')}]`)).toEqual(frames.map(expected));
});

test('hidden frames have no text, and are not named by others', async () => {
  const read = createTextReader(SHAPE);
  expect(await findFramesAs(opened.catalog, read, [1, 2, 3], NOBODY)).toEqual([]);
});

test('keys come in the order of the shape', async () => {
  const [text] = await findFramesAs(opened.catalog, createTextReader(SHAPE), [1], USER);
  expect(Object.keys(JSON.parse(String(text)) as object)).toEqual(Object.keys(SHAPE));
});
