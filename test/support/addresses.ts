/** What stands for the parameters of a path that are no numbers. */
const WORDS: Readonly<Record<string, string>> = { name: 'M 31', night: '2026-03-01' };

/** An address of the document with something that is there in place of its parameters. */
export function examplePath(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(WORDS[name] ?? '1'));
}
