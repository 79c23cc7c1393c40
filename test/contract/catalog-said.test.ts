import {
  inTransaction,
  insertFramesInBulk,
  listFrames,
  listFramesByCursor,
  parseConditions,
  readFrames,
  sortColumn,
  type Catalog,
  type Frame,
  type FrameOrder,
  type NewFrame,
  type StoredCard,
  type Viewer,
} from '../../src/catalog/index.js';
import { writeFindings, type StoredFinding } from '../../src/catalog/findings.js';
import { fillOtherValues } from '../../src/catalog/header-values.js';
import { insertMarks } from '../../src/catalog/marks.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { randomFacts, randomNumbers } from '../fixtures/random-frames.js';
import { PUBLIC, startCatalog, type TestCatalog, USER } from '../support/catalog.js';

// Lists in order of what is said of frames: keywords of their headers, flags, tags, findings.

type Value = number | string | null;

/** What is known of a frame: what each order sorts it by. */
interface Known {
  readonly gain: Value;
  readonly flag: string | null;
  readonly tags: readonly string[];
  readonly findings: readonly StoredFinding[];
}

const COUNT = 600;
const random = randomNumbers(5);
const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;

function cards(values: readonly Value[]): StoredCard[] {
  return values.map((value) => ({
    keyword: 'GAIN',
    kind: value === null ? 'undefined' : typeof value === 'number' ? 'float' : 'string',
    value,
    comment: '',
  }));
}

/** A frame with cards of GAIN in its two headers, of which the first that says something counts. */
function frameWith(name: string, first: readonly Value[], second: readonly Value[]): NewFrame {
  const header = (hdu: number, values: readonly Value[]): NewFrame['hdus'][number] => ({
    hdu,
    name: hdu === 0 ? '' : 'SCI',
    kind: 'image',
    bitpix: 16,
    axes: [4, 4],
    checksum: null,
    cards: cards(values),
  });
  const frame = catalogFrame(name, randomFacts(random));
  return { ...frame, hdus: [header(0, first), header(1, second)] };
}

const GAINS: readonly Value[] = [1, 1, 1, 2, 10, -0.5, 'high', 'low', '5', 5, '', null];

let kept: TestCatalog;
let catalog: Catalog;
const known = new Map<string, Known>();

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  const frames: NewFrame[] = [];
  for (let at = 0; at < COUNT; at += 1) {
    const name = `f${String(at).padStart(4, '0')}`;
    const first = random() < 0.6 ? [pick(...GAINS)] : [];
    const second = random() < 0.4 ? [pick(...GAINS), pick(...GAINS)] : [];
    const said = [...first, ...second].filter((value) => value !== null && value !== '');
    known.set(name, {
      gain: said[0] ?? null,
      flag: pick(null, null, 'good', 'doubtful', 'bad'),
      tags: pick<string[]>([], [], ['deep'], ['zoo', 'comet'], ['comet']),
      findings: pick<StoredFinding[]>(
        [],
        [],
        [{ code: 'trailed', level: 'warning', text: 't' }],
        [
          { code: 'a-note', level: 'note', text: 't' },
          { code: 'blank', level: 'error', text: 't' },
        ],
        [{ code: 'a-note', level: 'note', text: 't' }],
      ),
    });
    frames.push(frameWith(name, first, second));
  }
  await insertFramesInBulk(catalog, frames);
  const rows: { id: number; basename: string }[] = await catalog
    .read('frames')
    .select('id', 'basename');
  await inTransaction(catalog, async (tx) => {
    for (const { id, basename } of rows) {
      const { flag, tags, findings } = known.get(basename) as Known;
      const mark = { isSet: true, by: 'ann', atMs: 1 };
      const flags = flag === null ? [] : [{ ...mark, kind: 'flag' as const, value: flag }];
      const words = tags.map((value) => ({ ...mark, kind: 'tag' as const, value }));
      await insertMarks(tx, id, [...flags, ...words]);
      await writeFindings(tx, id, 'pixels', findings);
    }
  });
});
afterAll(() => kept.close());

/** What a frame is sorted by, as a pair that can be compared: which kind of value, and the value. */
const KEYS: Readonly<Record<string, (known: Known) => Value>> = {
  'header.GAIN': ({ gain }) => gain,
  flag: ({ flag }) => flag,
  tags: ({ tags }) => [...tags].sort()[0] ?? null,
  findings: ({ findings }) =>
    findings
      .map(({ level, code }) => `${['error', 'warning', 'note'].indexOf(level)}${code}`)
      .sort()[0] ?? null,
};

/** Numbers before texts before nothing; nothing stays last. */
function compare(a: Value, b: Value, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const kinds = Number(typeof a === 'string') - Number(typeof b === 'string');
  const order = kinds === 0 ? (a < b ? -1 : Number(a > b)) : kinds;
  return descending ? -order : order;
}

async function expected(
  query: string,
  { name, descending }: { name: string; descending: boolean },
  viewer: Viewer,
): Promise<string[]> {
  const order = { column: 'frames.id', descending: false };
  const asked = { conditions: conditionsOf(query), order, limit: COUNT, offset: 0 };
  const { items } = await listFrames(catalog, asked, viewer);
  const keyOf = ({ basename }: Frame): Value => KEYS[name]?.(known.get(basename) as Known) ?? null;
  return [...items]
    .sort((a, b) => compare(keyOf(a), keyOf(b), descending) || a.id - b.id)
    .map(({ basename }) => basename);
}

function conditionsOf(query: string) {
  const given = [...new URLSearchParams(query)];
  return parseConditions(new Map(given.map(([name, value]) => [name, [value]])));
}

function columnOf(name: string): string {
  const column = sortColumn(name);
  if (column === undefined) throw new Error(`${name} is no order`);
  return column;
}

const QUERIES = ['', 'FILTER=V', 'night=2026-01-05', 'basename=f00', 'flag=bad', 'header.GAIN=1'];
const orders = Object.keys(KEYS).flatMap((name) => [
  { name, descending: false },
  { name, descending: true },
]);

test.each(QUERIES)(
  'pages by what is said of frames, put together, are the list: %s',
  async (query) => {
    for (const viewer of [USER, PUBLIC]) {
      for (const { name, descending } of orders) {
        const all = await expected(query, { name, descending }, viewer);
        expect(all.length).toBeGreaterThan(1);
        const order: FrameOrder = { column: columnOf(name), descending };
        for (const offset of [0, 37, Math.floor(all.length / 2), Math.max(0, all.length - 20)]) {
          const asked = { conditions: conditionsOf(query), order, limit: 30, offset };
          const { total, items } = await listFrames(catalog, asked, viewer);
          const place = [query, name, descending, offset];
          expect([...place, total, items.map(({ basename }) => basename)]).toEqual([
            ...place,
            all.length,
            all.slice(offset, offset + 30),
          ]);
        }
      }
    }
  },
);

test.each(QUERIES)('cursors walk along what is said, there and back: %s', async (query) => {
  const conditions = conditionsOf(query);
  const limit = 35;
  for (const { name, descending } of orders) {
    const all = await expected(query, { name, descending }, USER);
    const order: FrameOrder = { column: columnOf(name), descending };
    const page = (cursor: string | undefined) =>
      listFramesByCursor(catalog, readFrames, { conditions, order, limit, cursor }, USER);
    const names: string[] = [];
    let last = await page(undefined);
    names.push(...last.items.map(({ basename }) => basename));
    while (last.next !== null) {
      last = await page(last.next);
      names.push(...last.items.map(({ basename }) => basename));
    }
    expect([name, descending, names]).toEqual([name, descending, all]);
    const before: string[] = [];
    const behind = last.items.length;
    while (last.previous !== null) {
      last = await page(last.previous);
      before.unshift(...last.items.map(({ basename }) => basename));
    }
    expect([name, descending, before]).toEqual([
      name,
      descending,
      all.slice(0, all.length - behind),
    ]);
  }
});

test('a keyword that no header has leaves all frames in order of id', async () => {
  const order = { column: columnOf('header.NO-SUCH'), descending: true };
  const { items } = await listFrames(catalog, { conditions: [], order, limit: 5, offset: 0 }, USER);
  expect(items.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
});

test('what is not searched is not sorted by either', () => {
  expect(['header.COMMENT', 'header.', 'header.TFORM1', 'x', '__proto__'].map(sortColumn)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(sortColumn('header.ccd-temp')).toBe('header.CCD-TEMP');
});

test('second values of an archive that was there before are found out from its headers', async () => {
  const rows = () =>
    catalog.read('header_others').orderBy(['keyword_id', 'frame_id', 'value']).select('*');
  const before = await rows();
  expect(before.length).toBeGreaterThan(50);
  await inTransaction(catalog, async (tx) => {
    await tx('header_others').delete();
    await fillOtherValues(tx);
  });
  expect(await rows()).toEqual(before);
});
