/** Control characters but for line ends and tabs, marks that are not seen, and other ends of lines. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Control characters but for line ends and tabs, halves of characters, and what turns the direction. */
const ODD = /(?![\n\t])[\p{Cc}\p{Cs}\p{Bidi_Control}]/u;

/** True for text that people who look at it do not see as it is. */
export function hasOddText(text: string): boolean {
  return ODD.test(text);
}

/**
 * Text in which a terminal finds nothing to obey, and a reader of lines no end of line but its own: what
 * comes from a header or a file name may hold either. Such characters are written as in JSON, `\u001b`.
 */
export function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i += 1) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}
