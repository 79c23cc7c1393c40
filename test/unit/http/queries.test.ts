import { readIds } from '../../../src/downloads/index.js';
import { refuseOddForm, refuseOddQuery } from '../../../src/http/params.js';
import { AppError } from '../../../src/lib/errors.js';

/** The code of what is thrown, and the parameter that it names. */
function failure(work: () => void): unknown[] | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return [error.code, error.data.parameter];
    throw error;
  }
  return undefined;
}

const ask = (query: string) => () => {
  refuseOddQuery({ originalUrl: `/frames/?${query}` });
};

test.each([
  ...['', 'a', '=', '&&', 'OBJECT=M+31', 'OBJECT=50%', 'OBJECT=%25%zz', 'OBJECT=%C3%A9', 'a[]=1'],
  ...['frame_ids[]=1', 'frame_ids[0]=1', 'columns[0][data]=x', 'header.constructor=1', 'x=%0A'],
  ...['OBJECT=a=b', 'OBJECT=%F0%9F%94%AD'],
])('?%s is taken', (query) => {
  expect(failure(ask(query))).toBeUndefined();
});

test.each([
  ['OBJECT=%00', 'OBJECT'],
  ['OBJECT=a%00b', 'OBJECT'],
  ['OBJECT=%ED%A0%80', 'OBJECT'],
  ['OBJECT=%C0%AE', 'OBJECT'],
  ['OBJECT=%FF', 'OBJECT'],
  ['limit[]=1', 'limit[]'],
  ['limit[a]=1', 'limit[a]'],
  ['__proto__=1', '__proto__'],
  ['__proto__[a]=1', '__proto__[a]'],
  ['a[__proto__]=1', 'a[__proto__]'],
  ['constructor[prototype][a]=1', 'constructor[prototype][a]'],
  ['%00=1', undefined],
  ['a%0Ab=1', undefined],
])('?%s is refused', (query, parameter) => {
  expect(failure(ask(query))).toEqual(['bad_request', parameter]);
});

test.each([
  ['text=caf%C3%A9&b=50%&c=%zz', undefined],
  ['text=café&b', undefined],
  ['a=1&text=caf%E9', ['bad_request', 'text']],
  ['text=%ED%A0%80', ['bad_request', 'text']],
  [Buffer.from('a=1&text=caf\xe9&b=2', 'latin1'), ['bad_request', 'text']],
  [Buffer.from('caf\xe9=1', 'latin1'), ['bad_request', undefined]],
])('of the form %s it is told whether it is UTF-8', (form, told) => {
  const read = (): void => {
    refuseOddForm(Buffer.from(form));
  };
  expect(failure(read)).toEqual(told);
});

test('far too many parameters are refused', () => {
  expect(failure(ask('a=1&'.repeat(999)))).toBeUndefined();
  expect(failure(ask('a=1&'.repeat(1000)))).toEqual(['bad_request', undefined]);
});

test('an address that is none is refused', () => {
  const at = (originalUrl: string) => () => {
    refuseOddQuery({ originalUrl });
  };
  expect(failure(at('*'))).toEqual(['bad_request', undefined]);
  expect(failure(at('/frames/'))).toBeUndefined();
  expect(failure(at('http://host/frames/'))).toBeUndefined();
});

test('a long run of ids that is named again and again costs no more than once', () => {
  const began = performance.now();
  const ids = (text: string) => () => readIds([['frame_ids', text]]);
  expect(failure(ids('1-99999,'.repeat(500_000) + '1'))).toEqual(['too_large', undefined]);
  expect(performance.now() - began).toBeLessThan(2000);
  expect(ids('5,1-3,2')()).toEqual([1, 2, 3, 5]);
});
