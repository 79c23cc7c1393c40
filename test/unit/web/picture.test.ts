import { pictureFields, toPicture } from '../../../src/web/frame/picture.js';
import { parseRenderOptions, THUMBNAIL } from '../../../src/preview/index.js';
import { THUMBNAIL_QUERY } from '../../../src/web/render.js';

const PLACES = { pageUrl: '/frames/7/', pictureUrl: '/frames/7/preview/' };
const IMAGE = { hdu: 1, label: '1 SCI', width: 3000, planes: 1 };
const read = (query: string) => {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) parameters.set(name, [value]);
  return parameters;
};
const toolOf = (query: string, label: string) =>
  toPicture(read(query), [IMAGE], PLACES)
    .groups.flatMap(({ tools }) => tools)
    .find((tool) => tool.label.replaceAll('\u202f', ' ') === label);

test('unasked, the picture is 1024 pixels wide, linear between the limits of zscale', () => {
  const { src, planes } = toPicture(new Map(), [IMAGE], PLACES);
  expect(src).toBe('/frames/7/preview/?stretch=linear&limits=zscale&cmap=grey&width=1024');
  expect(planes).toBeNull();
});

test('every choice of the tool bar is one that the renderer takes', () => {
  for (const { tools } of toPicture(new Map(), [IMAGE], PLACES).groups) {
    for (const { url } of tools) {
      const { src } = toPicture(read(url.split('?')[1] ?? ''), [IMAGE], PLACES);
      const query = Object.fromEntries(new URLSearchParams(src.split('?')[1]));
      expect(() => parseRenderOptions(query)).not.toThrow();
    }
  }
});

test('a choice keeps the others and everything else of the address', () => {
  expect(toolOf('stretch=log&hq=date', 'Heat')?.url).toBe(
    '/frames/7/?stretch=log&hq=date&cmap=heat',
  );
  expect(toolOf('stretch=log&hq=date', 'Linear')?.url).toBe('/frames/7/?hq=date');
  expect(toolOf('stretch=log', 'Log')?.isChosen).toBe(true);
});

test('invert switches on and off', () => {
  expect(toolOf('', 'Invert')).toMatchObject({ url: '/frames/7/?invert=1', isChosen: false });
  expect(toolOf('invert=1', 'Invert')).toMatchObject({ url: '/frames/7/', isChosen: true });
});

test('widths beyond the image are not offered', () => {
  expect(toolOf('', '2048 px')?.url).toBe('/frames/7/?width=2048');
  const small = toPicture(new Map(), [{ ...IMAGE, width: 500 }], PLACES);
  expect(small.groups.some(({ label }) => label === 'Width')).toBe(false);
  expect(toPicture(read('width=2048'), [IMAGE], PLACES).isLarge).toBe(true);
});

test('several images can be chosen, a cube has planes', () => {
  const images = [IMAGE, { hdu: 3, label: '3 CUBE', width: 100, planes: 5 }];
  const { groups, planes, src } = toPicture(read('hdu=3&plane=4'), images, PLACES);
  expect(
    groups.find(({ label }) => label === 'HDU')?.tools.map(({ isChosen }) => isChosen),
  ).toEqual([false, true]);
  expect(planes).toEqual({
    label: 'Plane 5 of 5',
    backUrl: '/frames/7/?hdu=3&plane=3',
    nextUrl: '',
  });
  expect(src).toContain('&hdu=3&plane=4');
});

test('forms of the page hand on how the picture is shown, nothing else', () => {
  expect(pictureFields(read('stretch=log&invert=1&hq=x&from=y'))).toEqual([
    { name: 'stretch', value: 'log' },
    { name: 'invert', value: '1' },
  ]);
});

test('the thumbnails of the lists are those that are drawn when a frame arrives', () => {
  const query = Object.fromEntries(new URLSearchParams(THUMBNAIL_QUERY));
  expect(parseRenderOptions(query)).toEqual(THUMBNAIL);
});
