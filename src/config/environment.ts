/** Variables that other programs need to run, and that hold no secret of the archive. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL'] as const;

/** The environment of programs that the archive starts: none of its settings are in it. */
export function programEnvironment(): Readonly<Record<string, string>> {
  const pairs = PASSED_ON.map((name) => [name, process.env[name] ?? ''] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}
