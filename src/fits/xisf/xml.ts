import { setImmediate } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import sax from 'sax';
import { AppError } from '../../lib/errors.js';

/** Bytes parsed before others may run: a few milliseconds even for hostile text. */
const PIECE_BYTES = 16 * 1024;
const MAX_DEPTH = 100;
const MAX_ATTRIBUTES = 100;
/** Most bytes of anything that is told as a whole: a name, an attribute, a comment. */
const MAX_QUIET_BYTES = 256 * 1024;

/** What is told about an XML document, in the order of its text. */
export interface XmlEvents {
  /** Names come without prefix. */
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  /** Text of the innermost open element, perhaps in several pieces. */
  text(text: string): void;
  close(): void;
}

/**
 * Reads an XML document piece by piece, letting other work run in between. Document types are
 * refused, so there are no entities but the five of XML itself and character references.
 *
 * @throws 'fits_invalid' if it is not UTF-8, not well-formed, has a document type, or is nested or
 *         has attributes beyond any need; and whatever `events` throw
 */
export async function readXml(bytes: Uint8Array, events: XmlEvents): Promise<void> {
  let quietBytes = 0; // since anything was told
  const parser = makeParser(events, () => {
    quietBytes = 0;
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, bytes.length);
    const text = decode(decoder, bytes.subarray(at, end), end < bytes.length);
    quietBytes += end - at;
    guard(() => {
      // Flushed, so that a long text comes in pieces too.
      parser.write(text).flush();
    });
    if (quietBytes > MAX_QUIET_BYTES) throw invalid('a name, value or comment is too long');
    await setImmediate();
  }
  guard(() => parser.close());
}

/** @param heard called whenever the parser has something to tell */
function makeParser(events: XmlEvents, heard: () => void): sax.SAXParser {
  const parser = sax.parser(true, { position: false });
  let attributes = new Map<string, string>();
  let count = 0; // of attributes, whatever their prefix
  let depth = 0;
  parser.onattribute = ({ name, value }) => {
    heard();
    count += 1;
    if (count > MAX_ATTRIBUTES) throw invalid('an element has too many attributes');
    attributes.set(localName(name), value);
  };
  parser.onopentag = ({ name }) => {
    heard();
    depth += 1;
    if (depth > MAX_DEPTH) throw invalid('its elements are nested too deeply');
    const own = attributes;
    attributes = new Map();
    count = 0;
    events.open(localName(name), own);
  };
  parser.onclosetag = () => {
    heard();
    depth -= 1;
    events.close();
  };
  const take = (text: string): void => {
    heard();
    events.text(text);
  };
  parser.ontext = take;
  parser.oncdata = take;
  parser.oncomment = heard;
  parser.ondoctype = () => {
    throw invalid('it has a document type (DOCTYPE), which is not allowed');
  };
  parser.onerror = (error) => {
    throw invalid(String(error.message.split('\n')[0]).slice(0, 100));
  };
  return parser;
}

function decode(decoder: TextDecoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch (error) {
    throw invalid('it is not UTF-8', error);
  }
}

/** Whatever the parser trips over is the fault of the text. */
function guard(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    throw error instanceof AppError ? error : invalid('it cannot be parsed', error);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError(
    'fits_invalid',
    `The XML header of the XISF file is bad: ${what}.`,
    {},
    cause,
  );
}
