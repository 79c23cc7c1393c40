/** Seeded damage to files: bytes, cards, rows and heaps of tables, containers, the XML of XISF. */
import { damageXml } from './mutate-xml.mjs';
import { below, pick } from './random.mjs';
import { KEYWORDS, VALUES } from './words.mjs';

const BLOCK_BYTES = 2880;
const CARD_BYTES = 80;
const EXTREMES = [0, 1, 2, -1, 0x7fffffff, -0x80000000, 0xffff, 65536, 2880, 1 << 28];

/** Where the cards of all headers are: blocks of text that begin with SIMPLE or XTENSION. */
function findHeaders(bytes) {
  const headers = [];
  for (let block = 0; block + BLOCK_BYTES <= bytes.length; block += BLOCK_BYTES) {
    const start = bytes.toString('latin1', block, block + 8);
    if (start !== 'SIMPLE  ' && start !== 'XTENSION') continue;
    const places = [];
    for (let at = block; at + CARD_BYTES <= bytes.length; at += CARD_BYTES) {
      places.push(at);
      if (bytes.toString('latin1', at, at + 8) === 'END     ') break;
    }
    headers.push(places);
  }
  return headers;
}

/** Where the rows and the heap of each table are, as far as its header can be believed. */
function findTables(bytes) {
  return findHeaders(bytes).flatMap((places) => {
    const cards = new Map(
      places.map((at) => [
        bytes.toString('latin1', at, at + 8).trim(),
        Number(bytes.toString('latin1', at + 10, at + 30)),
      ]),
    );
    if (!(cards.get('TFIELDS') > 0)) return [];
    const end = (places.at(-1) ?? 0) + CARD_BYTES;
    const start = Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES;
    const rowBytes = cards.get('NAXIS1') ?? 0;
    const heap = start + rowBytes * (cards.get('NAXIS2') ?? 0);
    const heapBytes = cards.get('PCOUNT') ?? 0;
    const isWhole = rowBytes > 0 && heap > start && heapBytes >= 0;
    return isWhole && heap + heapBytes <= bytes.length
      ? [{ start, rowBytes, heap, heapBytes }]
      : [];
  });
}

function putCard(bytes, at, keyword, value) {
  const text = `${keyword.padEnd(8)}= ${value.padStart(20)}`.slice(0, CARD_BYTES);
  bytes.write(text.padEnd(CARD_BYTES), at, 'latin1');
}

function flipBits(bytes, at) {
  bytes[at.place] ^= 1 << at.bit;
}

/** Something done to some bytes from `start` to `end`. */
function disturb(bytes, start, end, random) {
  const at = start + below(random, end - start);
  const way = random();
  if (way < 0.5) {
    const count = 1 + below(random, 4);
    for (let i = 0; i < count; i += 1) {
      flipBits(bytes, { place: start + below(random, end - start), bit: below(random, 8) });
    }
  } else if (way < 0.7) bytes[at] = pick(random, [0, 1, 127, 128, 255, 32, below(random, 256)]);
  else {
    const value = pick(random, [0, 255, 128, 32, -1]);
    const stop = Math.min(end, at + 1 + below(random, 200));
    for (let i = at; i < stop; i += 1) bytes[i] = value < 0 ? below(random, 256) : value;
  }
  return bytes;
}

/** A number near to the one that is there, or one that nobody thinks of. */
function otherNumber(value, random) {
  const near = [value + 1, value - 1, value * 2, value / 2, -value, value * 1000, value + 2 ** 31];
  return random() < 0.6 ? pick(random, near) : pick(random, EXTREMES);
}

/** Each gives the damaged bytes, or undefined if a file has nothing of the kind. */
const MUTATIONS = {
  /** Bits, a byte, or a run of one value or of noise, anywhere. */
  bytes: (bytes, random) => disturb(bytes, 0, bytes.length, random),
  /** 4 or 8 bytes anywhere become an extreme integer. */
  number(bytes, random) {
    if (bytes.length < 16) return undefined;
    const at = below(random, (bytes.length - 8) / 4) * 4;
    bytes.writeInt32BE(pick(random, EXTREMES), at);
    if (random() < 0.3) bytes.writeInt32BE(pick(random, EXTREMES), at + 4);
    return bytes;
  },
  /** The value of a card that is there. */
  value(bytes, random) {
    const places = findHeaders(bytes).flat();
    if (places.length === 0) return undefined;
    const at = pick(random, places);
    const keyword = bytes.toString('latin1', at, at + 8).trim();
    putCard(bytes, at, keyword, pick(random, VALUES));
    return bytes;
  },
  /** A number of a card becomes another one: the structure nearly fits. */
  tweak(bytes, random) {
    const places = findHeaders(bytes)
      .flat()
      .filter((at) => /^= +-?\d/.test(bytes.toString('latin1', at + 8, at + 31)));
    if (places.length === 0) return undefined;
    const at = pick(random, places);
    const keyword = bytes.toString('latin1', at, at + 8).trim();
    const value = parseFloat(bytes.toString('latin1', at + 9, at + 80));
    putCard(bytes, at, keyword, String(otherNumber(value, random)).toUpperCase());
    return bytes;
  },
  /** A card that may not have been there, in the place of another. */
  card(bytes, random) {
    const places = findHeaders(bytes).flat();
    if (places.length === 0) return undefined;
    putCard(bytes, pick(random, places), pick(random, KEYWORDS), pick(random, VALUES));
    return bytes;
  },
  /** Cards change places, or one stands twice. */
  order(bytes, random) {
    const places = pick(random, findHeaders(bytes)) ?? [];
    if (places.length < 2) return undefined;
    const [a, b] = [pick(random, places), pick(random, places)];
    const first = Buffer.from(bytes.subarray(a, a + CARD_BYTES));
    if (random() < 0.5) bytes.copy(bytes, a, b, b + CARD_BYTES);
    first.copy(bytes, b);
    return bytes;
  },
  /** Text of a card: letters, quotes, line ends and control characters. */
  text(bytes, random) {
    const places = findHeaders(bytes).flat();
    if (places.length === 0) return undefined;
    const at = pick(random, places) + below(random, CARD_BYTES);
    const piece = pick(random, ["'", "''", '&', '/', '=', '\0', '\n', 'é', '  ', 'E+', ',', '-']);
    bytes.write(piece, at, 'latin1');
    return bytes;
  },
  /** A number in a row of a table: of a tile or a variable-length cell, its length or its place. */
  cell(bytes, random) {
    const table = pick(random, findTables(bytes));
    if (table === undefined) return undefined;
    const { start, rowBytes, heap, heapBytes } = table;
    const row = start + below(random, (heap - start) / rowBytes) * rowBytes;
    const at = Math.min(row + below(random, rowBytes / 4) * 4, bytes.length - 4);
    const value = bytes.readInt32BE(at);
    const others = [heapBytes, heapBytes - value, heapBytes - 1, value ^ (1 << below(random, 32))];
    const next = random() < 0.7 ? otherNumber(value, random) : pick(random, others);
    bytes.writeInt32BE(next | 0, at);
    return bytes;
  },
  /** What a table's rows point at: packed tiles and cells, at their beginnings above all. */
  heap(bytes, random) {
    const table = pick(
      random,
      findTables(bytes).filter(({ heapBytes }) => heapBytes > 0),
    );
    if (table === undefined) return undefined;
    const { start, rowBytes, heap, heapBytes } = table;
    const end = heap + heapBytes;
    if (random() < 0.5 || rowBytes < 8) return disturb(bytes, heap, end, random);
    const row = start + below(random, (heap - start) / rowBytes) * rowBytes;
    const stream = heap + bytes.readUInt32BE(rowBytes % 16 === 0 ? row + 12 : row + 4);
    return stream < end ? disturb(bytes, stream, Math.min(end, stream + 32), random) : undefined;
  },
  /** The beginning and the end of a file, where containers keep their own records. */
  ends(bytes, random) {
    const start = random() < 0.5 ? 0 : Math.max(0, bytes.length - 160);
    const end = Math.min(bytes.length, start + 160);
    if (random() < 0.5 || end - start < 8) return disturb(bytes, start, end, random);
    bytes.writeInt32LE(pick(random, EXTREMES), start + below(random, end - start - 4));
    return bytes;
  },
  xml: damageXml,
  /** The file ends early. */
  cut: (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  /** A part is missing, or stands twice. */
  shift(bytes, random) {
    const at = below(random, bytes.length);
    const length = pick(random, [1, 4, CARD_BYTES, BLOCK_BYTES]);
    return random() < 0.5
      ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
      : Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  },
};

const KINDS = Object.keys(MUTATIONS);

/**
 * A damaged copy of a file, and the kinds of damage that were done. What is inside a container is
 * damaged before it is wrapped, or the container after.
 */
export function mutate(original, random) {
  const isInside = original.wrap !== undefined && random() < 0.5;
  let bytes = Buffer.from(isInside ? original.inside : original.bytes);
  const kinds = isInside ? ['inside'] : [];
  const count = 1 + below(random, 3);
  while (kinds.length < count + (isInside ? 1 : 0) && bytes.length > 0) {
    const kind = pick(random, KINDS);
    const damaged = MUTATIONS[kind](bytes, random);
    if (damaged === undefined) continue;
    bytes = damaged;
    kinds.push(kind);
  }
  return { bytes: isInside ? original.wrap(bytes) : bytes, kinds };
}
