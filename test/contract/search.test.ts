import {
  deleteFrame,
  findFilter,
  FRAME_FILTERS,
  insertFrame,
  inTransaction,
  parseConditions,
  type Catalog,
  type Condition,
  type NewFrame,
} from '../../src/catalog/index.js';
import { fillHeaderValues } from '../../src/catalog/header-values.js';
import { searchFrame as frame, SEARCH_FRAMES as FRAMES } from '../fixtures/search-frames.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';

let kept: TestCatalog;
let catalog: Catalog;
const ids = new Map<string, number>();

beforeAll(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  for (const each of FRAMES) {
    const { frameId } = await inTransaction(catalog, (tx) => insertFrame(tx, each, undefined));
    ids.set(each.basename, frameId);
  }
});

afterAll(() => kept.close());

function parametersOf(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return parameters;
}

async function run(conditions: readonly Condition[]): Promise<string[]> {
  const ready = await Promise.all(
    conditions.map(async (each) => (await each.prepare?.(catalog.read)) ?? each),
  );
  const names = async (apply: (condition: Condition) => Condition['apply']): Promise<string[]> => {
    const query = catalog.read('frames').orderBy('id').select('basename');
    for (const condition of ready) apply(condition)(query, 'frames');
    const rows = (await query) as { basename: string }[];
    return rows.map((row) => row.basename);
  };
  const found = await names(({ apply }) => apply);
  // The two ways to ask the same must agree.
  expect(await names(({ apply, test }) => test ?? apply)).toEqual(found);
  return found;
}

const search = (query: string): Promise<string[]> => run(parseConditions(parametersOf(query)));

const ALL = FRAMES.map((each) => each.basename);
const without = (...names: string[]): string[] => ALL.filter((name) => !names.includes(name));

test('fifty conditions are answered, one more is refused with the limit', async () => {
  const query = (count: number): string =>
    Array.from({ length: count }, (_, index) => `header.NONE${index}!=1`).join('&');
  expect(await search(`${query(50)}&unknown=1`)).toEqual(ALL);
  const many = parametersOf(query(51));
  expect(() => parseConditions(many)).toThrow('More than 50 filters in one search.');
});

describe('each row of the table', () => {
  const examples = FRAME_FILTERS.flatMap(({ examples: some }) => some);

  test.each(examples)('%s=%s can be asked', async (name, value) => {
    expect(findFilter(name)).toBeDefined();
    const isMeantForCone = name === 'radius' || name === 'DEC';
    const conditions = parseConditions(new Map([[name, [value]]]));
    expect(conditions.length).toBe(isMeantForCone || name === 'RA' ? 0 : 1);
    expect(Array.isArray(await run(conditions))).toBe(true);
  });

  test.each(FRAME_FILTERS.map((filter) => [filter.name, filter] as const))(
    '%s has what the documentation needs, and names nobody else has',
    (_name, filter) => {
      expect(filter.label).not.toBe('');
      expect(filter.help).not.toBe('');
      const [first] = filter.examples;
      expect(first).toBeDefined();
      for (const [name] of filter.examples) expect(findFilter(name)?.filter).toBe(filter);
      for (const name of [filter.name, ...filter.aliases]) {
        expect(findFilter(name)?.filter).toBe(filter);
        expect(findFilter(name)?.operator).toBe('is');
      }
    },
  );
});

test.each<readonly [string, readonly string[]]>([
  // Choices, lists, negation.
  ['FILTER=V', ['m31-0001', 'lco-1', 'future']],
  ['FILTER=B,V', ['m31-0001', 'm31-0002', 'lco-1', 'future']],
  ['FILTER=B&FILTER=V', ['m31-0001', 'm31-0002', 'lco-1', 'future']],
  ['FILTER=B, None', ['m31-0002', 'bias-1', 'dark-1']],
  ['FILTER=None', ['bias-1', 'dark-1']],
  ['FILTER=Sloan g,r', ['cafe-1']],
  ['FILTER=Sloan g\\,r', ['cafe-1']],
  ['FILTER=B,Sloan g\\,r', ['m31-0002', 'cafe-1']],
  ['FILTER=Sloan g', []],
  ['FILTER=v', []],
  ['FILTER!=V', without('m31-0001', 'lco-1', 'future')],
  ['FILTER!=B,V', ['cafe-1', 'bias-1', 'dark-1']],
  ['FILTER!=V,None', ['m31-0002', 'cafe-1']],
  ['FILTER!=Sloan g,r', without('cafe-1')],
  ['FILTER__ne=V', without('m31-0001', 'lco-1', 'future')],
  ['FILTER=ALL', ALL],
  ['FILTER=V,ALL', ALL],
  ['FILTER!=ALL', ALL],
  ['FILTER=', ALL],
  ['FILTER=,', ALL],
  ['FILTER=&FILTER=B', ['m31-0002']],
  ['primary_optical_element=B', ['m31-0002']],
  ['IMAGETYPE=bias', ['bias-1']],
  ['IMAGETYPE=BIAS FRAME', ['bias-1']],
  ['OBSTYPE=dark,bias', ['bias-1', 'dark-1']],
  ['configuration_type=EXPOSE', ['lco-1']],
  ['include_configuration_type=BIAS&include_configuration_type=DARK', ['bias-1', 'dark-1']],
  ['exclude_configuration_type=BIAS', without('bias-1')],
  ['exclude_OBSTYPE=bias&exclude_OBSTYPE=dark', without('bias-1', 'dark-1')],
  ['IMAGETYPE!=dark,bias', without('bias-1', 'dark-1')],
  ['exclude_calibrations=True', without('bias-1', 'dark-1')],
  ['exclude_calibrations=false', ALL],
  ['SITE=lsc', ['lco-1']],
  ['site_id=lsc&SITEID=hill', []],
  ['TELID=1m0', ['lco-1']],
  ['INSTRUME!=cam1', ['lco-1']],
  ['PROPID=None', ['lco-1']],
  ['proposal_id=p-2026a', []],
  ['binning=2x2', ['dark-1']],
  ['binning=2x2,1x1', ALL],
  ['binning!=1x1', ['dark-1']],
  ['RLEVEL=91', ['lco-1']],
  ['reduction_level=0,91', ALL],
  ['RLEVEL!=0', ['lco-1']],
  // Nights and instants.
  ['night=2026-03-02', ['cafe-1']],
  ['dayobs=2026-03-02', ['cafe-1']],
  ['night!=2026-03-01', ['cafe-1', 'bias-1', 'future']],
  ['night_start=2026-03-02', ['cafe-1']],
  ['night_end=2026-02-28', ['bias-1']],
  ['night_start=2026-02-28&night_end=2026-02-28', ['bias-1']],
  ['start=2026-03-02', ['m31-0002']],
  ['start=2026-03-02T02:00:00+02:00', ['m31-0002']], // a raw plus, which arrives as a blank
  ['end=2026-03-01T22:00+02:00', without('m31-0002', 'future')],
  ['end=2026-03-01', ['bias-1']],
  ['start=2026-03-02T01:02:03.456Z&end=2026-03-02T01:02:03.456', ['m31-0002']],
  ['DATE_OBS=2026-03-02T01:02:03.456', ['m31-0002']],
  ['DATE_OBS=2026-03-02T01:02:03', []],
  // Texts.
  ['basename=M31', ['m31-0001', 'm31-0002']],
  ['basename=m31-0001.fits.fz', ['m31-0001']],
  ['basename=31', ['m31-0001', 'm31-0002']],
  ['basename=%25', []],
  ['basename=_', []],
  ['basename!=m31', without('m31-0001', 'm31-0002')],
  ['basename_exact=m31-0001', ['m31-0001']],
  ['basename_exact=m31-0001.fits', ['m31-0001']],
  ['basename_exact=M31-0001', []],
  ['basename_exact!=m31-0001', without('m31-0001')],
  ['OBJECT=TEST', ['lco-1']],
  ['OBJECT!=m 31', ['cafe-1', 'bias-1', 'dark-1', 'lco-1']],
  ['OBJECT=Café', []],
  ['target_name=Café', ['cafe-1']],
  ['target_name_exact=Café Zhong', ['cafe-1']],
  ['target_name_exact=Cafe', []],
  ['empty_target_name=true', ['bias-1', 'dark-1']],
  ['q=m31', ['m31-0001', 'm31-0002']],
  ['q=M31 0002', ['m31-0002']],
  ['q=m31 zhong', []],
  ['q=zhong', ['cafe-1']],
  ['q=2026-03-02', ['cafe-1']],
  ['q=20260302', ['cafe-1']],
  ['q=2026-02', ['bias-1']],
  ['q=2026-03 bias', []],
  ['q=m31-0001.fits', ['m31-0001']],
  ['q="', []],
  ["q='", []],
  ['q=* OR', []],
  ['q=a', ALL], // what the page of the reference archive sends with every list
  ['q=f z', ['cafe-1']],
  // Numbers.
  ['EXPTIME=30', without('m31-0002', 'bias-1')],
  ['exposure_time__gte=30', without('m31-0002', 'bias-1')],
  ['EXPTIME!=30', ['m31-0002', 'bias-1']],
  ['EXPTIME__lt=30', ['m31-0002', 'bias-1']],
  ['EXPTIME__gt=0&EXPTIME__lte=1', ['m31-0002']],
  ['EXPTIME=1e1', without('m31-0002', 'bias-1')],
  ['REQNUM=5001', ['lco-1']],
  ['request_id=0005001', ['lco-1']],
  ['REQNUM=7', without('lco-1')],
  ['BLKUID=99', ['lco-1']],
  ['OBSNUM!=12', ['lco-1']],
  ['id__gt=6', ['future']],
  ['id__lte=1', ['m31-0001']],
  ['id=2', ['m31-0002']],
  ['id!=2', without('m31-0002')],
  // Publication.
  ['public=true', ALL],
  ['public=False', without('lco-1')],
  ['L1PUBDAT=2027-03-01T00:00:00Z', ['future']],
  ['submitter=ana', ['m31-0001']],
  ['submitter=René', ['cafe-1']],
  // Positions.
  ['RA=10.68&DEC=41.27', ['m31-0001', 'cafe-1']],
  ["RA=10.68&DEC=41.27&radius=13'", ['m31-0001', 'm31-0002', 'cafe-1']],
  ['RA=00:42:43.2&DEC=+41:16:12&radius=1"', ['m31-0001', 'cafe-1']],
  ['RA=0&DEC=0&radius=0.051d', ['lco-1']],
  ['RA=0&DEC=0&radius=0.049', []],
  ['RA=280&DEC=90&radius=0.06', ['future']],
  ['RA=10.68', ALL],
  ['DEC=41.27', ALL],
  ['radius=1', ALL],
  ['RA=0&DEC=0&radius=180', without('bias-1', 'dark-1')],
  // Footprints.
  ['covers=POINT(10.68 41.27)', ['m31-0001']],
  ['covers=10.68,41.27', ['m31-0001']],
  ['covers=00:42:43.2,+41:16:12', ['m31-0001']],
  ['covers=POINT(0 0)', ['cafe-1', 'lco-1']],
  ['covers=POINT(360 0)', ['cafe-1', 'lco-1']],
  ['covers=POINT(-0.5 0)', ['cafe-1']],
  ['covers=POINT(100 89.6)', ['future']],
  ['covers=CIRCLE(0 0 0.5)', ['cafe-1']],
  ['covers=POLYGON((10.5 41,10.8 41,10.8 41.5,10.5 41.5,10.5 41))', ['m31-0001']],
  ['intersects=POLYGON((10 41,11 41,11 43,10 43,10 41))', ['m31-0001', 'm31-0002']],
  ['intersects=LINESTRING(10 41.27,11 41.27)', ['m31-0001']],
  ["intersects=CIRCLE(0 1.1 30')", ['cafe-1']],
  ['intersects=CIRCLE(0 0 180)', ['m31-0001', 'm31-0002', 'cafe-1', 'lco-1', 'future']],
  ['intersects=SRID=4326;point(10.68 41.27)', ['m31-0001']],
  ['intersects=POINT(200 0)', []],
  // Headers.
  ['header.GAIN=1.5', ['m31-0001', 'm31-0002']],
  ['header.gain=1.50', ['m31-0001']],
  ['header.GAIN=2,1.5', ['m31-0001', 'm31-0002', 'cafe-1']],
  ['header.GAIN__gt=1.5', ['cafe-1']],
  ['header.GAIN__gte=1.5', ['m31-0001', 'cafe-1']],
  ['header.CCD-TEMP__lt=-15', ['m31-0001']],
  ['header.CCD-TEMP__lte=-10.5', ['m31-0001', 'm31-0002']],
  ['header.CCD-TEMP=-30', ['cafe-1']],
  ['header.GAIN!=1.5', without('m31-0001', 'm31-0002')],
  ['header.GAIN__ne=1.5&header.GAIN__exists=true', ['cafe-1']],
  ['header.GAIN__exists=false', ['bias-1', 'dark-1', 'lco-1', 'future']],
  ['header.EMPTY__exists=1', ['cafe-1']],
  ['header.NOTHING__exists=true', []],
  ['header.NOTHING__exists=false', ALL],
  ['header.OBSERVER=ana,Bob', ['m31-0001', 'm31-0002', 'cafe-1']],
  ['header.OBSERVER=bob', []],
  ['header.OBSERVER__contains=B', ['m31-0002']],
  ['header.OBSERVER__contains=%25', []],
  ['header.OBSERVER__startswith=an', ['m31-0001', 'cafe-1']],
  ['header.NOTE=Smith, J.', ['m31-0001']],
  ['header.NOTE=Smith\\, J.', ['m31-0001']],
  ['header.DATE__gte=2026-03-01&header.DATE__lt=2026-03-02', ['m31-0001']],
  ['header.ESO DET ID=CCD 7', ['m31-0001']],
  ['header.ESO.DET.ID=CCD 7', ['m31-0001']],
  ['header.HIERARCH ESO DET ID=CCD 7', ['m31-0001']],
  ['header.A.B=1', ['cafe-1']],
  ['header.GUIDED=T', ['m31-0001']],
  ['header.GUIDED=true', ['m31-0001']],
  ['header.GUIDED=false', ['m31-0002']],
  ['header.SIMPLE=T', []],
  // Together, and what is nobody's.
  ['FILTER=V,B&header.GAIN__lt=2&covers=10.68,41.27', ['m31-0001']],
  ['filter=V&data_type=x&search=&order=asc', ALL],
  ['EXPTIME__contains=&night__foo= ', ALL],
])('%s', async (query, expected) => {
  expect(await search(query)).toEqual(expected);
});

test.each([
  ['RLEVEL=x', 'RLEVEL'],
  ['RLEVEL=0,x', 'RLEVEL'],
  ['RLEVEL=99999999999999999999', 'RLEVEL'],
  ['binning=2', 'binning'],
  ['binning=1x1,2', 'binning'],
  ['night=foo', 'night'],
  ['DAY_OBS=20260302', 'DAY_OBS'],
  ['night_start=2026-02-30', 'night_start'],
  ['start=yesterday', 'start'],
  ['DATE_OBS=1', 'DATE_OBS'],
  ['EXPTIME=abc', 'EXPTIME'],
  ['EXPTIME=nan', 'EXPTIME'],
  ['EXPTIME=0x10', 'EXPTIME'],
  ['EXPTIME=1e999', 'EXPTIME'],
  ['exposure_time__lt=Infinity', 'exposure_time__lt'],
  ['id=one', 'id'],
  ['public=maybe', 'public'],
  ['exclude_calibrations=junk', 'exclude_calibrations'],
  ['RA=400&DEC=1', 'RA'],
  ['RA=1&DEC=91', 'DEC'],
  ['RA=1&DEC=1&radius=-1', 'radius'],
  ['RA=1&DEC=1&radius=181', 'radius'],
  ['RA=1&DEC=1&radius=1e99', 'radius'],
  ['covers=POINT(10, 20)', 'covers'],
  ['covers=junk', 'covers'],
  ['intersects=POLYGON((10 41,11 41,11 42,10 42))', 'intersects'],
  ['header.GAIN__exists=perhaps', 'header.GAIN__exists'],
  ['header.=1', 'header.'],
  ['FILTER__contains=V', 'FILTER__contains'],
  ['header.GAIN__foo=1', 'header.GAIN__foo'],
  ['basename=a%00b', 'basename'],
  ['header.A%00=1', 'header.A\u0000'],
  [`FILTER=${Array.from({ length: 600 }, (_, i) => i).join(',')}`, 'FILTER'],
  ['q=1 2 3 4 5 6 7 8 9 10 11', 'q'],
  [`OBJECT=${'x'.repeat(20_000)}`, 'OBJECT'],
])('%.40s is refused, and the error names the parameter', (query, parameter) => {
  expect.assertions(1);
  try {
    parseConditions(parametersOf(query));
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad_request', data: { parameter } });
  }
});

test.each([
  'header.GAIN=1.5',
  'header.GAIN__lt=1.5',
  'header.OBSERVER=ana,bob',
  'header.OBSERVER__startswith=an',
  'header.OBSERVER__contains=an',
  'header.GAIN__exists=true',
  'submitter=ana',
  'covers=10.68,41.27',
  'RA=10&DEC=41',
  'q=m31 zhong',
  'basename_exact=m31-0001',
  'REQNUM=7',
  'OBSNUM=12',
])('%s is found by an index', async (query) => {
  for (const condition of parseConditions(parametersOf(query))) {
    for (const each of [condition, await condition.prepare?.(catalog.read)]) {
      if (each === undefined || (each === condition && query.startsWith('covers'))) continue;
      const select = catalog.read('frames').select('id');
      each.apply(select, 'frames');
      const { sql, bindings } = select.toSQL().toNative();
      const plan: { detail: string }[] = await catalog.read.raw(`explain query plan ${sql}`, [
        ...bindings,
      ]);
      const steps = plan.map(({ detail }) => detail);
      expect(steps.filter((step) => /^SCAN (?:frames|header_\w+)\b/.test(step))).toEqual([]);
    }
  }
});

test('half a character is refused', () => {
  expect(() => parseConditions(new Map([['OBJECT', ['a\ud800b']]]))).toThrow('OBJECT');
});

test('the values of a frame are those of its newest version, and go when it goes', async () => {
  const put = (each: NewFrame, of?: { frameId: number; number: number }) =>
    inTransaction(catalog, (tx) => insertFrame(tx, each, of));
  const first = frame('turn', {}, { FOCUS: 1.25, WHO: 'x', 'LONG-ONE': 'y'.repeat(200) }, 't1');
  const { frameId } = await put(first);
  expect(await search('header.FOCUS=1.25')).toEqual(['turn']);
  expect(await search(`header.LONG-ONE__startswith=${'y'.repeat(68)}`)).toEqual(['turn']);
  const askLonger = (): unknown => search(`header.LONG-ONE=${'y'.repeat(69)}`);
  expect(askLonger).toThrow('header.LONG-ONE: expected at most 68 characters');
  await put(frame('turn', {}, { FOCUS: 1.5, WHO: 'x' }, 't2'), { frameId, number: 2 });
  expect(await search('header.FOCUS=1.25')).toEqual([]);
  expect(await search('header.FOCUS=1.5')).toEqual(['turn']);
  expect(await search('header.WHO=x')).toEqual(['turn']);
  expect(await search('header.LONG-ONE__exists=true')).toEqual([]);
  await inTransaction(catalog, (tx) => deleteFrame(tx, frameId));
  for (const table of ['header_numbers', 'header_texts', 'header_others']) {
    expect(await catalog.read(table).where({ frame_id: frameId })).toEqual([]);
  }
});

test('numbers are found to the last digit', async () => {
  const numbers = [0.1, 1 / 3, 60123.123456789012, -7.254641450110236e-78, 1e300, -0, 2 ** 53];
  const put = (value: number, i: number) =>
    inTransaction(catalog, (tx) =>
      insertFrame(tx, frame(`n${i}`, {}, { EXACT: value }), undefined),
    );
  for (const [i, value] of numbers.entries()) await put(value, i);
  for (const [i, value] of numbers.entries()) {
    expect(await search(`header.EXACT=${encodeURIComponent(String(value))}`)).toEqual([`n${i}`]);
  }
});

test('an archive that was there before is filled from its stored headers', async () => {
  const tables = ['header_numbers', 'header_texts'];
  const rows = (): Promise<unknown[]> =>
    Promise.all(tables.map((table) => catalog.read(table).orderBy(['keyword_id', 'frame_id'])));
  const before = await rows();
  await inTransaction(catalog, async (tx) => {
    for (const table of tables) await tx(table).delete();
    await fillHeaderValues(tx);
  });
  expect(await rows()).toEqual(before);
});
