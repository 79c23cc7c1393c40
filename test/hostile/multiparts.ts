import { namedFrame } from './files-names.js';

/** A body that is not what a form sends. */
export interface MultipartAttack {
  readonly kind: string;
  readonly name: string;
  /** Value of Content-Type. */
  readonly type: string;
  readonly body: () => Buffer;
  /** Files of it that must be stored, and answers that are right. */
  readonly stored: number;
  readonly statuses: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
}

const FORM = 'multipart/form-data; boundary=b';
const LIMITS = [400, 413, 415];
const END = '\r\n--b--\r\n';

/** One part: its headers as they are, and its content. */
export function part(headers: string, content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return Buffer.concat([Buffer.from(`--b\r\n${headers}\r\n\r\n`, 'latin1'), bytes, CRLF]);
}

const CRLF = Buffer.from('\r\n');
const CLOSE = Buffer.from('--b--\r\n');
const disposition = (rest: string): string => `Content-Disposition: form-data${rest}`;

/** A part that holds a frame like no other. */
export function framePart(name: string): Buffer {
  const headers = disposition(`; name="file"; filename="${name}"`);
  return part(headers, namedFrame({ FNAME: name }));
}

type Row = readonly [
  name: string,
  body: () => Buffer,
  more?: Partial<Pick<MultipartAttack, 'type' | 'stored' | 'statuses' | 'headers'>>,
];

function table(kind: string, rows: readonly Row[]): MultipartAttack[] {
  return rows.map(([name, body, more = {}]) => ({
    ...{ kind, name, body, type: FORM, stored: 0, statuses: LIMITS },
    ...more,
  }));
}

const whole = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, CLOSE]);
const times = (count: number, make: (index: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_, index) => make(index));
const field = (name: string, value = 'x'): Buffer => part(disposition(`; name="${name}"`), value);

function boundaries(): MultipartAttack[] {
  const body = (): Buffer => whole(framePart('boundary.fits'));
  const types = [
    ...['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary'],
    ...['multipart/form-data; boundary=c', 'multipart/form-data; boundary="b', 'multipart/;'],
    ...[`multipart/form-data; boundary=${'b'.repeat(3000)}`, 'multipart/form-data; boundary=--b'],
  ];
  return [
    ...table(
      'boundaries',
      types.map((type): Row => [type.slice(0, 60), body, { type, statuses: [200, 400, 415] }]),
    ),
    ...table('boundaries', [
      ['none in the body', () => Buffer.alloc(100_000, 'x')],
      ['an empty body', () => Buffer.alloc(0)],
      ['the end first', () => Buffer.from('--b--\r\n'), { statuses: [200, 400] }],
      ['only line feeds', () => Buffer.from(body().toString('latin1').replaceAll('\r\n', '\n'))],
      ['no end', () => framePart('no-end.fits')],
      ['half an end', () => Buffer.concat([framePart('half-end.fits'), Buffer.from('--b-')])],
      ['the middle of a header', () => Buffer.from('--b\r\nContent-Dispo')],
      ['a part of no header', () => whole(part('', 'x'))],
      [
        '20 MB before the first',
        () => Buffer.concat([Buffer.alloc(20e6, 'x'), Buffer.from(END), whole(field('a'))]),
        { statuses: [200, 400, 413] },
      ],
      [
        '20 MB after the last',
        () => Buffer.concat([whole(field('a')), Buffer.alloc(20e6, 'x')]),
        { statuses: [200, 400, 413] },
      ],
    ]),
  ];
}

/** File parts that a parser may overlook: nothing that was sent may be lost without a word. */
function nameless(): MultipartAttack[] {
  const frame = (): Buffer => namedFrame({});
  const octets = 'Content-Type: application/octet-stream';
  const heads = [
    `${disposition('; name="file"')}\r\n${octets}`,
    `${disposition('; name="file"; filename=""')}\r\n${octets}`,
    disposition('; name="file"; filename=""'),
    disposition('; name="file"; filename'),
    disposition('; filename="x.fits"'),
    disposition('; name=""'),
    disposition('; name="file"'),
    `Content-Disposition: attachment; name="file"; filename="x.fits"`,
    'Content-Disposition: nonsense',
    octets,
    'X: y',
  ];
  return table(
    'parts without a name',
    heads.map((head): Row => [JSON.stringify(head), () => whole(part(head, frame()))]),
  );
}

function floods(): MultipartAttack[] {
  const empty = (i: number): Buffer =>
    part(disposition(`; name="f${i}"; filename="${i}.fits"`), '');
  const deep = `a${'[b]'.repeat(2000)}`;
  const pairs = times(5000, (i) => Buffer.from(`X-${i}: y\r\n`)).join('');
  const names = [
    '',
    '__proto__',
    'constructor[prototype][x]',
    '__proto__[x]',
    'a[999999999]',
    deep,
  ];
  return [
    ...table('floods', [
      ['5 000 fields', () => whole(...times(5000, (i) => field(`f${i}`)))],
      ['5 000 files of nothing', () => whole(...times(5000, empty))],
      ['50 000 parts', () => whole(...times(50_000, () => part('', '')))],
      ['a name of 100 kB', () => whole(field('n'.repeat(100_000)))],
      ['a field of 10 MB', () => whole(field('a', 'x'.repeat(10e6)))],
      ['5 000 headers of a part', () => whole(part(`${pairs}${disposition('; name="a"')}`, 'x'))],
      ['a header of 1 MB', () => whole(part(`X: ${'y'.repeat(1e6)}`, 'x'))],
      ['a header that begins with a blank', () => whole(part(' x: y', 'z'))],
      ['a header without colon', () => whole(part('nothing', 'z'))],
    ]),
    ...table(
      'names of fields',
      names.map((name): Row => [
        name.slice(0, 40),
        () => whole(field(name), framePart(`field-${names.indexOf(name)}.fits`)),
        { stored: -1, statuses: [200, 400, 413] },
      ]),
    ),
  ];
}

/** Sums that the client says, and that are not those of the bytes. */
function sums(): MultipartAttack[] {
  const values: readonly (readonly [string, string])[] = [
    ['Content-MD5', 'rL0Y20zC+Fzt72VPzMSk2A=='],
    ['Content-MD5', 'nonsense'],
    ['X-Checksum-SHA256', '0'.repeat(64)],
    ['X-Checksum-SHA256', 'A'.repeat(43) + '='],
    ['X-Checksum-SHA256', ''],
    ['X-Checksum-SHA256', '%00'],
  ];
  return [
    ...table(
      'wrong sums',
      values.map(([header, value]): Row => [
        `${header}: ${value} of the request`,
        () => whole(framePart('sum.fits')),
        { headers: { [header]: value } },
      ]),
    ),
    ...table(
      'wrong sums',
      values.map(([header, value]): Row => [
        `${header}: ${value} of the part`,
        () => {
          const head = disposition('; name="file"; filename="sum.fits"');
          return whole(part(`${head}\r\n${header}: ${value}`, namedFrame({ FNAME: 'sum' })));
        },
      ]),
    ),
  ];
}

/** Kinds of content that are not taken, with a frame as the body. */
function otherTypes(): MultipartAttack[] {
  const types = [
    'application/fits',
    'application/json',
    'text/plain',
    'multipart/mixed; boundary=b',
  ];
  const rows = ['', 'a', 'multipart', '/', 'multipart/form-data;;;=;', ...types];
  return table(
    'kinds of content',
    rows.map((type): Row => [
      type === '' ? 'none' : type,
      () => whole(framePart('type.fits')),
      { type, statuses: [200, 400, 405, 415] },
    ]),
  );
}

/** Bodies of uploads that are not what they should be. */
export function multipartAttacks(): MultipartAttack[] {
  return [...boundaries(), ...nameless(), ...floods(), ...sums(), ...otherTypes()];
}
