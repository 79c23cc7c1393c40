import { AppError } from '../lib/errors.js';
import { createPace } from './pace.js';

const MIN_BITS = 9;
const MAX_BITS = 16;
const CLEAR = 256;
const OUTPUT_BYTES = 256 * 1024;
const LONGEST_STRING = 1 << MAX_BITS;
const STEP_BYTES = 32 * 1024;

/**
 * Expands the output of Unix `compress`: LZW with codes of 9 to 16 bits, lowest bit first. The format
 * has neither a length nor a check, so a file that breaks off is read as a shorter one.
 * Welch 1984 (IEEE Computer 17, 6, 8), with the header of the program `compress`.
 *
 * @param pieces the file from its first byte, in pieces of any length
 * @throws 'fits_invalid' if the codes are damaged
 */
export async function* expandCompress(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const pace = createPace();
  const decoder = new LzwDecoder();
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += STEP_BYTES) {
      decoder.give(piece.subarray(at, at + STEP_BYTES));
      for (let more = true; more;) {
        more = decoder.run();
        const full = decoder.takeFull();
        if (full !== undefined) yield full;
        await pace();
      }
    }
  }
  yield decoder.takeRest();
}

/**
 * The dictionary and where decoding stands. Codes come in groups of eight: where their width changes,
 * and after a CLEAR code, the rest of the group is fill.
 */
class LzwDecoder {
  private readonly prefix = new Uint16Array(1 << MAX_BITS);
  private readonly suffix = new Uint8Array(1 << MAX_BITS);
  private readonly lengths = new Uint32Array(1 << MAX_BITS).fill(1, 0, CLEAR);
  private input: Uint8Array = new Uint8Array(0);
  private at = 0;
  private bits = 0; // bits read but not yet used, the next one lowest
  private bitCount = 0;
  private skipBits = 0;
  private groupBits = 0; // bits used since the width last changed
  private width = MIN_BITS;
  private free = CLEAR;
  private before = -1; // the code before; -1 at the start and after CLEAR
  private maxBits = 0;
  private hasClear = false;
  private headerLeft = 3;
  private output = new Uint8Array(OUTPUT_BYTES);
  private filled = 0;

  /** Adds input; what was given before has been used up. */
  give(piece: Uint8Array): void {
    this.input = piece;
    this.at = 0;
    while (this.headerLeft > 0 && this.at < piece.length) this.readHeader(piece[this.at++] ?? 0);
  }

  /** Decodes until the input is used up or the output is full; true if there is input left. */
  run(): boolean {
    if (this.headerLeft > 0) return false;
    while (this.filled + LONGEST_STRING <= OUTPUT_BYTES) {
      const code = this.nextCode();
      if (code < 0) return false;
      if (code === CLEAR && this.hasClear) this.clear();
      else this.expand(code);
    }
    return true;
  }

  /** The output, if there is no room for another string. */
  takeFull(): Uint8Array | undefined {
    return this.filled + LONGEST_STRING <= OUTPUT_BYTES ? undefined : this.takeRest();
  }

  takeRest(): Uint8Array {
    const taken = this.output.subarray(0, this.filled);
    this.output = new Uint8Array(OUTPUT_BYTES);
    this.filled = 0;
    return taken;
  }

  private readHeader(byte: number): void {
    this.headerLeft -= 1;
    if (this.headerLeft > 0) return; // the two bytes of the magic number
    this.maxBits = byte & 0x1f;
    this.hasClear = (byte & 0x80) !== 0;
    if (this.maxBits < MIN_BITS || this.maxBits > MAX_BITS) throw damaged();
    this.free = this.hasClear ? CLEAR + 1 : CLEAR;
  }

  /** The next code; -1 if the input does not hold a whole one. */
  private nextCode(): number {
    if (this.free === 1 << this.width && this.width < this.maxBits) this.startGroup(this.width + 1);
    while (this.bitCount < this.width || this.skipBits > 0) {
      if (this.at >= this.input.length) return -1;
      if (this.bitCount === 0 || this.skipBits === 0) {
        this.bits |= (this.input[this.at++] ?? 0) << this.bitCount;
        this.bitCount += 8;
      }
      const skip = Math.min(this.skipBits, this.bitCount);
      this.bits >>>= skip;
      this.bitCount -= skip;
      this.skipBits -= skip;
    }
    const code = this.bits & ((1 << this.width) - 1);
    this.bits >>>= this.width;
    this.bitCount -= this.width;
    this.groupBits += this.width;
    return code;
  }

  private startGroup(width: number): void {
    const group = this.width * 8;
    this.skipBits = (group - (this.groupBits % group)) % group;
    this.groupBits = 0;
    this.width = width;
  }

  private clear(): void {
    this.startGroup(MIN_BITS);
    this.free = CLEAR + 1;
    this.before = -1;
  }

  private expand(code: number): void {
    const { before, output } = this;
    const known = code < CLEAR || (code < this.free && code >= (this.hasClear ? CLEAR + 1 : CLEAR));
    // A code may name the very string that it completes: the one before and its own first byte.
    const completes = code === this.free && before >= 0 && this.free < 1 << this.maxBits;
    if (!known && !completes) throw damaged();
    const source = known ? code : before;
    const length = this.lengths[source] ?? 1;
    let at = this.filled + length - 1;
    let link = source;
    for (; link >= CLEAR; link = this.prefix[link] ?? 0) output[at--] = this.suffix[link] ?? 0;
    output[at] = link;
    this.filled += length;
    if (!known) output[this.filled++] = link;
    if (before >= 0 && this.free < 1 << this.maxBits) {
      this.prefix[this.free] = before;
      this.suffix[this.free] = link;
      this.lengths[this.free] = (this.lengths[before] ?? 0) + 1;
      this.free += 1;
    }
    this.before = code;
  }
}

function damaged(): AppError {
  return new AppError('fits_invalid', 'The Unix compress data are damaged.');
}
