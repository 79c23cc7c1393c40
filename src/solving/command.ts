import { AppError } from '../lib/errors.js';

/** What stands for a placeholder; undefined where nobody knows it. */
export type CommandValues = Readonly<Record<string, string | undefined>>;

/** Placeholders that always have a value. */
const KNOWN = new Set(['file', 'dir', 'out', 'timeout', 'radius', 'width', 'height']);
/** Placeholders of values that only some headers tell. */
const PERHAPS = new Set([
  ...['ra', 'dec', 'ra_hours', 'spd'],
  ...['scale', 'scale_low', 'scale_high', 'fov'],
]);

/** How the programs are called that the archive knows. */
export const COMMANDS = {
  'astrometry.net':
    'solve-field --no-plots --overwrite --cpulimit {timeout} --dir {dir} --temp-dir {dir} --wcs {out}.wcs --new-fits none --match none --rdls none --corr none --index-xyls none [--ra {ra} --dec {dec} --radius {radius}] [--scale-units arcsecperpix --scale-low {scale_low} --scale-high {scale_high}] {file}',
  astap: 'astap -f {file} -o {out} -wcs -r {radius} [-ra {ra_hours} -spd {spd}] [-fov {fov}]',
} as const;

/** A word of a command with the bracket it stands in, if any. */
interface Word {
  readonly text: string;
  readonly bracket: number | undefined;
}

/** A command whose words are known to make sense. */
export interface CommandTemplate {
  readonly program: string;
  /** The words of a call; brackets without one of their values are left out. */
  fill(values: CommandValues): string[];
}

/**
 * Reads a template: words with blanks between them, quotes around those that have blanks in them,
 * brackets around words that are left out together.
 *
 * @throws 'config_invalid' naming what cannot be understood
 */
export function parseCommand(template: string): CommandTemplate {
  const words = splitWords(template);
  const [first] = words;
  if (first === undefined || first.bracket !== undefined || first.text.includes('{')) {
    throw bad('the first word is the program');
  }
  for (const { text, bracket } of words) {
    for (const name of namesIn(text)) {
      if (KNOWN.has(name) || (PERHAPS.has(name) && bracket !== undefined)) continue;
      throw bad(
        PERHAPS.has(name)
          ? `{${name}} is not always known, and has to stand in brackets: [… {${name}} …]`
          : `there is no placeholder {${name}}`,
      );
    }
  }
  return {
    program: first.text,
    fill(values) {
      const lacking = new Set(
        words
          .filter(({ text }) => namesIn(text).some((name) => values[name] === undefined))
          .map(({ bracket }) => bracket),
      );
      return words
        .filter(({ bracket }) => bracket === undefined || !lacking.has(bracket))
        .map(({ text }) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''));
    },
  };
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]));
}

function splitWords(template: string): Word[] {
  const words: Word[] = [];
  let bracket: number | undefined;
  for (const match of template.matchAll(/\[|\]|(?:"[^"]*"|'[^']*'|[^\s[\]"'])+|["']/g)) {
    const [text] = match;
    if (text === '"' || text === "'") throw bad('a quote is not closed');
    if (text === '[') {
      if (bracket !== undefined) throw bad('a bracket stands in another one');
      bracket = match.index;
    } else if (text === ']') {
      if (bracket === undefined) throw bad('a bracket is closed that was not opened');
      bracket = undefined;
    } else words.push({ text: text.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'), bracket });
  }
  if (bracket !== undefined) throw bad('a bracket is not closed');
  return words;
}

function bad(what: string): AppError {
  return new AppError('config_invalid', `Bad settings:\n  SOLVER_COMMAND: ${what}.`);
}
