import { below, pick } from './random.mjs';
import { XML_PIECES, XML_VALUES } from './words.mjs';

const HEADER_OFFSET = 16;

/** Damage to the XML header of an XISF file, whose data stay in their place; undefined for others. */
export function damageXml(bytes, random) {
  if (bytes.length < HEADER_OFFSET || bytes.toString('latin1', 0, 8) !== 'XISF0100') {
    return undefined;
  }
  const end = Math.min(bytes.length, HEADER_OFFSET + bytes.readUInt32LE(8));
  const xml = bytes.toString('utf8', HEADER_OFFSET, end);
  const header = Buffer.from(random() < 0.8 ? changeAttribute(xml, random) : tear(xml, random));
  const start = Buffer.from(bytes.subarray(0, HEADER_OFFSET));
  start.writeUInt32LE(header.length, 8);
  const filled = Buffer.concat([start, header]);
  // The fill after the header takes up the difference, so that attached blocks stay where they are.
  return Buffer.concat([filled, bytes.subarray(Math.max(end, filled.length))]);
}

function changeAttribute(xml, random) {
  const attributes = [...xml.matchAll(/ ([\w:]+)="([^"]*)"/g)];
  if (attributes.length === 0) return xml;
  const { 0: whole, 1: name, 2: value, index } = pick(random, attributes);
  const changed = pick(random, [
    () => ` ${name}="${pick(random, XML_VALUES)}"`,
    () => ` ${name}="${changeNumber(value, random)}"`,
    () => ` ${name}="${changeNumber(value, random)}"`,
    () => ` ${name}="${value}${pick(random, [':', ',', '1', ' ', '0'])}"`,
    () => whole + whole,
    () => '',
  ])();
  return xml.slice(0, index) + changed + xml.slice(index + whole.length);
}

function changeNumber(value, random) {
  const numbers = [...value.matchAll(/\d+/g)];
  if (numbers.length === 0) return pick(random, XML_VALUES);
  const { 0: digits, index } = pick(random, numbers);
  const number = Number(digits);
  const other = pick(random, [0, number + 1, number - 1, number * 2, number * 1000, -number, 1e15]);
  return value.slice(0, index) + String(other) + value.slice(index + digits.length);
}

function tear(xml, random) {
  const at = below(random, xml.length);
  const rest = random() < 0.5 ? at : at + below(random, 40);
  return xml.slice(0, at) + pick(random, XML_PIECES) + xml.slice(rest);
}
