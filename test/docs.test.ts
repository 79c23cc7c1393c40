import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../src/cli/index.js';
import { formatSettingsPage } from '../src/config/index.js';
import { ERROR_CODES } from '../src/lib/errors.js';
import { STATUS } from '../src/http/index.js';
import { formatTopics } from './golden/contract/topics.js';
import { PROJECT_DIR } from './support/archive.js';

const read = (name: string): string => readFileSync(join(PROJECT_DIR, name), 'utf8');

test('config/README.md is what the table of settings says; npm run docs writes it', () => {
  expect(read('config/README.md')).toBe(formatSettingsPage());
});

test('every command of the README exists, and every command has a usage, a summary and its exits', () => {
  const used = [...read('README.md').matchAll(/npx platevault ([a-z]+(?: [a-z]+)?)/g)].map(
    (match) => String(match[1]),
  );
  expect(used.length).toBeGreaterThan(5);
  for (const words of used) {
    const [first = ''] = words.split(' ');
    expect([words in COMMANDS || first in COMMANDS, words]).toEqual([true, words]);
  }
  for (const command of Object.values(COMMANDS)) {
    expect(command.usage).not.toBe('');
    expect(command.summary).toMatch(/\.$/);
    expect(Object.keys(command.exits)).toContain('0');
  }
});

test('every error code has a status and a sentence', () => {
  expect(Object.keys(STATUS).sort()).toEqual(Object.keys(ERROR_CODES).sort());
});

test('the CHANGELOG has a part for what is not released yet', () => {
  expect(read('CHANGELOG.md')).toMatch(/^## Unreleased$/m);
});

test('the README lists the differences from pyobs-archive as the table of the conformance suite has them', () => {
  const [, listed] = /<!-- differences: .* -->\n((?:\* .*\n)+)/.exec(read('README.md')) ?? [];
  expect(listed).toBe(formatTopics());
});

test('npm start, the container and the service give memory out and back alike', () => {
  const [, tunables] = /GLIBC_TUNABLES:-([^}]+)}/.exec(read('package.json')) ?? [];
  expect(tunables).toMatch(/^glibc\.malloc\./);
  for (const name of ['Dockerfile', 'deploy/platevault.service']) {
    expect(read(name)).toContain(`GLIBC_TUNABLES=${String(tunables)}`);
  }
  const [, flag] = /exec node (--max-semi-space-size=\d+) /.exec(read('package.json')) ?? [];
  expect(read('Dockerfile')).toContain(`CMD ["node", "${String(flag)}", "bin/platevault.cjs"`);
  expect(read('deploy/platevault.service')).toContain(`/node ${String(flag)} bin/platevault.cjs`);
});
