import type { XisfBlock, XisfCompression } from '../types.js';
import type { ImageElement } from './unit.js';

/** What is the matter with an image, and whether the file should be refused for it. */
export interface Problem {
  readonly level: 'error' | 'warning';
  readonly text: string;
}

/** The shape of an image as its attributes tell it. */
export interface Shape {
  readonly sampleFormat: XisfBlock['sampleFormat'];
  readonly axes: readonly number[];
  readonly channels: number;
  readonly dataBytes: number;
}

/** BITPIX of the sample formats; complex ones, which are not read, by their parts. XISF 1.0 §11.5.1. */
const BITPIX: Readonly<Record<string, number>> = {
  UInt8: 8,
  UInt16: 16,
  UInt32: 32,
  UInt64: 64,
  Float32: -32,
  Float64: -64,
  Complex32: -32,
  Complex64: -64,
};

const MAX_AXES = 16;
/** The widest item there is a reason for is a complex number of 16 bytes. */
const MAX_ITEM_BYTES = 128;
/** Thousands of parts; writers make a few. */
const MAX_SUBBLOCKS_TEXT = 64 * 1024;

/** BITPIX for a sample format of XISF 1.0, 8 for one that is not known. */
export function bitpixOf(sampleFormat: string | undefined): number {
  return (sampleFormat === undefined ? undefined : BITPIX[sampleFormat]) ?? 8;
}

/** Bytes of a sample of an image. */
export function sampleBytes(sampleFormat: XisfBlock['sampleFormat']): number {
  return Math.abs(bitpixOf(sampleFormat)) / 8;
}

/** Sample format and geometry of an image, or what is the matter with them. XISF 1.0 §11.5.1. */
export function readShape(attributes: ReadonlyMap<string, string>): Shape | Problem {
  const geometry = attributes.get('geometry') ?? '';
  const lengths = geometry.split(':', MAX_AXES + 2).map((text) => toCount(text) ?? 0);
  if (lengths.includes(0) || lengths.length < 2 || lengths.length > MAX_AXES + 1) {
    return error(`its geometry cannot be "${geometry.slice(0, 40)}"`);
  }
  const format = attributes.get('sampleFormat') ?? '';
  if (format.startsWith('Complex')) return warning('its samples are complex numbers');
  if (!isSampleFormat(format)) return error(`its sample format cannot be "${format.slice(0, 40)}"`);
  const samples = lengths.reduce((product, length) => product * BigInt(length), 1n);
  const bytes = samples * BigInt(sampleBytes(format));
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER))
    return error(`it announces ${bytes} bytes of samples`);
  const channels = lengths.pop() ?? 1;
  return {
    sampleFormat: format,
    axes: toAxes(lengths, channels),
    channels,
    dataBytes: Number(bytes),
  };
}

/** The block of an image with its samples, or what is the matter with it. XISF 1.0 §10. */
export function readBlock(image: ImageElement, shape: Shape): XisfBlock | Problem {
  const place = findBlock(image);
  if ('level' in place) return place;
  const { attributes, offset, lengthBytes, inline } = place;
  const compression = readCompression(attributes);
  if (compression === null) return error('its compression cannot be understood');
  return {
    sampleFormat: shape.sampleFormat,
    littleEndian: image.attributes.get('byteOrder')?.toLowerCase() !== 'big',
    planar: image.attributes.get('pixelStorage')?.toLowerCase() !== 'normal',
    channels: shape.channels,
    offset,
    lengthBytes,
    inline,
    compression,
  };
}

/** What keeps the samples of a block from being read, seen before reading; undefined if nothing. */
export function blockProblem(block: XisfBlock, dataBytes: number): Problem | undefined {
  const { compression, lengthBytes } = block;
  if (compression === undefined) {
    if (lengthBytes >= dataBytes) return undefined;
    return error(`its block has ${lengthBytes} of the ${dataBytes} bytes of its samples`);
  }
  const { codec, expandedBytes, subblocks } = compression;
  if (codec === 'zstd') return warning('it is compressed with zstd, which is not read');
  if (expandedBytes !== dataBytes) {
    return error(`its block expands to ${expandedBytes} bytes in place of ${dataBytes}`);
  }
  if (subblocks.length === 0) return undefined;
  const packed = subblocks.reduce((sum, part) => sum + part.packedBytes, 0);
  const expanded = subblocks.reduce((sum, part) => sum + part.expandedBytes, 0);
  if (packed === lengthBytes && expanded === expandedBytes) return undefined;
  return error('the parts of its block do not add up');
}

/** Where a block stands, and the element that tells how it is encoded. */
interface Place {
  readonly attributes: ReadonlyMap<string, string>;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly inline: Uint8Array | undefined;
}

function findBlock({ attributes, inline }: ImageElement): Place | Problem {
  const location = attributes.get('location') ?? '';
  const [kind, first = '', second = '', ...more] = location.split(':', 4);
  if (kind === 'attachment' && more.length === 0) {
    const offset = toCount(first);
    const lengthBytes = toCount(second);
    if (offset !== undefined && lengthBytes !== undefined) {
      return { attributes, offset, lengthBytes, inline: undefined };
    }
  }
  if (location === 'embedded' || kind === 'inline') {
    if (inline === undefined) return error('its element has no Data');
    const { bytes, encoding } = inline;
    if (encoding !== 'base64' && encoding !== 'hex') {
      return error(`its encoding cannot be "${encoding.slice(0, 40)}"`);
    }
    return { attributes: inline.attributes, offset: 0, lengthBytes: bytes.length, inline: bytes };
  }
  if (/^(?:url|path)\(/.test(location)) return warning('its samples are outside the file');
  return error(`its location cannot be "${location.slice(0, 40)}"`);
}

/** Undefined without compression, null if it cannot be understood. XISF 1.0 §10.6. */
function readCompression(
  attributes: ReadonlyMap<string, string>,
): XisfCompression | undefined | null {
  const text = attributes.get('compression');
  if (text === undefined || text === '') return undefined;
  const match = /^(zlib|lz4|lz4hc|zstd)(\+sh)?:(\d+)(?::(\d+))?$/.exec(text);
  const [, codec, shuffled, size = '', item] = match ?? [];
  const expandedBytes = toCount(size);
  const subblocks = readSubblocks(attributes.get('subblocks') ?? '');
  const shuffleBytes = shuffled === undefined ? 0 : toCount(item ?? '');
  if (!isCodec(codec) || expandedBytes === undefined || subblocks === undefined) return null;
  if (shuffleBytes === undefined || shuffleBytes > MAX_ITEM_BYTES) return null;
  if (shuffled !== undefined && shuffleBytes === 0) return null;
  // An item of one byte stays where it is.
  return { codec, expandedBytes, shuffleBytes: shuffleBytes === 1 ? 0 : shuffleBytes, subblocks };
}

function readSubblocks(text: string): XisfCompression['subblocks'] | undefined {
  if (text === '') return [];
  if (text.length > MAX_SUBBLOCKS_TEXT) return undefined;
  const parts: { packedBytes: number; expandedBytes: number }[] = [];
  for (const pair of text.split(':')) {
    const [packed = '', expanded = '', ...more] = pair.split(',', 3);
    const packedBytes = toCount(packed);
    const expandedBytes = toCount(expanded);
    if (packedBytes === undefined || expandedBytes === undefined || more.length > 0)
      return undefined;
    parts.push({ packedBytes, expandedBytes });
  }
  return parts;
}

/** Channels are planes of their own, so they come third at the earliest. */
function toAxes(lengths: readonly number[], channels: number): number[] {
  if (channels === 1) return [...lengths];
  return lengths.length === 1 ? [...lengths, 1, channels] : [...lengths, channels];
}

function isSampleFormat(text: string): text is XisfBlock['sampleFormat'] {
  return Object.hasOwn(BITPIX, text) && !text.startsWith('Complex');
}

function isCodec(text: string | undefined): text is XisfCompression['codec'] {
  return text === 'zlib' || text === 'lz4' || text === 'lz4hc' || text === 'zstd';
}

/** A whole number of no sign up to 2^53, or undefined. */
function toCount(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function error(text: string): Problem {
  return { level: 'error', text };
}

function warning(text: string): Problem {
  return { level: 'warning', text };
}
