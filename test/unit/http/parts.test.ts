import { refuseDeepJson } from '../../../src/http/body.js';
import { createPartReader, type PartHeaders } from '../../../src/http/parts.js';
import { findMismatch, readSums } from '../../../src/http/sums.js';
import { AppError } from '../../../src/lib/errors.js';

/** The headers that are found in a body, cut into chunks of so many bytes. */
function read(body: string, boundary: string, chunkBytes: number): Record<string, string>[] {
  const found: PartHeaders[] = [];
  const take = createPartReader(boundary, (headers) => found.push(headers));
  const bytes = Buffer.from(body, 'latin1');
  for (let at = 0; at < bytes.length; at += chunkBytes) take(bytes.subarray(at, at + chunkBytes));
  return found.map((headers) => Object.fromEntries(headers));
}

const body = [
  'preamble --b\r\nno: header\r\n\r\n',
  '\r\n--b\r\nContent-Disposition: form-data; name="a"\r\nX-Sum:  1 \r\n\r\none\r\n--bb\r\n--b-',
  '\r\n--b\r\n\r\nno headers\r\n--b\r\nA: 1\r\na: 2\r\nnothing\r\n\r\n\r\n--b--\r\n--b\r\nB: 3\r\n\r\n',
].join('');

test.each([1, 2, 3, 5, 7, 16, 1000])('headers are found in chunks of %d bytes', (chunkBytes) => {
  expect(read(body, 'b', chunkBytes)).toEqual([
    { 'content-disposition': 'form-data; name="a"', 'x-sum': '1' },
    {},
    { a: '2' },
  ]);
});

test('the first part needs no line before it, and without a boundary there is none', () => {
  expect(read('--b\r\nA: 1\r\n\r\n', 'b', 100)).toEqual([{ a: '1' }]);
  expect(read('--\r\nA: 1\r\n\r\n', '', 100)).toEqual([]);
});

test('headers without end are not kept', () => {
  expect(read(`--b\r\nA: ${'x'.repeat(40_000)}\r\n\r\n--b\r\nB: 1\r\n\r\n`, 'b', 1000)).toEqual([]);
});

const code = (work: () => void): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
  return undefined;
};

test.each([
  ['{"a":[1,{"b":[]}]}', undefined],
  [`{"a":"${'['.repeat(100)}"}`, undefined],
  [`{"a":"\\"${'['.repeat(100)}"}`, undefined],
  ['['.repeat(16), undefined],
  ['['.repeat(17), 'bad_request'],
  ['{"a":'.repeat(17), 'bad_request'],
  ['[]'.repeat(1000), undefined],
])('JSON %s', (text, expected) => {
  expect(
    code(() => {
      refuseDeepJson(Buffer.from(text));
    }),
  ).toBe(expected);
});

describe('sums', () => {
  const hex = 'd41d8cd98f00b204e9800998ecf8427e';
  const from = (headers: Readonly<Record<string, string>>) => readSums((name) => headers[name]);

  test('are read as digits and as base64, and mean the same', () => {
    const sums = { md5: hex };
    expect(from({ 'Content-MD5': hex.toUpperCase() })).toEqual(sums);
    expect(from({ 'Content-MD5': Buffer.from(hex, 'hex').toString('base64') })).toEqual(sums);
    expect(from({})).toEqual({});
  });

  test.each([
    '',
    'x',
    hex.slice(1),
    `${hex}00`,
    '1B2M2Y8AsgTpgAmY7PhCf',
    '1B2M2Y8AsgTpgAmY7PhC!!==',
  ])('%j is refused', (text) => {
    expect(code(() => from({ 'Content-MD5': text }))).toBe('bad_request');
  });

  test('of other bytes are named by their header', () => {
    expect(findMismatch({ md5: hex }, { md5: hex, sha256: '' })).toBeUndefined();
    expect(findMismatch({ md5: hex, sha256: 'a' }, { md5: hex, sha256: 'b' })).toBe(
      'X-Checksum-SHA256',
    );
  });
});
