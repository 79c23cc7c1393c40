/**
 * One card of a header, in the order of the file. `text` is the card as it stands in the file (for a
 * long string: its CONTINUE cards joined by a line break), so that nothing is lost by reading.
 * FITS Standard 4.0 §4.
 */
export interface Card {
  /** Keyword without blanks; HIERARCH keywords without the word HIERARCH; '' for a blank keyword. */
  readonly keyword: string;
  readonly kind:
    | 'logical'
    | 'integer'
    | 'float'
    | 'complex'
    | 'string'
    | 'undefined' // a value indicator without a value
    | 'commentary' // COMMENT, HISTORY, blank: `value` is the text
    | 'bad'; // not readable as any of these: `value` is the text, such as a string without quotes
  /** Integers beyond 2^53 are bigint; complex values are [real, imaginary]; undefined is null. */
  readonly value: CardValue;
  readonly comment: string;
  readonly text: string;
  /** Offset of the card in the expanded file, bytes. */
  readonly offset: number;
}

export type CardValue = string | number | bigint | boolean | readonly [number, number] | null;

export interface Header {
  readonly cards: readonly Card[];
  /** First card with this keyword, compared without regard to case; never commentary. */
  card(keyword: string): Card | undefined;
  /** Value of the first card with this keyword; undefined if there is none, null if it has no value. */
  value(keyword: string): CardValue | undefined;
  /** The value if it is a number (a bigint is rounded), or a string that is wholly a number. */
  number(keyword: string): number | undefined;
  /** The value as text: strings without trailing blanks, numbers as written. Undefined if absent or empty. */
  string(keyword: string): string | undefined;
}

/** What an Issue is about, for programs that act on it. */
export type IssueCode =
  | 'truncated' // the file ends before the data or the header it announces; always an error
  | 'padding' // only the fill after the last data is missing or short
  | 'trailing' // bytes after the last HDU
  | 'header' // an extension header that cannot be followed; reading stopped there
  | 'end_missing' // no END card before the end of the file
  | 'card' // a card that cannot be read
  | 'format' // a card that can be read, but is not written as the standard says
  | 'keyword' // a mandatory keyword that is missing, misplaced or has a value it cannot have
  | 'value' // another reserved keyword with a value, or in a place, it cannot have
  | 'duplicate' // a keyword that is there again with another value
  | 'continue' // a CONTINUE card that continues nothing
  | 'fill' // the bytes after END or after the data are not the fill they should be
  | 'column' // a column of a table that does not fit, or contradicts itself
  | 'data' // data that are not what their header says
  | 'checksum'; // CHECKSUM or DATASUM is not that of the bytes

/** Something found while reading that is not as the standard says. Nothing is thrown for it. */
export interface Issue {
  readonly code: IssueCode;
  readonly level: 'error' | 'warning';
  readonly hdu: number;
  readonly keyword: string;
  readonly offset: number;
  readonly text: string;
}

export type HduKind =
  'image' | 'compressed-image' | 'bintable' | 'compressed-table' | 'table' | 'groups' | 'unknown';

export interface Hdu {
  readonly index: number;
  /** EXTNAME, '' if there is none. */
  readonly name: string;
  readonly kind: HduKind;
  readonly header: Header;
  /** BITPIX of the image; of the image inside for a compressed one. */
  readonly bitpix: number;
  /** Lengths of the axes, NAXIS1 first; of the image inside for a compressed one. [] without data. */
  readonly axes: readonly number[];
  /** ZCMPTYPE for a compressed image, else ''. */
  readonly compression: string;
  /** Offsets and length in the expanded file, bytes, without padding. */
  readonly headerOffset: number;
  readonly dataOffset: number;
  readonly dataBytes: number;
  /** How the pixels of an XISF image are kept; absent in a FITS file. */
  readonly block?: XisfBlock;
}

/** Where and how an XISF file keeps the samples of an image. XISF 1.0 §10, §11.5. */
export interface XisfBlock {
  readonly sampleFormat: 'UInt8' | 'UInt16' | 'UInt32' | 'UInt64' | 'Float32' | 'Float64';
  readonly littleEndian: boolean;
  /** Channels one after another (planar), or the samples of a pixel together (normal). */
  readonly planar: boolean;
  /** Number of channels; the last of the axes if there is more than one. */
  readonly channels: number;
  /** Offset and length of the block in the file, bytes, as it is kept. */
  readonly offset: number;
  readonly lengthBytes: number;
  /** The block itself, as it is kept, if it stands in the XML header; else undefined. */
  readonly inline: Uint8Array | undefined;
  readonly compression: XisfCompression | undefined;
}

/** How a block is compressed. XISF 1.0 §10.6. */
export interface XisfCompression {
  /** Blocks of zstd can be named, but not expanded. */
  readonly codec: 'zlib' | 'lz4' | 'lz4hc' | 'zstd';
  /** Length of the samples once expanded, bytes. */
  readonly expandedBytes: number;
  /** Bytes of an item whose bytes were put apart before compression; 0 if they were not. */
  readonly shuffleBytes: number;
  /** Parts compressed each on its own, in order; [] for one part. */
  readonly subblocks: readonly { readonly packedBytes: number; readonly expandedBytes: number }[];
}

/** Bytes at a place; the only thing the codec asks of the world. */
export interface ByteSource {
  /** Length of the expanded content in bytes; inside gzip only known once its end was reached. */
  readonly sizeBytes: number;
  /**
   * Bytes [position, position + length), fewer at the end of the source. The caller owns them.
   *
   * @param room memory that they may be put into, if they fit and lie in a file as they are
   */
  read(position: number, length: number, room?: Uint8Array): Promise<Uint8Array>;
  /** How many of the first `end` bytes exist: `end`, or the length of the source if that is less. */
  extent(end: number): Promise<number>;
  close(): Promise<void>;
}

/** How the bytes of a file are wrapped; found by its first bytes, never by its name. */
export type Container = 'plain' | 'gzip' | 'bzip2' | 'compress' | 'zip';

/** Bounds for what a compressed file may become, and where it may be put meanwhile. */
export interface SourceLimits {
  /** Most bytes a compressed file may expand to. */
  readonly maxExpandedBytes: number;
  /** Most times its own size a large compressed file may expand to. */
  readonly maxExpansionRatio: number;
  /** Folder for a temporary expanded copy; made only when pixels or rows of it are read. */
  readonly tempDir: string;
}

/** An open FITS or XISF file: all headers read, no data. Close it when done. */
export interface FitsFile {
  readonly format: 'fits' | 'xisf';
  readonly container: Container;
  /** Length of the expanded content in bytes. */
  readonly sizeBytes: number;
  readonly hdus: readonly Hdu[];
  readonly issues: readonly Issue[];
  /** Where the codec reads data from; other rooms use `eachStrip` and `eachRow`. */
  readonly source: ByteSource;
  /** Frees the file and anything temporary. Closing twice is harmless. */
  close(): Promise<void>;
}

/** Pixels as they stand in a file, in the machine's byte order. */
export type NativeArray =
  Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** Integers hold their values exactly; 64-bit integers come as rounded doubles. */
export type PixelArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** A rectangle of pixels; x and y count from 0 at FITS pixel (1,1). */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Some rows of one plane, or of a region of it, FITS row 1 first: the value at (x, y) of the plane is
 * `pixels[(y - firstRow) * width + x - left]`, with the width and left edge of the region.
 */
export interface Strip {
  readonly firstRow: number;
  readonly rows: number;
  /** Physical values: BZERO and BSCALE applied; BLANK, ZBLANK and NaN are NaN in a float array. */
  readonly pixels: PixelArray;
}

/**
 * A strip of pixels as a plain image would keep them: BZERO and BSCALE not applied. Quantized floats
 * of a compressed image are restored, ZBLANK as NaN in them.
 */
export interface NativeStrip {
  readonly firstRow: number;
  readonly rows: number;
  readonly pixels: NativeArray;
}
