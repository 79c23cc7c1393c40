import {
  canonicalName,
  findTarget,
  mergeObjects,
  doubtfulNames,
  spellingKey,
  targetKey,
  targetsNear,
} from '../../../src/targets/index.js';

describe('a name of the catalogue is found', () => {
  test.each([
    ['M31', 'M 31'],
    ['m 31', 'M 31'],
    ['Messier 031', 'M 31'],
    ['NGC224', 'M 31'],
    ['ngc-0224', 'M 31'],
    ['Andromeda', 'M 31'],
    ['the Andromeda  galaxy', 'M 31'],
    ['NGC 224 (M31)', 'M 31'],
    ['M31_Ha_001', 'M 31'],
    ['M31-001', 'M 31'],
    ['M31_P2_OIII_300s_bin2', 'M 31'],
    ['IC 434', 'IC 434'],
    ['ic0434 mosaic', 'IC 434'],
    ['Barnard 33', 'B 33'],
    ['Horsehead', 'B 33'],
    ['Orion', 'M 42'],
    ['NGC 5194', 'M 51'],
    ['NGC 3180', 'NGC 3184'],
    ['ngc3189', 'NGC 3190'],
    ['NGC 4228', 'NGC 4214'],
    ['NGC 6188', 'NGC 6188'],
    ['Fighting Dragons of Ara', 'NGC 6188'],
    ['Sh2-190', 'IC 1805'],
    ['SH 2-190', 'IC 1805'],
    ['Sharpless 275', 'NGC 2237'],
    ['Proxima Centauri', 'Proxima Centauri'],
    ['m102', 'M 102'],
    ['pleiades', 'M 45'],
    ['Rosette', 'NGC 2237'],
    ["Bode's Galaxy", 'M 81'],
    ['Bodes galaxy', 'M 81'],
    ['Vega', 'Vega'],
    ['alpha Lyr', 'Vega'],
    ['α Lyr', 'Vega'],
    ['Alpha Lyrae', 'Vega'],
    ['alf Lyr', 'Vega'],
    ['3 Lyr', 'Vega'],
    ['HD 172167', 'Vega'],
    ['hip91262', 'Vega'],
    ['beta Cygni', 'Albireo'],
    ['80 Ursae Majoris', 'Alcor'],
    ['ω² Sco', 'ω2 Sco'],
  ])('%s is %s', (text, name) => {
    expect(findTarget(text)?.name).toBe(name);
    expect(targetKey(text)).toBe(targetKey(name));
  });
});

describe('what is not clear is not guessed', () => {
  test.each([
    'M 111',
    'M31 2',
    'M51b',
    'NGC 7 2',
    'NGC 4038/39',
    'NGC',
    'M',
    'V',
    'flat',
    'test',
    'field 1',
    'C/2023 A3',
    'HD 9999999',
    '',
    '---',
  ])('%p', (text) => {
    expect(findTarget(text)).toBeUndefined();
  });
});

test('all 110 Messier objects are there, each under its own number, with a place on the sky', () => {
  for (let number = 1; number <= 110; number += 1) {
    const target = findTarget(`M${number}`);
    expect(target?.name).toBe(`M ${number}`);
    expect(target?.raDeg).toBeGreaterThanOrEqual(0);
    expect(Math.abs(target?.decDeg ?? 99)).toBeLessThanOrEqual(90);
  }
});

test('an object is told with its names, place, type, magnitude and size', () => {
  expect(findTarget('ngc 224')).toEqual({
    name: 'M 31',
    aliases: ['NGC 224', 'Andromeda', 'Andromeda Galaxy'],
    raDeg: 10.6847,
    decDeg: 41.2687,
    type: 'spiral galaxy',
    magnitude: 3.4,
    sizeArcmin: [189.1, 61.7],
  });
});

test('what is around a place is listed, the nearest first, also across the meridian 0', () => {
  const names = targetsNear(10.68, 41.27, 0.7).map(({ target }) => target.name);
  expect(names.slice(0, 3)).toEqual(['M 31', 'M 32', 'M 110']);
  const sides = targetsNear(0, 20, 3).map(({ target }) => target.raDeg);
  expect(sides.some((ra) => ra < 3)).toBe(true);
  expect(sides.some((ra) => ra > 357)).toBe(true);
});

test('other names keep their text, and are the same in another spelling only', () => {
  expect(canonicalName('  My  Field 1 ')).toBe('My Field 1');
  expect(targetKey('my-field_01')).toBe(targetKey('My Field 1'));
  expect(targetKey('My Field 1')).not.toBe(targetKey('My Field 11'));
  expect(spellingKey('1 5')).not.toBe(spellingKey('15'));
  expect(spellingKey('J1234+56')).not.toBe(spellingKey('J1234-56'));
});

describe('objects of frames', () => {
  const objects = [
    { object: 'NGC224', frames: 3 },
    { object: 'M 31', frames: 5 },
    { object: 'field_1', frames: 2 },
    { object: 'Field 1', frames: 7 },
  ];

  test('are one if the catalogue says so, or if they are spelled alike and point at one field', () => {
    const merged = mergeObjects(objects, () => ({ raDeg: 10, decDeg: 0 }));
    expect(merged.map(({ name, names }) => [name, names])).toEqual([
      ['M 31', ['M 31', 'NGC224']],
      ['Field 1', ['Field 1', 'field_1']],
    ]);
  });

  test('stay apart if they are only spelled alike and point elsewhere', () => {
    expect(doubtfulNames(objects)).toEqual(['field_1', 'Field 1']);
    const merged = mergeObjects(objects, (name) =>
      name === 'field_1' ? { raDeg: 99, decDeg: 0 } : { raDeg: 10, decDeg: 0 },
    );
    expect(merged.map(({ names }) => names)).toEqual([
      ['M 31', 'NGC224'],
      ['Field 1'],
      ['field_1'],
    ]);
  });
});
