import { open } from 'node:fs/promises';
import type { Solution, SolutionCard } from '../catalog/index.js';
import { makeHeader, parseCards, type Card } from '../fits/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { footprintOf, readWcs, type ImageSize } from '../wcs/index.js';

/** More than any header with a WCS. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const CARD_BYTES = 80;
/** Arcseconds per pixel: from speckle cameras to fish-eye lenses. */
const SCALE_RANGE = [0.001, 3600] as const;

/** The keywords of a WCS on the sky. FITS Standard 4.0 §8; the SIP convention. */
const OF_WCS =
  /^(?:WCSAXES|C(?:TYPE|RVAL|RPIX|UNIT|DELT|ROTA)[12]|(?:CD|PC)[12]_[12]|PV[12]_\d{1,2}|LONPOLE|LATPOLE|RADESYS|EQUINOX|(?:A|B|AP|BP)_(?:ORDER|\d_\d))$/;

/** What a program said of an image; undefined if it says that it did not find out. */
export type Answer = Pick<Solution, 'cards' | 'footprint'>;

/**
 * Reads what a program has written to `{out}.wcs` (a FITS header, or the lines of one) or `{out}.ini`
 * (`KEYWORD=value` lines, as ASTAP writes them), and judges it.
 *
 * @param size of the image that was to be solved
 * @returns undefined if it found nothing
 * @throws 'header_invalid' if what it wrote makes no sense for this image
 */
export async function readAnswer(out: string, size: ImageSize): Promise<Answer | undefined> {
  const ini = await readBounded(`${out}.ini`);
  if (ini !== undefined && /^PLTSOLVD\s*=\s*F/m.test(ini)) return undefined;
  const wcs = await readBounded(`${out}.wcs`);
  if (wcs !== undefined) return judgeAnswer(parseHeader(wcs), size);
  return ini === undefined ? undefined : judgeAnswer(parseIni(ini), size);
}

/** The start of a file, a character for a byte; undefined if there is none. */
async function readBounded(path: string): Promise<string | undefined> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_ANSWER_BYTES), {
      position: 0,
    });
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Cards one after another, as in a file, or one a line. */
function parseHeader(text: string): Card[] {
  const isLines = /[\r\n]/.test(text.slice(0, 4 * CARD_BYTES));
  const cards = isLines ? text.split(/\r?\n/).map(toCard).join('') : text;
  return parseCards(Buffer.from(cards, 'latin1'));
}

function parseIni(text: string): Card[] {
  const pairs = [...text.matchAll(/^([A-Z][A-Z0-9_]{0,7})\s*=\s*([-+.\dEe]+)\s*$/gm)];
  const cards = pairs.map(([, keyword = '', value = '']) => `${keyword.padEnd(8)}= ${value}`);
  // ASTAP solves for a tangent plane, and says so in its header alone.
  const axes = ["CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "RADESYS = 'ICRS'"];
  return parseCards(Buffer.from([...axes, ...cards].map(toCard).join(''), 'latin1'));
}

function toCard(line: string): string {
  return line.slice(0, CARD_BYTES).padEnd(CARD_BYTES);
}

function judgeAnswer(cards: readonly Card[], size: ImageSize): Answer {
  const header = makeHeader(cards);
  const [width, height] = [header.number('IMAGEW'), header.number('IMAGEH')];
  if ((width ?? size.width) !== size.width || (height ?? size.height) !== size.height) {
    throw senseless(`it is of an image of ${width ?? '?'} × ${height ?? '?'} pixels`);
  }
  const kept = cards.flatMap(toSolutionCard);
  const { wcs, problem } = readWcs(header);
  if (wcs === undefined) throw senseless(problem ?? 'it has no world coordinates');
  const footprint = wcs.hasScale ? footprintOf(wcs, size) : undefined;
  if (footprint === undefined || footprint.center === null) {
    throw senseless('its coordinates are not on the sky');
  }
  const [least, most] = SCALE_RANGE;
  const scale = footprint.pixelScaleArcsec;
  if (!(scale >= least && scale <= most)) {
    throw senseless(`a pixel of ${scale}″ is none of a telescope`);
  }
  return { cards: kept, footprint: { ...footprint, provisional: false } };
}

function toSolutionCard({ keyword, kind, value }: Card): SolutionCard[] {
  if (!OF_WCS.test(keyword) || kind === 'bad') return [];
  if (typeof value === 'string') return [[keyword, value.trim()]];
  return typeof value === 'number' && Number.isFinite(value) ? [[keyword, value]] : [];
}

function senseless(why: string): AppError {
  return new AppError('header_invalid', `The answer of the solver makes no sense: ${why}.`);
}
