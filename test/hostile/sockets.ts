/** Bytes on a socket that are no request, or two. */
export interface SocketAttack {
  readonly kind: string;
  readonly name: string;
  readonly pieces: readonly (string | Uint8Array)[];
  /** Leaves without listening. */
  readonly isRude?: boolean;
  /** Answers that are right; 0 for a connection that is closed or left waiting without a word. */
  readonly statuses: readonly number[];
}

const REFUSED = [0, 400, 431] as const;

/** Requests that two servers in a row would cut in two at different places. RFC 9112 §11.2 */
function smuggling(token: string): SocketAttack[] {
  const inner = `DELETE /frames/1/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token ${token}\r\n\r\n`;
  const start = `POST /frames/zip/ HTTP/1.1\r\nHost: a\r\n`;
  const both = `${start}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`;
  const rows: readonly (readonly [string, string])[] = [
    ['a length and chunks', both],
    [
      'chunks and a length',
      `${start}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${inner}`,
    ],
    ['two lengths', `${start}Content-Length: 0\r\nContent-Length: 50\r\n\r\n${inner}`],
    ['a list of lengths', `${start}Content-Length: 0, 50\r\n\r\n${inner}`],
    ['a length with a sign', `${start}Content-Length: +5\r\n\r\n${inner}`],
    ['a negative length', `${start}Content-Length: -1\r\n\r\n${inner}`],
    ['a length of 30 digits', `${start}Content-Length: ${'9'.repeat(30)}\r\n\r\n${inner}`],
    ['a length in hexadecimal', `${start}Content-Length: 0x10\r\n\r\n${inner}`],
    ['a folded header', `${start}Content-Length:\r\n 50\r\nX: y\r\n\r\n${inner}`],
    ['a blank before the colon', `${start}Content-Length : 50\r\n\r\n${inner}`],
    ['another coding', `${start}Transfer-Encoding: xchunked\r\n\r\n${inner}`],
    [
      'two codings',
      `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${inner}`,
    ],
    ['a hidden coding', `${start}Transfer-Encoding:\x0bchunked\r\n\r\n${inner}`],
    ['a chunk of no size', `${start}Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n${inner}`],
    ['a chunk of 2^64', `${start}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${inner}`],
    ['a negative chunk', `${start}Transfer-Encoding: chunked\r\n\r\n-1\r\n${inner}`],
    ['bare line feeds', both.replaceAll('\r\n', '\n')],
    ['a bare carriage return', `${start}X: a\rContent-Length: 50\r\n\r\n${inner}`],
    ['NUL in a header', `${start}X: a\0b\r\n\r\n${inner}`],
    ['NUL in a name', `${start}X\0Y: a\r\n\r\n${inner}`],
    ['no colon', `${start}nothing\r\n\r\n${inner}`],
    ['a name of nothing', `${start}: x\r\n\r\n${inner}`],
  ];
  return rows.map(([name, text]) => ({
    ...{ kind: 'smuggling', name, pieces: [text] },
    statuses: [...REFUSED, 401, 411, 413, 501],
  }));
}

/** What is not HTTP at all. */
function noise(): SocketAttack[] {
  const tls = Buffer.from('1603010200010001fc0303', 'hex');
  const rows: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing but line ends', '\r\n'.repeat(5000)],
    ['zeros', Buffer.alloc(20_000)],
    ['a greeting of TLS', tls],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /frames/\r\n\r\n'],
    ['HTTP/9.9', 'GET /frames/ HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['no host', 'GET /frames/ HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /frames/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a method of 10 000 letters', `${'G'.repeat(10_000)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['an address of 100 000 letters', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'a query of 100 000 letters',
      `GET /frames/?a=${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    ],
    [
      'a header of 100 000 letters',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
    ],
    ['5 000 headers', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(5000)}\r\n`],
    [
      'a cookie of 60 000 letters',
      `GET / HTTP/1.1\r\nHost: a\r\nCookie: a=${'b'.repeat(60_000)}\r\n\r\n`,
    ],
    ['a blank in the address', 'GET /frames/ 1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['bytes in the address', 'GET /\xff\xfe\x00 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a whole address', 'GET http://evil.example/frames/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
    [
      'an upgrade',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
  ];
  return rows.map(([name, bytes]) => ({
    ...{ kind: 'no HTTP', name, pieces: [bytes] },
    statuses: [...REFUSED, 200, 302, 401, 404, 405, 414, 505],
  }));
}

/** Uploads that end in each of their phases, by a client that just leaves. */
function aborted(token: string): SocketAttack[] {
  const head = [
    'POST /frames/create/ HTTP/1.1\r\nHost: a\r\n',
    `Authorization: Token ${token}\r\nContent-Type: multipart/form-data; boundary=b\r\n`,
  ].join('');
  const part = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.fits"\r\n\r\n';
  const data = Buffer.alloc(300_000, 'S');
  const phases: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
    ['in the request line', ['POST /frames/cre']],
    ['in a header', [head.slice(0, 60)]],
    ['after the headers', [`${head}Content-Length: 500000\r\n\r\n`]],
    ['before the first part', [`${head}Content-Length: 500000\r\n\r\n`, 'preamble']],
    ['in the headers of a part', [`${head}Content-Length: 500000\r\n\r\n`, part.slice(0, 40)]],
    ['after the headers of a part', [`${head}Content-Length: 500000\r\n\r\n`, part]],
    ['in a file', [`${head}Content-Length: 500000\r\n\r\n`, part, data]],
    ['in the last boundary', [`${head}Content-Length: 500000\r\n\r\n`, part, data, '\r\n--b-']],
    ['in a chunk', [`${head}Transfer-Encoding: chunked\r\n\r\n`, 'ffff\r\n', part]],
    ['before the last chunk', [`${head}Transfer-Encoding: chunked\r\n\r\n`, '3\r\n--b\r\n']],
    [
      'in the second file',
      [`${head}Content-Length: 900000\r\n\r\n`, part, data, '\r\n', part, data],
    ],
  ];
  return [
    ...phases.flatMap(([name, pieces]) =>
      [1, 2, 3].map((turn) => ({
        ...{ kind: 'aborted uploads', name: `${name}, ${turn}`, pieces, isRude: true },
        statuses: [0],
      })),
    ),
    {
      kind: 'aborted uploads',
      name: '1 TB declared',
      pieces: [`${head}Content-Length: ${2 ** 40}\r\n\r\n`, part, data],
      statuses: [413],
    },
    {
      kind: 'aborted uploads',
      name: '2^63 bytes declared',
      pieces: [`${head}Content-Length: ${2n ** 63n}\r\n\r\n`, part, data],
      statuses: [400, 413],
    },
    {
      kind: 'aborted uploads',
      name: 'asked first, without a right',
      pieces: [
        'POST /frames/create/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
      ],
      statuses: [401],
    },
    {
      kind: 'aborted uploads',
      name: 'asked first for 1 TB',
      pieces: [`${head}Expect: 100-continue\r\nContent-Length: ${2 ** 40}\r\n\r\n`],
      statuses: [413],
    },
  ];
}

/** Everything that takes a raw socket. @param token of somebody who may upload and delete */
export function socketAttacks(token: string): SocketAttack[] {
  return [...smuggling(token), ...noise(), ...aborted(token)];
}
