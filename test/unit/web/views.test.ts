import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createViews } from '../../../src/web/views.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'views-'));
  mkdirSync(join(folder, 'parts'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, `${name}.ejs`);
  writeFileSync(file, text);
  return file;
}

function renderWith(views: ReturnType<typeof createViews>, file: string, locals: object): string {
  const got: { error: unknown; html: string | undefined }[] = [];
  views(file, locals, (error, html) => got.push({ error, html }));
  const [{ error, html } = { error: undefined, html: undefined }] = got;
  if (error instanceof Error) throw error;
  return html ?? '';
}

test('an include sees the names of the page and its own, which come first', () => {
  write('parts/inner', '<%= site %>/<%= name %>');
  write('parts/outer', "<%- include('inner', { name: 'own' }) %> <%= name %>");
  const file = write('page', "<%- include('parts/outer', { name: 'outer' }) %> <%= name %>");
  const views = createViews();
  expect(renderWith(views, file, { site: '<A>', name: 'page' })).toBe('&lt;A&gt;/own outer page');
});

test('what a template declares may have the name of something that the page knows', () => {
  const file = write('page', '<% const title = page.title.toUpperCase(); %><b><%= title %></b>');
  expect(renderWith(createViews(), file, { page: { title: 'a' }, title: 'x' })).toBe('<b>A</b>');
});

test('a name that comes later is found, and one that some pages lack is asked for by `locals`', () => {
  const file = write(
    'page',
    "<%= locals.more ?? 'none' %><% if (locals.more) { %> <%= more %><% } %>",
  );
  const views = createViews();
  expect(renderWith(views, file, { page: 1 })).toBe('none');
  expect(renderWith(views, file, { page: 1, more: 'it' })).toBe('it it');
  expect(renderWith(views, file, { page: 1 })).toBe('none');
});

test('names that are words of the language, or of all objects, are no harm to other templates', () => {
  const views = createViews();
  const odd = write('odd', '<%= locals.new %>');
  expect(renderWith(views, odd, { new: 1, typeof: 2 })).toBe('1');
  const file = write(
    'page',
    "<%= new URLSearchParams('a=1').toString() %> <%= typeof locals.constructor %>",
  );
  expect(renderWith(views, file, {})).toBe('a=1 undefined');
});

test('a name that nobody gives is an error that tells the template and the line', () => {
  write('parts/inner', '<p>\n<%= nobody %>\n</p>');
  const file = write('page', "<%- include('parts/inner') %>");
  expect(() => renderWith(createViews(), file, {})).toThrow(
    /inner\.ejs:2[^]*nobody is not defined/,
  );
});

test('blanks at the ends of lines are left out, those between words stay', () => {
  const file = write('page', '<p>\n    one\n  <b>two</b>  \n\n  three </p>');
  expect(renderWith(createViews(), file, {})).toBe('<p>\none\n<b>two</b>\nthree </p>');
});
