import { AppError } from '../../lib/errors.js';
import { MAX_HEADER_BYTES } from '../header.js';
import type { ByteSource, Card } from '../types.js';
import { HEADER_OFFSET, addKeyword, isWantedProperty } from './cards.js';
import { readXml } from './xml.js';
import type { XmlEvents } from './xml.js';

const SIGNATURE = 'XISF0100';
const MAX_IMAGES = 1000;
/** Ten times the longest processing history seen. */
const MAX_CARDS = 20_000;
/** More than any name or number needs. */
const MAX_PROPERTY_LENGTH = 1000;

/** An Image element with what is told inside it. */
export interface ImageElement {
  readonly attributes: ReadonlyMap<string, string>;
  readonly cards: readonly Card[];
  /** Text of the properties that an index wants, by id. */
  readonly properties: ReadonlyMap<string, string>;
  /** The block that is its text, or that of its Data element; undefined without either. */
  readonly inline: InlineBlock | undefined;
}

/** A block within the header, and the element that tells how it is compressed. XISF 1.0 §10.3. */
export interface InlineBlock {
  readonly attributes: ReadonlyMap<string, string>;
  readonly encoding: string;
  /** Empty for an unknown encoding. */
  readonly bytes: Uint8Array;
}

/** The header of a monolithic XISF file, as far as it is used. */
export interface XisfUnit {
  readonly images: readonly ImageElement[];
  /** Properties of the file as a whole. */
  readonly properties: ReadonlyMap<string, string>;
}

/** True if the file starts as a monolithic XISF file does. XISF 1.0 §9.2. */
export function startsWithXisf(start: Uint8Array): boolean {
  return latin1(start.subarray(0, SIGNATURE.length)) === SIGNATURE;
}

/**
 * Reads the XML header of a monolithic XISF file. XISF 1.0 §9.2.
 *
 * @throws 'fits_unsupported' for the parts of a distributed XISF unit; 'fits_invalid' for anything
 *         else that is not XISF, or bad XML; 'fits_truncated' if the file ends inside its header;
 *         'too_large' for a header beyond 8 MB
 */
export async function readUnit(source: ByteSource): Promise<XisfUnit> {
  const start = await source.read(0, 512);
  if (!startsWithXisf(start)) throw notMonolithic(latin1(start));
  const length = start.length < HEADER_OFFSET ? undefined : uint32(start, SIGNATURE.length);
  if (length === 0) throw new AppError('fits_invalid', 'The XISF file has an empty header.');
  if (length !== undefined && length > MAX_HEADER_BYTES) {
    throw new AppError('too_large', 'The header of the XISF file is longer than 8 MB.', { length });
  }
  const bytes = length === undefined ? start : await source.read(HEADER_OFFSET, length);
  if (length === undefined || bytes.length < length) {
    throw new AppError('fits_truncated', 'The XISF file ends inside its header.');
  }
  const { unit, events } = collectUnit();
  await readXml(withoutFill(bytes), events);
  if (unit.images.length === 0) {
    throw new AppError('fits_unsupported', 'The XISF file has no image.');
  }
  return unit;
}

/** An image while its element is open. */
interface Draft extends ImageElement {
  readonly cards: Card[];
  readonly properties: Map<string, string>;
  inline: InlineBlock | undefined;
}

/** An open element, as far as it means something where it stands. */
interface OpenElement {
  readonly isRoot?: boolean;
  readonly image?: Draft;
  readonly take?: (text: string) => void;
  readonly finish?: () => void;
}

function collectUnit(): { unit: XisfUnit; events: XmlEvents } {
  const images: Draft[] = [];
  const properties = new Map<string, string>();
  const stack: OpenElement[] = [];
  let cards = 0;
  const begin = (name: string, attributes: ReadonlyMap<string, string>): OpenElement => {
    const parent = stack.at(-1);
    if (parent === undefined) return beginRoot(name);
    if (name === 'Image') return beginImage(attributes, images);
    if (name === 'Property') {
      const place = parent.image?.properties ?? (parent.isRoot === true ? properties : undefined);
      return place === undefined ? {} : beginProperty(attributes, place);
    }
    const { image } = parent;
    if (image === undefined) return {};
    if (name === 'Data') return beginBlock(image, attributes, attributes.get('encoding') ?? '');
    if (name === 'FITSKeyword') {
      cards += 1;
      if (cards > MAX_CARDS) throw tooMany(`${MAX_CARDS} keywords`);
      addKeyword(image.cards, attributes);
    }
    return {};
  };
  const events: XmlEvents = {
    open: (name, attributes) => stack.push(begin(name, attributes)),
    text: (text) => stack.at(-1)?.take?.(text),
    close: () => stack.pop()?.finish?.(),
  };
  return { unit: { images, properties }, events };
}

function beginRoot(name: string): OpenElement {
  if (name === 'xisf') return { isRoot: true };
  const found = name.slice(0, 40);
  throw new AppError('fits_invalid', `The header of the XISF file holds ${found}, not xisf.`);
}

function beginImage(attributes: ReadonlyMap<string, string>, images: Draft[]): OpenElement {
  if (images.length >= MAX_IMAGES) throw tooMany(`${MAX_IMAGES} images`);
  const image: Draft = { attributes, cards: [], properties: new Map(), inline: undefined };
  images.push(image);
  const [kind, encoding = ''] = attributes.get('location')?.split(':', 2) ?? [];
  return kind === 'inline' ? { image, ...beginBlock(image, attributes, encoding) } : { image };
}

/** Decodes text as it comes, so that no long text is decoded at once. XISF 1.0 §10.3. */
function beginBlock(
  image: Draft,
  attributes: ReadonlyMap<string, string>,
  encoding: string,
): OpenElement {
  const isKnown = encoding === 'base64' || encoding === 'hex';
  const pieces: Buffer[] = [];
  let rest = ''; // what does not fill a group of characters yet
  return {
    take: (text) => {
      if (!isKnown) return;
      rest += text.replace(/\s+/g, '');
      const end = rest.length - (rest.length % 4);
      pieces.push(Buffer.from(rest.slice(0, end), encoding));
      rest = rest.slice(end);
    },
    finish: () => {
      if (isKnown) pieces.push(Buffer.from(rest, encoding));
      image.inline ??= { attributes, encoding, bytes: new Uint8Array(Buffer.concat(pieces)) };
    },
  };
}

/** A value stands in an attribute or, for longer strings, in the element. XISF 1.0 §11.1. */
function beginProperty(
  attributes: ReadonlyMap<string, string>,
  properties: Map<string, string>,
): OpenElement {
  const id = attributes.get('id');
  if (id === undefined || !isWantedProperty(id) || properties.has(id)) return {};
  const value = attributes.get('value');
  if (value !== undefined) properties.set(id, value);
  if (value !== undefined || attributes.has('location')) return {};
  let whole = '';
  return {
    take: (text) => {
      if (whole.length + text.length <= MAX_PROPERTY_LENGTH) whole += text;
    },
    finish: () => properties.set(id, whole),
  };
}

function tooMany(what: string): AppError {
  return new AppError('fits_invalid', `The XISF file has more than ${what}.`);
}

function notMonolithic(text: string): AppError {
  if (text.startsWith('XISB') || /^\s*(?:<\?xml|<!--|<xisf\b)[^]*<(?:\w+:)?xisf\b/.test(text)) {
    const what = 'The file is a part of a distributed XISF unit (.xish, .xisb)';
    return new AppError('fits_unsupported', `${what}; save the image as one .xisf file.`);
  }
  return new AppError('fits_invalid', 'The file is not XISF.');
}

/** Some writers count the zeros after the XML as part of it. */
function withoutFill(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
