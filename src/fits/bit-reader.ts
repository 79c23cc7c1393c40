/**
 * Bits of a stream, highest first. Reading itself never waits: `ensure` fetches input ahead. Beyond the
 * end come zeros, and `isBeyondEnd` tells. The fields are open for loops that decode very many codes.
 */
export class BitReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Index in `bytes` of the next byte to take. */
  at = 0;
  /** The lowest `count` bits are taken from `bytes` and not yet used. */
  bits = 0;
  count = 0;
  private ended = false;
  private readonly pieces: AsyncIterator<Uint8Array>;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  /** True once more bits were used than there are. */
  get isBeyondEnd(): boolean {
    return this.at * 8 - this.count > this.bytes.length * 8;
  }

  /** Fetches until `length` bytes are at hand or the stream has ended. */
  ensure(length: number): Promise<void> | undefined {
    return this.ended || this.bytes.length - this.at >= length ? undefined : this.fetch(length);
  }

  /** The next bits as a number. @param width 1 to 24 */
  read(width: number): number {
    while (this.count < width) {
      this.bits = (this.bits << 8) | (this.bytes[this.at] ?? 0);
      this.at += 1;
      this.count += 8;
    }
    this.count -= width;
    return (this.bits >>> this.count) & ((1 << width) - 1);
  }

  read32(): number {
    return this.read(16) * 2 ** 16 + this.read(16);
  }

  /** Drops what is left of a byte partly used. */
  alignToByte(): void {
    this.count -= this.count % 8;
  }

  /** Ends the stream early. */
  async stop(): Promise<void> {
    await this.pieces.return?.();
  }

  private async fetch(length: number): Promise<void> {
    const parts = [this.bytes.subarray(this.at)];
    for (let have = this.bytes.length - this.at; have < length;) {
      const next = await this.pieces.next();
      if (next.done === true) {
        this.ended = true;
        break;
      }
      parts.push(next.value);
      have += next.value.length;
    }
    // Bytes taken beyond the end must stay counted, so nothing is dropped there.
    if (this.at > this.bytes.length) return;
    this.bytes = Buffer.concat(parts);
    this.at = 0;
  }
}
