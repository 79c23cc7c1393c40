import { AppError } from '../../lib/errors.js';
import type { ByteSource, Hdu } from '../types.js';

const READ_AHEAD_BYTES = 1024 * 1024;

/** Reads of neighbouring small ranges of an HDU's data, made few large ones. */
export class ReadAhead {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private readonly end: number;

  constructor(
    private readonly source: ByteSource,
    hdu: Hdu,
  ) {
    this.end = hdu.dataOffset + hdu.dataBytes;
  }

  /** Where the bytes end that have been read already. */
  get heldTo(): number {
    return this.start + this.bytes.length;
  }

  /** A range that has been read already; undefined for others. Saves waiting where there is no need. */
  held(offset: number, length: number): Uint8Array | undefined {
    const from = offset - this.start;
    const isHeld = from >= 0 && from + length <= this.bytes.length;
    return isHeld ? this.bytes.subarray(from, from + length) : undefined;
  }

  /**
   * A range of the file, and with it some of what comes after.
   *
   * @param until says where it ends what may be wanted next: nothing beyond is read ahead. A hint, only
   *        asked for if there is something to read: whatever it says, the range is the same
   * @throws 'fits_truncated' if the file ends within the range
   */
  async read(offset: number, length: number, until: () => number): Promise<Uint8Array> {
    const held = this.held(offset, length);
    if (held !== undefined) return held;
    const ahead = Math.min(READ_AHEAD_BYTES, this.end - offset, until() - offset);
    this.bytes = await this.source.read(offset, ahead > length ? ahead : length);
    this.start = offset;
    if (this.bytes.length < length) {
      throw new AppError('fits_truncated', 'The file ends inside a compressed image.');
    }
    return this.bytes.subarray(0, length);
  }
}
