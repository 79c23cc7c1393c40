/**
 * Lets Node import the fixtures of the tests, which are TypeScript: types are taken off, and what
 * they import of src/ comes from dist/, as under jest. For `module.register`.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const OPTIONS = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'es6' },
};

export function resolve(specifier, context, next) {
  if (!specifier.startsWith('.') || !context.parentURL?.endsWith('.ts')) {
    return next(specifier, context);
  }
  const compiled = specifier.replace('/src/', '/dist/');
  return next(compiled === specifier ? specifier.replace(/\.js$/, '.ts') : compiled, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { code } = await transform(await readFile(fileURLToPath(url), 'utf8'), OPTIONS);
  return { format: 'module', source: code, shortCircuit: true };
}
