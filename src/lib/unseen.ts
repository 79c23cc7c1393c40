/** Control characters but for line ends and tabs, marks that are not seen, and other ends of lines. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

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
