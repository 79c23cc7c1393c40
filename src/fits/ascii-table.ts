/** How a cell of an ASCII table is written. FITS Standard 4.0 §7.2.1, table 15. */
export interface AsciiForm {
  readonly letter: 'A' | 'I' | 'F' | 'E' | 'D';
  /** Characters of the cell. */
  readonly width: number;
  /** Digits after the decimal point of a number that is written without one. */
  readonly decimals: number;
  /** TNULLn: the text, without blanks around it, that stands for "no value". */
  readonly tnull: string | undefined;
}

/** No number has more characters; a field may be as long as a row. */
const MAX_NUMBER = 400;
const FORM = /^([AIFED])(\d+)(?:\.(\d+))?$/;
const INTEGER = /^[+-]?\d+$/;
// The letter of the exponent may be left out: 1.5+3. FITS Standard 4.0 §7.2.5
const FLOAT = /^([+-]?)(\d*)(\.?)(\d*)(?:[ED]?([+-]\d+)|[ED](\d+))?$/i;
const PLAIN_FLOAT = /^[+-]?\d*\.\d*(?:[Ee][+-]?\d+)?$/;

/**
 * TFORMn of an ASCII table; undefined if it is none. Blanks in it do not count.
 * FITS Standard 4.0 §7.2.1.
 *
 * @param tnull value of TNULLn
 */
export function parseAsciiForm(text: string, tnull: string | undefined): AsciiForm | undefined {
  const match = FORM.exec(text.replaceAll(' ', '').toUpperCase());
  const letter = match?.[1];
  if (match === null || !isLetter(letter)) return undefined;
  const width = Number(match[2]);
  if (!Number.isSafeInteger(width)) return undefined;
  return { letter, width, decimals: Number(match[3] ?? 0), tnull: tnull?.trim() };
}

/**
 * Value of a cell: text without trailing blanks, or a number, bigint beyond 2^53. A blank number
 * is zero unless TNULLn is blank; one that cannot be read is null. FITS Standard 4.0 §7.2.5.
 */
export function readAsciiCell(
  { letter, decimals, tnull }: AsciiForm,
  field: string,
  { tscal, tzero }: { readonly tscal: number; readonly tzero: number },
): string | number | bigint | null {
  // Blanks after a sign are found in real tables.
  const token = field.trim().replace(/^([+-]) +/, '$1');
  if (token === tnull) return null;
  if (letter === 'A') return field.trimEnd();
  if (token.length > MAX_NUMBER) return null;
  if (letter === 'I' && tscal === 1 && tzero === 0) return parseInteger(token);
  const value =
    letter === 'I' ? Number(parseInteger(token) ?? NaN) : parseFloatToken(token, decimals);
  return Number.isNaN(value) ? null : value * tscal + tzero;
}

function parseInteger(token: string): number | bigint | null {
  if (token === '') return 0;
  if (!INTEGER.test(token)) return null;
  const value = Number(token);
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return BigInt(token.startsWith('+') ? token.slice(1) : token);
}

/** NaN for what is not a number. */
function parseFloatToken(token: string, decimals: number): number {
  if (token === '') return 0;
  if (PLAIN_FLOAT.test(token)) return Number(token);
  const match = FLOAT.exec(token);
  if (match === null) return NaN;
  const [, sign = '', whole = '', point = '', fraction = '', signed, bare] = match;
  if (whole === '' && fraction === '') return NaN;
  const exponent = Number(signed ?? bare ?? 0) - (point === '' ? decimals : 0);
  return Number(`${sign}${whole || '0'}${point}${fraction}E${exponent}`);
}

function isLetter(letter: string | undefined): letter is AsciiForm['letter'] {
  return letter !== undefined && 'AIFED'.includes(letter);
}
