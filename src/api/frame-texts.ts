import { LRUCache } from 'lru-cache';
import { randomUUID } from 'node:crypto';
import {
  createTextReader,
  type FrameReader,
  type FrameShape,
  type Seer,
  type Viewer,
} from '../catalog/index.js';
import { downloadUrl, versionUrl, type Services } from '../http/index.js';
import { frameShape } from './shapes.js';

/** What is told of frames. */
export interface Told {
  /** `related_frames`, unless it says false. */
  readonly withRelated?: boolean;
  /** `hdus`, if it says true. */
  readonly withHdus?: boolean;
}

/** Reads frames as JSON text in UTF-8, with addresses below `root` that are signed now for who asks. */
export type FrameTexts = (root: string, told?: Told) => Required<FrameReader<Buffer>>;

/** Addresses of one root and one account are equally long but for the id. */
const KEPT_READERS = 16;

/**
 * The catalogue writes the texts, but it knows no addresses: those are put in here, in the place of a
 * mark that nobody outside can know and so no header can have, and the id behind it. The mark is as long
 * as what belongs there, so that the bytes of a list are written once and never moved.
 */
export function createFrameTexts(services: Services): FrameTexts {
  const secret = randomUUID();
  const readers = new LRUCache<string, Reader, Wanted>({
    max: KEPT_READERS,
    memoMethod(_name, _stale, { context: { length, withRelated, withHdus } }) {
      const mark = secret.padEnd(length, '.');
      const shape: FrameShape = { ...frameShape(mark), hdus: 'hdus' };
      const isTold: Readonly<Record<string, boolean>> = {
        related_frames: withRelated,
        hdus: withHdus,
      };
      const told = Object.entries(shape).filter(([key]) => isTold[key] !== false);
      return { mark: Buffer.from(mark), reader: createTextReader(Object.fromEntries(told)) };
    },
  });
  return (root, { withRelated = true, withHdus = false } = {}) => {
    const readerFor = ({ viewer }: Seer): Filled => {
      const addressOf = (id: number, number?: number): string =>
        JSON.stringify(addressFor(services, root, { id, number }, viewer)).slice(1, -1);
      const length = Buffer.byteLength(addressOf(0)) - 1;
      const context = { length, withRelated, withHdus };
      const name = `${length} ${withRelated} ${withHdus}`;
      const { mark, reader } = readers.memo(name, { context });
      const fill = (texts: readonly Buffer[]): Buffer[] =>
        texts.map((text) => fillIn(text, mark, addressOf));
      return { reader, fill };
    };
    return {
      async byIds(db, ids, seer) {
        const { reader, fill } = readerFor(seer);
        return fill(await reader.byIds(db, ids, seer));
      },
      async ofPage(db, page, seer) {
        const { reader, fill } = readerFor(seer);
        const read = await reader.ofPage(db, page, seer);
        return { ...read, items: fill(read.items) };
      },
    };
  };
}

interface Filled {
  readonly reader: TextReader;
  readonly fill: (texts: readonly Buffer[]) => Buffer[];
}

function addressFor(
  services: Services,
  root: string,
  { id, number }: { readonly id: number; readonly number: number | undefined },
  viewer: Viewer,
): string {
  if (number === undefined) return downloadUrl(services, root, id, viewer);
  return versionUrl(services, root, { frameId: id, number }, viewer);
}

type TextReader = ReturnType<typeof createTextReader>;

/** What readers are told apart by. */
interface Wanted extends Required<Told> {
  readonly length: number;
}

interface Reader {
  readonly mark: Buffer;
  readonly reader: TextReader;
}

const [SLASH, ZERO, NINE] = [0x2f, 0x30, 0x39];

/**
 * Writes over each mark and what stands behind it, an id or an id and the number of a version, what
 * belongs there.
 *
 * @returns the same bytes; others only if something is not as long as its place
 */
function fillIn(
  text: Buffer,
  mark: Buffer,
  addressOf: (id: number, number?: number) => string,
): Buffer {
  // A frame has its address more than once, and signing takes longer than all else.
  const known = new Map<number, string>();
  const before: Buffer[] = [];
  let from = 0;
  for (let found = text.indexOf(mark); found !== -1; found = text.indexOf(mark, from)) {
    const id = readNumber(text, found + mark.length);
    const version = text[id.end] === SLASH ? readNumber(text, id.end + 1) : undefined;
    const { end } = version ?? id;
    const address =
      version === undefined
        ? (known.get(id.value) ?? addressOf(id.value))
        : addressOf(id.value, version.value);
    if (version === undefined) known.set(id.value, address);
    if (Buffer.byteLength(address) === end - found) {
      text.write(address, found);
      from = end;
    } else {
      before.push(text.subarray(0, found), Buffer.from(address));
      text = text.subarray(end);
      from = 0;
    }
  }
  return before.length === 0 ? text : Buffer.concat([...before, text]);
}

/** The number of digits from `at` on, and where they end. */
function readNumber(text: Buffer, at: number): { readonly value: number; readonly end: number } {
  let [value, end] = [0, at];
  for (; ; end += 1) {
    const byte = text[end] ?? 0;
    if (byte < ZERO || byte > NINE) return { value, end };
    value = value * 10 + (byte - ZERO);
  }
}
