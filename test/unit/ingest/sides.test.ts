import { isCountedSouth, isCountedWest } from '../../../src/ingest/sides.js';

test.each([
  ['32.38', 'degrees South', true],
  ['32.38', '[deg S] latitude', true],
  ['32.38', 'South latitude', true],
  // Comments of headers that are counted to the north.
  ['51 3 0.000', 'Latitude of the imaging site in degrees', false],
  ['+46:52:00.408', '[degrees] Observatory latitude', false],
  ['46.9', 'degs', false],
  ['46.9', 'deg, South is negative', false],
  ['46.9', '[deg N] north of the equator, not south', false],
  // The value tells it itself.
  ['-32.38', 'degrees South', false],
  ['32.38 S', 'degrees South', false],
])('latitude %j / %s: counted to the south %p', (text, comment, isSouth) => {
  expect(isCountedSouth(text, comment)).toBe(isSouth);
});

test.each([
  ['350.1', 'degrees West', true],
  ['350.1', '[deg W]', true],
  ['3 43 0.000', 'Longitude of the imaging site in degrees', false],
  ['96.4', '[degrees east] Observatory longitude', false],
  ['-96.4', 'degrees West', false],
])('longitude %j / %s: counted to the west %p', (text, comment, isWest) => {
  expect(isCountedWest(text, comment)).toBe(isWest);
});
