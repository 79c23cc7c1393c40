import { execFileSync } from 'node:child_process';
import { powerShellScript, shellScript, type FileList } from '../../../src/zip/index.js';

const HOSTILE = ["it's.fits", '-rf.fits', '$(touch pwned).fits', '`id`;&|.fits', 'blank end .fits'];

function listOf(names: readonly string[]): FileList {
  const files = names.map((name, index) => {
    const url = `https://x.example/frames/${index}/download/?exp=1&sig=a-b_c`;
    return { name, url, sizeBytes: 2880, sha256: 'ab'.repeat(32) };
  });
  return {
    folder: 'plates-20260301-1',
    count: files.length,
    sizeBytes: 2880 * files.length,
    expiresMs: Date.UTC(2026, 2, 3, 4),
    *slices() {
      for (const file of files) yield [file];
    },
  };
}

test('a shell sees each hostile name as the one word that it is', () => {
  const script = [...shellScript(listOf(HOSTILE))].join('');
  expect(script.startsWith('#!/bin/sh\n')).toBe(true);
  expect(script).toContain('good until 2026-03-03 04:00 UTC');
  execFileSync('sh', ['-n'], { input: script });
  const calls = script.split('\n').filter((line) => /^get \d/.test(line));
  const shown = execFileSync('sh', [], {
    input: `get() { printf '%s|%s\\n' "$#" "$4"; }\n${calls.join('\n')}\n`,
  });
  expect(String(shown).trim().split('\n')).toEqual(HOSTILE.map((name) => `4|${name}`));
});

test('PowerShell gets a byte order mark, Windows line ends, and every kind of quotation mark doubled', () => {
  const script = [...powerShellScript(listOf(["a'b‘c’d‚e‛f.fits", '$(x) `n.fits']))].join('');
  expect(script.startsWith('\ufeff#')).toBe(true);
  expect(script.split('\n').every((line) => line === '' || line.endsWith('\r'))).toBe(true);
  expect(script).toContain("'a''b‘‘c’’d‚‚e‛‛f.fits'\r\n");
  expect(script).toContain("'$(x) `n.fits'\r\n");
  expect(script).toContain('curl.exe -fsSL -C - -o $part $url');
  expect(script).toContain('Get-FileHash');
});
