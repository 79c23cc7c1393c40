import { parameter } from '../http/index.js';

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

/** Values as `parseRenderOptions` of the preview room reads them; the first is the page's default. */
const CHOICES = [
  { name: 'stretch', label: 'Stretch', key: 'S', values: { asinh: 'Asinh', linear: 'Linear', log: 'Log', sqrt: 'Sqrt' } },
  { name: 'limits', label: 'Cuts', key: 'C', values: { zscale: 'Zscale', '99.5': '99.5\u202f%', minmax: 'Min–max' } },
  { name: 'cmap', label: 'Colour map', key: '', values: { grey: 'Grey', viridis: 'Viridis', heat: 'Heat', ice: 'Ice' } },
  { name: 'invert', label: 'Invert', key: 'I', values: { '': 'As it is', '1': 'Inverted' } },
  { name: 'width', label: 'Size', key: '', values: { '1024': '1024', '512': '512', '2048': '2048', '4096': '4096' } },
] as const;

/** Parameters of the page that are about the picture; HDU and plane have no default. */
const NAMES: readonly string[] = [...CHOICES.map(({ name }) => name), 'hdu', 'plane'];

/** An image of the file that can be shown. */
export interface ImageHdu {
  readonly hdu: number;
  readonly label: string;
  readonly planes: number;
}

/**
 * Address of the picture and the tool bar for the parameters of a page. A value that is none of the
 * choices (`limits=2-98`) is handed on to the renderer, which says if it cannot read it.
 *
 * @param pageUrl    address of the page without query
 * @param pictureUrl address of the preview without query
 */
export function toPicture(
  parameters: Parameters,
  images: readonly ImageHdu[],
  { pageUrl, pictureUrl }: { readonly pageUrl: string; readonly pictureUrl: string },
) {
  const given = (name: string): string => parameter(parameters, name);
  const picture = new URLSearchParams();
  for (const { name, values } of CHOICES) {
    const value = given(name) || (Object.keys(sorted(values))[0] ?? '');
    if (value !== '') picture.set(name, value);
  }
  for (const name of ['hdu', 'plane', 'min', 'max']) if (given(name) !== '') picture.set(name, given(name));

  const url = (changes: Readonly<Record<string, string>>): string => {
    const query = new URLSearchParams();
    for (const [name, values] of parameters) for (const value of values) query.append(name, value);
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    return text === '' ? pageUrl : `${pageUrl}?${text}`;
  };

  const groups: ToolGroup[] = CHOICES.map(({ name, label, key, values }) => {
    const entries = Object.entries(sorted(values));
    const usual = entries[0]?.[0] ?? '';
    return {
      label,
      key,
      tools: entries.map(([value, text]) => ({
        label: text,
        url: url({ [name]: value === usual ? '' : value }),
        isChosen: (given(name) || usual) === value,
      })),
    };
  });
  const shown = images.find(({ hdu }) => String(hdu) === given('hdu')) ?? images[0];
  if (images.length > 1) {
    groups.push({
      label: 'HDU',
      key: '',
      tools: images.map(({ hdu, label }) => ({
        label,
        url: url({ hdu: String(hdu), plane: '' }),
        isChosen: shown?.hdu === hdu,
      })),
    });
  }
  return { src: `${pictureUrl}?${picture.toString()}`, groups, planes: toPlanes(shown, given('plane'), url) };
}

/** Steps through the planes of a cube; null for a plain image. */
function toPlanes(
  image: ImageHdu | undefined,
  given: string,
  url: (changes: Readonly<Record<string, string>>) => string,
) {
  if (image === undefined || image.planes < 2) return null;
  const plane = /^\d{1,6}$/.test(given) ? Math.min(Number(given), image.planes - 1) : 0;
  return {
    label: `Plane ${plane + 1} of ${image.planes}`,
    backUrl: plane > 0 ? url({ plane: String(plane - 1) }) : '',
    nextUrl: plane + 1 < image.planes ? url({ plane: String(plane + 1) }) : '',
  };
}

/** Keys that look like numbers come first in an object whatever the order; the table means its own. */
function sorted(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return values;
}

/** What is left of the parameters of the page when the picture goes: for forms of the other parts. */
export function pictureFields(parameters: Parameters): { name: string; value: string }[] {
  return NAMES.flatMap((name) => {
    const value = parameter(parameters, name);
    return value === '' ? [] : [{ name, value }];
  });
}
