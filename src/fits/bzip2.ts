import { AppError } from '../lib/errors.js';
import { BitReader } from './bit-reader.js';
import { BurrowsWheeler } from './burrows-wheeler.js';
import { createPace } from './pace.js';

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const LEVEL_BYTES = 100_000;
const GROUP_SYMBOLS = 50;
const STEP_GROUPS = 100;
const FAST_BITS = 10;
const MAX_CODE_BITS = 20;
/** More than the tables of a block, or the codes of a step, need. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * Expands bzip2, also of several streams after one another; what follows the last one is ignored.
 * The memory is that of one block, and the work is done in small steps. A stream that breaks off is
 * read as a shorter file, up to its last whole block. The format of bzip2 1.0, which has no standard but
 * its program.
 *
 * @param pieces the file from its first byte, in pieces of any length
 * @throws 'fits_invalid' if the data or a check sum are damaged; 'fits_unsupported' for the
 *         randomised blocks of the earliest versions
 */
export async function* expandBzip2(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bits = new BitReader(pieces);
  try {
    let decoder: BlockDecoder | undefined;
    for (;;) {
      await bits.ensure(READ_AHEAD_BYTES);
      const level = readLevel(bits);
      if (level === undefined) return;
      // Streams of one file have one level as a rule: the block's memory is used again.
      if (decoder?.text.capacity !== level * LEVEL_BYTES) decoder = new BlockDecoder(bits, level);
      if (!(yield* eachStreamChunk(bits, decoder))) return;
    }
  } finally {
    await bits.stop();
  }
}

/** One stream after its header; returns false if the file ends within it. */
async function* eachStreamChunk(
  bits: BitReader,
  decoder: BlockDecoder,
): AsyncGenerator<Uint8Array, boolean> {
  const pace = createPace();
  for (let streamSum = 0; ;) {
    await bits.ensure(READ_AHEAD_BYTES);
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    const sum = bits.read32();
    if (bits.isBeyondEnd) return false;
    if (magic === END_MAGIC) {
      if (sum !== streamSum) throw damaged();
      bits.alignToByte();
      return true;
    }
    if (magic !== BLOCK_MAGIC) throw damaged();
    if (!(await decoder.readBlock(pace))) return false;
    for (;;) {
      const chunk = decoder.text.nextChunk();
      if (chunk.length === 0) break;
      yield chunk;
      await pace();
    }
    if (decoder.text.sum !== sum) throw damaged();
    streamSum = (((streamSum << 1) | (streamSum >>> 31)) ^ sum) >>> 0;
  }
}

/** Block size in units of 100 kB from the header of a stream; undefined if there is none. */
function readLevel(bits: BitReader): number | undefined {
  const isStream = bits.read(24) === 0x425a68; // BZh
  const level = bits.read(8) - 0x30;
  return isStream && !bits.isBeyondEnd && level >= 1 && level <= 9 ? level : undefined;
}

/** Reads blocks: their Huffman codes, and the move-to-front and zero-run coding beneath. */
class BlockDecoder {
  readonly text: BurrowsWheeler;
  private readonly order = new Uint8Array(256); // bytes, the last used first
  private tables: HuffmanTable[] = [];
  private selectors: Uint8Array = new Uint8Array(0);
  private endSymbol = 0;
  private group = 0;
  private filled = 0;
  private run = 0; // copies of the first byte that are due
  private runWeight = 1;

  constructor(
    private readonly bits: BitReader,
    level: number,
  ) {
    this.text = new BurrowsWheeler(level * LEVEL_BYTES);
  }

  /** Reads a block after its check sum into `text`; false if the file ends within it. */
  async readBlock(pace: ReturnType<typeof createPace>): Promise<boolean> {
    const { bits } = this;
    if (bits.read(1) === 1) {
      const what =
        'The bzip2 data have randomised blocks, as only its earliest versions wrote them.';
      throw new AppError('fits_unsupported', what);
    }
    const origin = bits.read(24);
    if (!this.readTables()) return this.endOrDamage();
    for (let more = true; more;) {
      await bits.ensure(READ_AHEAD_BYTES);
      more = this.readGroups(Math.min(this.group + STEP_GROUPS, this.selectors.length));
      if (bits.isBeyondEnd) return false;
      await pace();
    }
    if (origin >= this.filled) throw damaged();
    await this.text.order(this.filled, origin, pace);
    return true;
  }

  /** The alphabet, the Huffman tables and which table each group of codes uses; false if unusable. */
  private readTables(): boolean {
    const { bits, order } = this;
    const used = this.readAlphabet();
    order.set(used);
    this.endSymbol = used.length + 1;
    const tables = bits.read(3);
    const groups = bits.read(15);
    if (used.length === 0 || tables < 2 || tables > 6 || groups === 0) return false;
    const recent = Array.from({ length: tables }, (_, index) => index);
    this.selectors = new Uint8Array(groups);
    for (let group = 0; group < groups; group += 1) {
      let index = 0;
      while (bits.read(1) === 1) if ((index += 1) >= tables) return false;
      const [table = 0] = recent.splice(index, 1);
      recent.unshift(table);
      this.selectors[group] = table;
    }
    this.tables = [];
    for (let table = 0; table < tables; table += 1) {
      const lengths = this.readLengths();
      const made = lengths === undefined ? undefined : makeTable(lengths);
      if (made === undefined) return false;
      this.tables.push(made);
    }
    this.group = 0;
    this.filled = 0;
    this.run = 0;
    this.runWeight = 1;
    this.text.counts.fill(0);
    return !bits.isBeyondEnd;
  }

  private readAlphabet(): number[] {
    const rows = this.bits.read(16);
    const used: number[] = [];
    for (let row = 0; row < 16; row += 1) {
      if (((rows >>> (15 - row)) & 1) === 0) continue;
      const columns = this.bits.read(16);
      for (let column = 0; column < 16; column += 1) {
        if (((columns >>> (15 - column)) & 1) === 1) used.push(row * 16 + column);
      }
    }
    return used;
  }

  /** Lengths of the codes of all symbols, each told as steps from the one before. */
  private readLengths(): Uint8Array | undefined {
    const { bits } = this;
    const lengths = new Uint8Array(this.endSymbol + 1);
    let length = bits.read(5);
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      while (length >= 1 && length <= MAX_CODE_BITS && bits.read(1) === 1) {
        length += bits.read(1) === 1 ? -1 : 1;
        if (bits.isBeyondEnd) return undefined;
      }
      if (length < 1 || length > MAX_CODE_BITS) return undefined;
      lengths[symbol] = length;
    }
    return lengths;
  }

  /** Decodes groups of codes up to `stop`; false once the block has ended. */
  private readGroups(stop: number): boolean {
    for (; this.group < stop; this.group += 1) {
      const table = this.tables[this.selectors[this.group] ?? 0];
      if (table === undefined) throw damaged();
      if (this.readGroup(table)) return false;
    }
    if (this.group === this.selectors.length && !this.bits.isBeyondEnd) throw damaged();
    return true;
  }

  /** Decodes 50 codes, or up to the end of the block: true then. */
  private readGroup(table: HuffmanTable): boolean {
    const { bits: reader, order, endSymbol } = this;
    const { entries, counts, capacity } = this.text;
    const { bytes } = reader;
    const { fast } = table;
    let { at, bits, count } = reader;
    let { filled } = this;
    let symbol = 0;
    let isGood = true;
    for (let symbols = 0; symbols < GROUP_SYMBOLS && isGood; symbols += 1) {
      while (count < MAX_CODE_BITS) {
        bits = (bits << 8) | (bytes[at] ?? 0);
        at += 1;
        count += 8;
      }
      const entry = fast[(bits >>> (count - FAST_BITS)) & ((1 << FAST_BITS) - 1)] ?? 0;
      const found = entry !== 0 ? entry : slowEntry(table, bits >>> (count - MAX_CODE_BITS));
      count -= found >>> 9;
      symbol = found & 0x1ff;
      if (symbol < 2) {
        // The digits of a number in base two, lowest first, written with 1 and 2.
        this.run += this.runWeight << symbol;
        this.runWeight *= 2;
        isGood = found !== 0 && this.run <= capacity - filled;
        continue;
      }
      if (this.run > 0) filled = this.writeRun(filled);
      if (symbol === endSymbol) break;
      isGood = filled < capacity;
      const byte = moveToFront(order, symbol - 1);
      counts[byte] = (counts[byte] ?? 0) + 1;
      entries[filled] = byte;
      filled += 1;
    }
    reader.at = at;
    reader.bits = bits;
    reader.count = count;
    this.filled = filled;
    return isGood ? symbol === endSymbol : !this.endOrDamage();
  }

  /** Writes the copies that are due after `filled` entries; returns how many entries there are then. */
  private writeRun(filled: number): number {
    const { entries, counts } = this.text;
    const end = filled + this.run;
    const byte = this.order[0] ?? 0;
    entries.fill(byte, filled, end);
    counts[byte] = (counts[byte] ?? 0) + this.run;
    this.run = 0;
    this.runWeight = 1;
    return end;
  }

  private endOrDamage(): false {
    if (!this.bits.isBeyondEnd) throw damaged();
    return false;
  }
}

/** Brings the byte at `index` to the front and returns it. */
function moveToFront(order: Uint8Array, index: number): number {
  const byte = order[index] ?? 0;
  if (index < 24) for (let at = index; at > 0; at -= 1) order[at] = order[at - 1] ?? 0;
  else order.copyWithin(1, 0, index);
  order[0] = byte;
  return byte;
}

interface HuffmanTable {
  /** For the next 10 bits: length of the code * 512 + symbol; 0 for longer codes. */
  readonly fast: Uint16Array;
  /** For each length: its first code, how many codes it has, and where their symbols start. */
  readonly first: Int32Array;
  readonly codes: Int32Array;
  readonly start: Int32Array;
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array;
}

/** Canonical codes of these lengths; undefined if there are more than fit. */
function makeTable(lengths: Uint8Array): HuffmanTable | undefined {
  const first = new Int32Array(MAX_CODE_BITS + 1);
  const codes = new Int32Array(MAX_CODE_BITS + 1);
  const start = new Int32Array(MAX_CODE_BITS + 1);
  const symbols = new Uint16Array(lengths.length);
  const fast = new Uint16Array(1 << FAST_BITS);
  let code = 0;
  let made = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
    first[length] = code;
    start[length] = made;
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] !== length) continue;
      if (code >= 1 << length) return undefined;
      if (length <= FAST_BITS) {
        const spread = FAST_BITS - length;
        fast.fill((length << 9) | symbol, code << spread, (code + 1) << spread);
      }
      symbols[made] = symbol;
      made += 1;
      code += 1;
    }
    codes[length] = made - (start[length] ?? 0);
    code <<= 1;
  }
  return { fast, first, codes, start, symbols };
}

/** As `fast`, for a code of more than 10 bits; 0 if there is no such code. @param bits the next 20 bits, and any above them */
function slowEntry(table: HuffmanTable, bits: number): number {
  const next = bits & ((1 << MAX_CODE_BITS) - 1);
  for (let length = FAST_BITS + 1; length <= MAX_CODE_BITS; length += 1) {
    const index = (next >>> (MAX_CODE_BITS - length)) - (table.first[length] ?? 0);
    if (index < (table.codes[length] ?? 0)) {
      return (length << 9) | (table.symbols[(table.start[length] ?? 0) + index] ?? 0);
    }
  }
  return 0;
}

function damaged(): AppError {
  return new AppError('fits_invalid', 'The bzip2 data are damaged.');
}
