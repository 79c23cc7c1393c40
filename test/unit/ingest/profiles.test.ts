import type { AppError } from '../../../src/lib/errors.js';
import { loadProfiles, normaliseWord, parseProfile } from '../../../src/ingest/profiles.js';

const SMALL = {
  name: 'small',
  title: 'A small one',
  priority: 5,
  match: { always: true },
  columns: { object: ['OBJECT'] },
};

function problemsOf(json: unknown): readonly string[] {
  try {
    parseProfile(json, 'x.json');
  } catch (error) {
    expect((error as AppError).code).toBe('config_invalid');
    return (error as AppError).data['problems'] as string[];
  }
  return [];
}

test('what a profile leaves out is filled in', () => {
  expect(parseProfile(SMALL, 'x.json')).toEqual({
    ...SMALL,
    required: [],
    missing: new Set(),
    columns: {
      object: [{ keyword: 'OBJECT', type: 'text', scale: 1, offset: 0, when: undefined }],
    },
    position: [],
    kinds: new Map(),
    filters: new Map(),
    relations: [],
  });
});

test('every kind of rule can be written', () => {
  const match = {
    all: [
      {
        any: [
          { keyword: 'A', exists: true },
          { keyword: 'B', equals: 'x' },
        ],
      },
      { not: { keyword: 'C', pattern: '^a+$' } },
      { atLeast: 1, of: [{ extname: 'SCI' }] },
    ],
  };
  const profile = parseProfile({ ...SMALL, match }, 'x.json');
  expect(profile.match).toEqual({
    all: [
      {
        any: [
          { keyword: 'A', exists: true },
          { keyword: 'B', equals: 'x' },
        ],
      },
      { not: { keyword: 'C', pattern: /^a+$/i } },
      { atLeast: 1, of: [{ extname: 'SCI' }] },
    ],
  });
});

test('every problem is listed at once, with its place', () => {
  const problems = problemsOf({
    name: '',
    priority: 'high',
    match: { keyword: 'A', pattern: '(' },
    columns: { colour: ['X'], gain: 'GAIN', focus: [{ keyword: 'F', type: 'hours', when: {} }] },
    position: [{ ra: 'RA' }],
    kinds: { light: 'sky' },
    required: 'DATE-OBS',
    extra: 1,
  });
  for (const part of [
    "profile lacks 'title'",
    "profile has an unknown key 'extra'",
    'name must be a text',
    'priority must be a number',
    'match.pattern is not a regular expression',
    'columns.colour is not a column',
    'columns.gain must be a list',
    'columns.focus[0].type must be one of text, number',
    'columns.focus[0].when must be one of: always',
    "position[0] lacks 'dec'",
    'kinds.light must be one of object',
    'required must be a list',
  ]) {
    expect(problems.filter((problem) => problem.startsWith(`x.json: ${part}`))).toHaveLength(1);
  }
  expect(problems).toHaveLength(12);
});

test.each([null, 3, 'x', []])('%j is no profile', (json) => {
  expect(problemsOf(json).length).toBeGreaterThan(0);
});

test('words are compared without case, dashes and underscores', () => {
  expect(normaliseWord(' Light_Frame ')).toBe('light frame');
  expect(normaliseWord('REPEAT-EXPOSE')).toBe('repeat expose');
});

test('the profiles that ship are valid and end with one that always matches', async () => {
  const profiles = await loadProfiles(['config/mapping', 'config/no-such-folder']);
  expect(profiles.map(({ name }) => name)).toEqual(['lco', 'pyobs', 'amateur']);
  expect(profiles.at(-1)?.match).toEqual({ always: true });
});

test('without a profile that always matches there is no start', async () => {
  await expect(loadProfiles(['config/no-such-folder'])).rejects.toMatchObject({
    code: 'config_invalid',
  });
});
