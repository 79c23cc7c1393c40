import { parameter } from '../../http/index.js';

/** A choice of the tool bar above a picture: a link that shows the page with it. */
export interface Tool {
  readonly label: string;
  readonly url: string;
  readonly isChosen: boolean;
}

export interface ToolGroup {
  readonly label: string;
  /** Key that goes to the next choice; '' for none. */
  readonly key: string;
  readonly tools: readonly Tool[];
}

type Parameters = ReadonlyMap<string, readonly string[]>;

interface ToolChoice {
  readonly name: string;
  readonly label: string;
  readonly key: string;
  /** Value and words for it; the first is what the page shows unasked. */
  readonly values: readonly (readonly [value: string, text: string])[];
}

/** Values as `parseRenderOptions` of the preview room reads them. */
const CHOICES: readonly ToolChoice[] = [
  {
    name: 'stretch',
    label: 'Stretch',
    key: 'S',
    values: [
      ['linear', 'Linear'],
      ['asinh', 'Asinh'],
      ['log', 'Log'],
      ['sqrt', 'Sqrt'],
    ],
  },
  {
    name: 'limits',
    label: 'Cuts',
    key: 'C',
    values: [
      ['zscale', 'Zscale'],
      ['99.5', '99.5\u202f%'],
      ['minmax', 'Min–max'],
    ],
  },
  {
    name: 'cmap',
    label: 'Colour map',
    key: '',
    values: [
      ['grey', 'Grey'],
      ['viridis', 'Viridis'],
      ['heat', 'Heat'],
      ['ice', 'Ice'],
    ],
  },
];

/** Parameters of the page that are about the picture; HDU and plane have no default. */
const NAMES = [
  ...CHOICES.map(({ name }) => name),
  ...['width', 'invert', 'hdu', 'plane', 'min', 'max', 'grid', 'at'],
];

/** Width of the picture that fits the page, and those to look closer, in pixels. */
export const FIT = 1024;
const LARGER = [2048, 4096];

/** An image of the file that can be shown. */
export interface ImageHdu {
  readonly hdu: number;
  readonly label: string;
  readonly width: number;
  readonly planes: number;
}

/** Where the page and its picture are. */
export interface PicturePlaces {
  /** Address of the page without query. */
  readonly pageUrl: string;
  /** Address of the preview without query. */
  readonly pictureUrl: string;
  /** Beginning of the hash of the file, so that browsers may keep what is drawn of it. */
  readonly hash?: string;
}

/**
 * Address of the picture and the tool bar for the parameters of a page. A value that is none of the
 * choices (`limits=2-98`) is handed on to the renderer, which says if it cannot read it.
 */
export function toPicture(
  parameters: Parameters,
  images: readonly ImageHdu[],
  { pageUrl, pictureUrl, hash }: PicturePlaces,
) {
  const given = (name: string): string => parameter(parameters, name);
  const look = new URLSearchParams();
  for (const { name, values } of CHOICES) {
    look.set(name, given(name) || usualOf(values));
  }
  for (const name of ['invert', 'hdu', 'plane', 'min', 'max']) {
    if (given(name) !== '') look.set(name, given(name));
  }
  const picture = new URLSearchParams(look);
  picture.set('width', given('width') || String(FIT));
  for (const query of [look, picture]) if (hash !== undefined) query.set('v', hash);
  const url = linksOf(parameters, pageUrl);
  const groups = choiceGroups(given, url);
  const shown = images.find(({ hdu }) => String(hdu) === given('hdu')) ?? images[0];
  const isLarge = Number(given('width')) > FIT;
  if ((shown?.width ?? 0) > FIT || isLarge) {
    groups.push(sizeGroup(shown?.width ?? 0, given('width'), url));
  }
  if (images.length > 1) {
    const tools = images.map(({ hdu, label }) => ({
      label,
      url: url({ hdu: String(hdu), plane: '', at: '' }),
      isChosen: shown?.hdu === hdu,
    }));
    groups.push({ label: 'HDU', key: '', tools });
  }
  const hasGrid = given('grid') !== '';
  return {
    src: `${pictureUrl}?${picture.toString()}`,
    /** How tiles, histogram and further pictures are drawn. */
    look: look.toString(),
    shown,
    isLarge,
    groups,
    grid: { url: url({ grid: hasGrid ? '' : '1' }), isChosen: hasGrid },
    cuts: { min: given('min'), max: given('max'), offUrl: url({ min: '', max: '' }) },
    planes: toPlanes(shown, given('plane'), url),
  };
}

type Link = (changes: Readonly<Record<string, string>>) => string;

/** Addresses of this page with other parameters; `''` takes one out. */
function linksOf(parameters: Parameters, pageUrl: string): Link {
  return (changes) => {
    const query = new URLSearchParams();
    for (const [name, values] of parameters) for (const value of values) query.append(name, value);
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    return text === '' ? pageUrl : `${pageUrl}?${text}`;
  };
}

function choiceGroups(given: (name: string) => string, url: Link): ToolGroup[] {
  // Cuts by value hold until others are chosen.
  const byValue = given('min') !== '' || given('max') !== '';
  const groups: ToolGroup[] = CHOICES.map(({ name, label, key, values }) => ({
    label,
    key,
    tools: values.map(([value, text]) => ({
      label: text,
      url: url({
        [name]: value === usualOf(values) ? '' : value,
        ...(name === 'limits' ? { min: '', max: '' } : {}),
      }),
      isChosen: (given(name) || usualOf(values)) === value && !(name === 'limits' && byValue),
    })),
  }));
  const isInverted = given('invert') !== '';
  const tools = [
    { label: 'Invert', url: url({ invert: isInverted ? '' : '1' }), isChosen: isInverted },
  ];
  return [...groups, { label: 'Negative', key: 'I', tools }];
}

/** No larger than the image itself: a picture does not get better by being blown up. */
function sizeGroup(imageWidth: number, given: string, url: Link): ToolGroup {
  const larger = LARGER.filter((width) => width < 2 * imageWidth).map((width) => ({
    label: `${width} px`,
    url: url({ width: String(width) }),
    isChosen: given === String(width),
  }));
  const fit = { label: 'Fit', url: url({ width: '' }), isChosen: given === '' };
  return { label: 'Width', key: '', tools: [fit, ...larger] };
}

/** Steps through the planes of a cube; null for a plain image. */
function toPlanes(image: ImageHdu | undefined, given: string, url: Link) {
  if (image === undefined || image.planes < 2) return null;
  const plane = /^\d{1,6}$/.test(given) ? Math.min(Number(given), image.planes - 1) : 0;
  return {
    label: `Plane ${plane + 1} of ${image.planes}`,
    backUrl: plane > 0 ? url({ plane: String(plane - 1) }) : '',
    nextUrl: plane + 1 < image.planes ? url({ plane: String(plane + 1) }) : '',
  };
}

function usualOf(values: ToolChoice['values']): string {
  return values[0]?.[0] ?? '';
}

/** How the picture is shown, as hidden fields for the forms of the page, which must not lose it. */
export function pictureFields(parameters: Parameters): { name: string; value: string }[] {
  return NAMES.flatMap((name) => {
    const value = parameter(parameters, name);
    return value === '' ? [] : [{ name, value }];
  });
}
