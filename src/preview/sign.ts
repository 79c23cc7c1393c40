import type { Size } from './region.js';

/**
 * Letters on a grid of 5 × 7 dots with two rows below the line for descenders, so that no font of
 * the system is needed. One digit to base 32 per row, top first; rows left out are empty.
 */
// prettier-ignore
const GLYPHS: Readonly<Record<string, string>> = {
  A: 'ehhvhhh', B: 'uhhuhhu', C: 'ehggghe', D: 'uhhhhhu', E: 'vgguggv', F: 'vgguggg', G: 'ehgnhhe',
  H: 'hhhvhhh', I: 'e44444e', J: '72222ic', K: 'hikokih', L: 'ggggggv', M: 'hrllhhh', N: 'hppljjh',
  O: 'ehhhhhe', P: 'uhhuggg', Q: 'ehhhlid', R: 'uhhukih', S: 'ehge1he', T: 'v444444', U: 'hhhhhhe',
  V: 'hhhhha4', W: 'hhhllla', X: 'hha4ahh', Y: 'hha4444', Z: 'v1248gv',
  a: '00e1fhf', b: 'gguhhhu', c: '00fgggf', d: '11fhhhf', e: '00ehvgf', f: '68u8888', g: '00fhhhf1e',
  h: 'gguhhhh', i: '40c444e', j: '2062222ic', k: 'ggikoki', l: 'c44444e', m: '00qllll', n: '00uhhhh',
  o: '00ehhhe', p: '00uhhhugg', q: '00fhhhf11', r: '00noggg', s: '00fge1u', t: '88u8886',
  u: '00hhhhf', v: '00hhha4', w: '00hllla', x: '00ha4ah', y: '00hhhhf1e', z: '00v248v',
  0: 'ehjlphe', 1: '4c4444e', 2: 'eh1248v', 3: 'eh161he', 4: '26aiv22', 5: 'vgu11he', 6: '68guhhe',
  7: 'v124444', 8: 'ehhehhe', 9: 'ehhf12c',
  ' ': '', '.': '00000cc', ',': '00000c48', ':': '0cc0cc', ';': '0cc0c48', "'": '448', '"': 'aa',
  '(': '2488842', ')': '8422248', '[': 'e88888e', ']': 'e22222e', '-': '000e', '+': '044v44',
  '=': '00v0v', _: '0000000v', '/': '11248gg', '%': 'pp248jj', '<': '248g842', '>': '8421248',
  '!': '4444404', '?': 'eh12404',
};

const CELL_WIDTH = 6;
const CELL_HEIGHT = 11;
/** With fewer letters in a line, words cannot be read. */
const LEAST_LETTERS = 8;
const GROUND = 12;
const HEADING = 235;
const TEXT = 177;

/**
 * A dark grey picture that says why there is no other: `levels[y * width + x]`, 0…255. It has the
 * width asked for and is as high as the words need, at least half as high as wide. Under 64 px there
 * is a cross instead.
 *
 * @param text a sentence; letters without a form here become `?`
 */
export function drawSign(
  heading: string,
  text: string,
  width: number,
): Size & { levels: Uint8Array } {
  const scale = Math.max(1, Math.floor(width / 190));
  const margin = Math.min(8 * scale, Math.floor(width / 8));
  const perLine = Math.max(1, Math.floor((width - 2 * margin) / (CELL_WIDTH * scale)));
  if (perLine < LEAST_LETTERS) return drawCross(width);
  const headingLines = wrap(plain(heading), perLine);
  const lines = [...headingLines, ...wrap(plain(text), perLine)];
  const textHeight = lines.length * CELL_HEIGHT * scale;
  const wanted = Math.max(Math.round(width / 2), textHeight + 2 * margin);
  const height = Math.max(1, Math.min(wanted, 4 * width));
  const levels = new Uint8Array(width * height).fill(GROUND);
  const top = Math.max(0, Math.floor((height - textHeight) / 2));
  lines.forEach((line, row) => {
    const level = row < headingLines.length ? HEADING : TEXT;
    const y = top + row * CELL_HEIGHT * scale;
    drawLine({ levels, width, height }, line, { x: margin, y, scale, level });
  });
  return { width, height, levels };
}

/** A square with its diagonals, for pictures too small for words. */
function drawCross(width: number): Size & { levels: Uint8Array } {
  const levels = new Uint8Array(width * width).fill(GROUND);
  for (let i = 0; i < width; i += 1) {
    levels[i * width + i] = TEXT;
    levels[i * width + width - 1 - i] = TEXT;
  }
  return { width, height: width, levels };
}

function drawLine(
  picture: Size & { levels: Uint8Array },
  line: string,
  pen: { x: number; y: number; scale: number; level: number },
): void {
  Array.from(line).forEach((letter, column) => {
    const rows = Array.from(GLYPHS[letter] ?? '');
    rows.forEach((digit, row) => {
      const bits = Number.parseInt(digit, 32);
      for (let dot = 0; dot < 5; dot += 1) {
        if (((bits >> (4 - dot)) & 1) === 0) continue;
        const x = pen.x + (column * CELL_WIDTH + dot) * pen.scale;
        fillSquare(picture, { x, y: pen.y + row * pen.scale, size: pen.scale, level: pen.level });
      }
    });
  });
}

function fillSquare(
  { levels, width, height }: Size & { levels: Uint8Array },
  square: { x: number; y: number; size: number; level: number },
): void {
  const right = Math.min(width, square.x + square.size);
  for (let y = square.y; y < Math.min(height, square.y + square.size); y += 1) {
    if (square.x < right) levels.fill(square.level, y * width + square.x, y * width + right);
  }
}

/** Only letters that can be drawn. */
function plain(text: string): string {
  const spaced = text.replace(/\s+/gu, ' ').replace(/[’‘]/gu, "'").replace(/[“”]/gu, '"');
  const simple = spaced.replace(/[–—−]/gu, '-').replace(/×/gu, 'x').trim();
  return Array.from(simple, (letter) => (letter in GLYPHS ? letter : '?')).join('');
}

/** Lines of at most `length` letters, broken between words, inside them only where one is longer. */
function wrap(text: string, length: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > length) {
      lines.push(line);
      line = '';
    }
    for (; word.length > length; word = word.slice(length)) lines.push(word.slice(0, length));
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
