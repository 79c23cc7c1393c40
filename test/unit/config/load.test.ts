import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatConfig, loadConfig, SETTINGS } from '../../../src/config/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string): void => {
  writeFileSync(join(folder, name), content);
};

/** The problems that loading finds. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env, folder);
  } catch (error) {
    return (error as { data: { problems: string[] } }).data.problems;
  }
  return [];
}

test('without anything every setting has its default, and paths are absolute', () => {
  const { config, origins } = loadConfig({}, join(folder, 'absent'));
  expect(config).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8000,
    TRUST_PROXY: [],
    CORS_ALLOWED_ORIGINS: [],
  });
  expect(config.DATA_DIR).toBe(join(process.cwd(), 'data'));
  expect(config.ARCHIVE_ROOT).toBe(join(process.cwd(), 'data/archive'));
  expect(config.DATABASE_URL).toBe(`sqlite:${join(process.cwd(), 'data/platevault.sqlite')}`);
  expect(config.FORMATTER_DEFAULTS).toEqual({ 'DAY-OBS': 'undated' });
  expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  expect(Object.keys(config)).toEqual([...Object.keys(SETTINGS), 'sites', 'origins']);
});

test('environment wins over files, later files over earlier ones, files over defaults', () => {
  write('a.json', '{"PORT": 1, "SITE_ID": "a", "HOST": "::1"}');
  write(
    'b.json',
    '{"PORT": 2, "SITE_ID": "b", "CORS_ALLOWED_ORIGINS": ["https://x", "https://y"]}',
  );
  write('c.example.json', '{"PORT": 3}');
  const { config, origins } = loadConfig({ PORT: '4', SITE_NAME: '' }, folder);
  expect(config).toMatchObject({ PORT: 4, SITE_ID: 'b', HOST: '::1', SITE_NAME: '' });
  expect(config.CORS_ALLOWED_ORIGINS).toEqual(['https://x', 'https://y']);
  expect(origins).toMatchObject({
    PORT: 'environment',
    SITE_ID: 'b.json',
    HOST: 'a.json',
    SITE_NAME: 'default',
  });
});

test('every problem is listed at once, each with its name and where it stands', () => {
  write('bad.json', '{"PORTT": 1, "ANONYMOUS": "all"}');
  write('worse.json', '{');
  write('list.json', '[]');
  const problems = problemsOf({
    PORT: '70000',
    TRUST_PROXY: 'perhaps',
    HTTP_ROOT: 'archive.example.org',
    SITE_LATITUDE: '91',
    FORMATTER_DEFAULTS: 'SITEID',
    DATABASE_URL: 'postgres://x',
    ARCHIVEROOT: '/x',
    PLATEVAULT_PORT: '1',
    SECRET_KEY: 'short',
  });
  for (const part of [
    /^bad\.json: unknown setting 'PORTT'/,
    /^worse\.json: /,
    /^list\.json: one JSON object/,
    /^ANONYMOUS \(bad\.json\): none or public expected, got 'all'/,
    /^PORT \(environment\): a whole number from 0 to 65535 expected/,
    /^TRUST_PROXY .*true or false/,
    /^HTTP_ROOT .*http/,
    /^SITE_LATITUDE /,
    /^FORMATTER_DEFAULTS /,
    /^DATABASE_URL /,
    /^ARCHIVEROOT \(environment\): unknown setting; meant is ARCHIVE_ROOT\?/,
    /^PLATEVAULT_PORT \(environment\): unknown setting/,
    /^SECRET_KEY /,
  ]) {
    expect(problems.filter((problem) => part.test(problem))).toHaveLength(1);
  }
  expect(problems.join()).not.toContain('short');
});

test('a secret may come from a file, and is never printed', () => {
  write('key.txt', 'a key of more than sixteen characters\n');
  const loaded = loadConfig(
    { SECRET_KEY_FILE: join(folder, 'key.txt'), ADMIN_PASSWORD: 'open sesame' },
    folder,
  );
  expect(loaded.config.SECRET_KEY).toBe('a key of more than sixteen characters');
  const printed = formatConfig(loaded);
  expect(printed).not.toMatch(/sesame|sixteen/);
  expect(printed).toMatch(/ADMIN_PASSWORD +•+ +\(environment\)/);
  expect(problemsOf({ SECRET_KEY_FILE: join(folder, 'nowhere') }).join()).toMatch(
    /cannot read .*nowhere/,
  );
});
