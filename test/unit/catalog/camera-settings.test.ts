import { describeSetting } from '../../../src/catalog/camera-settings.js';

const told = (values: Record<string, string>): ReadonlyMap<string, string> =>
  new Map(Object.entries(values));

test('a setting is the same however its numbers and words are written', () => {
  expect(describeSetting(null, new Map())).toBe('');
  const one = told({ offset: '50', readMode: 'High  Gain ', setPoint: '-10' });
  expect(describeSetting(100, one)).toBe('gain 100, offset 50, read mode High Gain, set to -10 °C');
  const same = told({ offset: '50.0', readMode: 'High Gain', setPoint: '-9.98' });
  expect(describeSetting(100.04, same)).toBe(describeSetting(100, one));
  expect(describeSetting(0, told({ readMode: '1', setPoint: '-0.2' }))).toBe(
    'gain 0, read mode 1, set to 0 °C',
  );
});

test('what cannot be meant parts no frames', () => {
  const odd = told({ offset: '12.75', readMode: ' ', setPoint: 'off' });
  expect(describeSetting(NaN, odd)).toBe('');
});
