import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCalibrationRules, parseCalibrationRules } from '../../../src/calibration/rules.js';
import { shippedJson, shippedRules } from './setups.js';

/** The problems of rules whose `part` is something else than what ships. */
function problemsOf(part: string, json: unknown): string[] {
  try {
    parseCalibrationRules([
      ['ours', shippedJson()],
      ['own', { [part]: json }],
    ]);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' });
    return (error as { data: { problems: string[] } }).data.problems;
  }
  return [];
}

test('the rules that ship are good, and know what every kind is for', () => {
  const rules = shippedRules();
  expect(rules.bias.kinds).toEqual(['bias']);
  expect(rules.dark.exposure).toEqual({
    withinSec: 0.05,
    withinPercent: 1,
    scaleFrom: 1,
    scaleTo: 20,
  });
  expect(rules.flat.same).toContain('filter');
  expect(rules.flat.sameHeaders).toEqual(['offset', 'readMode']);
  expect(rules.headers.readMode).toContain('READOUTM');
});

test('a file of the site takes the place of our parts, each as a whole', () => {
  const dark = { kinds: ['dark'], for: ['object'], same: ['speed'], masterDays: 9, rawDays: 1 };
  const rules = parseCalibrationRules([
    ['ours', shippedJson()],
    ['own', { dark, headers: { speed: ['rdspeed'], offset: ['O'], readMode: ['R'] } }],
  ]);
  expect(rules.bias).toEqual(shippedRules().bias);
  expect(rules.dark).toEqual({
    kinds: ['dark'],
    for: ['object'],
    same: [],
    sameHeaders: ['speed'],
    temperatureC: null,
    exposure: null,
    masterDays: 9,
    rawDays: 1,
    fewFrames: 1,
  });
  expect(rules.headers.speed).toEqual(['RDSPEED']);
});

const bias = { kinds: ['bias'], for: ['object'], same: [], masterDays: 1, rawDays: 1 };
test.each([
  ['bias', 7, 'own: bias must be an object'],
  ['bias', { ...bias, kinds: undefined }, 'own: bias.kinds is missing'],
  ['bias', { ...bias, kinds: 'bias' }, 'own: bias.kinds must be a list'],
  ['bias', { ...bias, for: ['stars'] }, /^own: bias\.for has 'stars', which is none of object, /],
  ['bias', { ...bias, same: ['colour'] }, /^own: bias\.same has 'colour', which is none of site, /],
  ['bias', { ...bias, rawDays: -1 }, 'own: bias.rawDays must be a number from 0 to 36525'],
  ['bias', { ...bias, masterDays: undefined }, 'own: bias.masterDays is missing'],
  ['bias', { ...bias, maxAge: 3 }, "own: bias has an unknown key 'maxAge'"],
  ['bias', { ...bias, temperatureC: '2' }, 'own: bias.temperatureC must be a number from 0 to 100'],
  [
    'dark',
    { ...bias, exposure: { scaleFrom: 3, scaleTo: 2 } },
    'own: dark.exposure.scaleTo is below scaleFrom',
  ],
  ['lamp', {}, "own has an unknown key 'lamp'"],
  ['headers', [], 'own: headers must be an object'],
  ['headers', { offset: ['O'], readMode: 'R' }, 'own: headers.readMode must be a list of keywords'],
  [
    'headers',
    { offset: ['O'], readMode: ['R'], gain: ['G'] },
    'own: headers.gain: letters and digits are expected as a name not used yet',
  ],
])('%s %j: %s', (part, json, problem) => {
  expect(problemsOf(part, json)[0]).toEqual(
    typeof problem === 'string' ? problem : expect.stringMatching(problem),
  );
});

test('all problems are told at once', () => {
  expect(problemsOf('bias', {})).toHaveLength(5);
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'platevault-rules-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('a file that is not there, or no JSON, is named', async () => {
    const own = join(folder, 'own.json');
    await expect(loadCalibrationRules('config/calibration.json', own)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `${own}: ENOENT`,
    });
    writeFileSync(own, '{"bias": ');
    await expect(loadCalibrationRules('config/calibration.json', own)).rejects.toMatchObject({
      message: expect.stringMatching(/own\.json: .*JSON/) as string,
    });
  });

  test('without a file of the site ours are used', async () => {
    expect(await loadCalibrationRules('config/calibration.json', undefined)).toEqual(
      shippedRules(),
    );
  });
});
