/** Addresses, verbs and rights of the pyobs dialect, line by line, where the recordings do not reach. */
import { connect } from 'node:net';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from '../support/archive.js';
import { startNight } from '../support/night.js';

interface List {
  count: number;
  results: { id: number }[];
}

let archive: TestArchive;
let reader: string;

beforeAll(async () => {
  ({ archive } = await startNight());
  await archive.run(
    ['user', 'add', 'reader', '--role', 'user', '--password-stdin'],
    'long enough\n',
  );
  reader = (await archive.run(['token', 'add', 'reader'])).stdout.trim();
});
afterAll(() => archive.close());

const list = (query: string) => archive.json<List>(`/frames/?${query}`);
const ask = (method: string, path: string, init: Parameters<TestArchive['fetch']>[1] = {}) =>
  archive.fetch(path, { method, redirect: 'manual', ...init });

describe('addresses and verbs', () => {
  const READ = [
    '',
    'aggregate/',
    'zip/',
    '1/',
    '1/headers/',
    '1/related/',
    '1/preview/',
    '1/catalog/',
    '1/download/',
  ];

  test('every address reads alike with and without its last slash; HEAD has no body', async () => {
    for (const path of READ.map((each) => `/frames/${each}`)) {
      const bare = path.replace(/\/$/, '');
      for (const [method, address] of [
        ['GET', path],
        ['GET', bare],
        ['HEAD', path],
        ['HEAD', bare],
      ] as const) {
        const answer = await ask(method, `${address}?night=2026-03-01`);
        const body = await answer.text();
        expect([method, address, answer.status, answer.headers.get('location')]).toEqual([
          method,
          address,
          200,
          null,
        ]);
        if (method === 'HEAD') expect(body).toBe('');
      }
    }
  });

  test('so do the verbs that change something', async () => {
    const form = () => {
      const data = new FormData();
      data.append(
        'any name',
        new Blob([new Uint8Array(pyobsFrame({ FNAME: 'verbs.fits' }))]),
        'verbs.fits',
      );
      return data;
    };
    for (const path of [
      '/frames/create',
      '/frames/create/',
      '/create',
      '/create/',
      '/frames',
      '/frames/',
    ]) {
      const answer = await ask('POST', path, { body: form() });
      expect([path, answer.status, await answer.json()]).toMatchObject([
        path,
        200,
        { created: 1, filenames: ['verbs'] },
      ]);
    }
    const id = (await list('basename=verbs')).results[0]?.id ?? 0;
    for (const path of ['/frames/zip', '/frames/zip/']) {
      expect(
        (await ask('POST', path, { body: new URLSearchParams({ 'frame_ids[]': String(id) }) }))
          .status,
      ).toBe(200);
    }
    const credentials = { username: 'reader', password: 'long enough' };
    for (const path of ['/api-token-auth', '/api-token-auth/']) {
      const init = { body: new URLSearchParams(credentials), token: '' };
      expect(await (await ask('POST', path, init)).json()).toEqual({
        token: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
      });
    }
    const deletions: [string, number][] = [
      ['/delete/', 200],
      ['/delete', 200],
      ['/', 204],
      ['', 204],
    ];
    for (const [end, status] of deletions) {
      await ask('POST', '/frames/create/', { body: form() });
      const now = (await list('basename=verbs')).results[0]?.id ?? 0;
      const answer = await ask('DELETE', `/frames/${now}${end}`);
      expect([end, answer.status, await answer.text()]).toEqual([end, status, '']);
      expect((await ask('DELETE', `/frames/${now}${end}`)).status).toBe(404);
    }
  });

  test('other verbs are 405 and say which there are; OPTIONS says so too, without credentials', async () => {
    const allowed: [string, string][] = [
      ['/frames/', 'GET, HEAD, POST, OPTIONS'],
      ['/frames/aggregate/', 'GET, HEAD, OPTIONS'],
      ['/frames/create/', 'POST, OPTIONS'],
      ['/frames/zip/', 'GET, HEAD, POST, OPTIONS'],
      ['/frames/1/', 'GET, HEAD, DELETE, OPTIONS'],
      ['/frames/1/delete/', 'DELETE, OPTIONS'],
      ['/frames/1/download', 'GET, HEAD, OPTIONS'],
      ['/', 'GET, HEAD, OPTIONS'],
    ];
    for (const [path, verbs] of allowed) {
      const options = await ask('OPTIONS', path, { token: '' });
      expect([path, options.status, options.headers.get('allow')]).toEqual([path, 200, verbs]);
      const patch = await ask('PATCH', path);
      const detail = { detail: 'Method "PATCH" not allowed.' };
      expect([path, patch.status, patch.headers.get('allow'), await patch.json()]).toEqual([
        path,
        405,
        verbs,
        detail,
      ]);
    }
  });
});

describe('who may', () => {
  const requests: [string, string][] = [
    ...['/frames/', '/frames/aggregate/', '/frames/zip/', '/frames/1/', '/frames/99999/'].map(
      (path): [string, string] => ['GET', path],
    ),
    ...['headers', 'related', 'preview', 'catalog', 'download'].map((word): [string, string] => [
      'GET',
      `/frames/1/${word}/`,
    ]),
    ['POST', '/frames/create/'],
    ['POST', '/frames/zip/'],
    ['DELETE', '/frames/1/delete/'],
    ['DELETE', '/frames/1/'],
  ];
  const authorizations: [string, string][] = [
    ['', 'Authentication credentials were not provided.'],
    ['Basic dTpw', 'Authentication credentials were not provided.'],
    [`Token ${'0'.repeat(40)}`, 'Invalid token.'],
    ['Token', 'Invalid token header. No credentials provided.'],
    ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
  ];

  test.each(requests)(
    '%s %s needs credentials: 401 with WWW-Authenticate: Token',
    async (method, path) => {
      for (const [authorization, detail] of authorizations) {
        const headers = authorization === '' ? {} : { Authorization: authorization };
        const answer = await ask(method, path, { token: '', headers });
        expect([
          authorization,
          answer.status,
          answer.headers.get('www-authenticate'),
          await answer.json(),
        ]).toEqual([authorization, 401, 'Token', { detail }]);
      }
    },
  );

  test('a reader may not write: 403', async () => {
    for (const [method, path] of [
      ['POST', '/frames/create/'],
      ['DELETE', '/frames/1/delete/'],
      ['DELETE', '/frames/1/'],
    ] as const) {
      const answer = await ask(method, path, { token: reader });
      expect([path, answer.status, await answer.json()]).toEqual([
        path,
        403,
        { detail: 'You do not have permission to perform this action.' },
      ]);
    }
    expect((await list('basename=bias')).count).toBe(1);
  });

  test('a token may be called Token or Bearer, in any case; never in the address', async () => {
    for (const scheme of ['Token', 'token', 'Bearer']) {
      const headers = { Authorization: `${scheme} ${reader}` };
      expect([scheme, (await ask('GET', '/frames/', { token: '', headers })).status]).toEqual([
        scheme,
        200,
      ]);
    }
    expect((await ask('GET', `/frames/?auth_token=${reader}`, { token: '' })).status).toBe(401);
  });

  test('a wrong password gets no token', async () => {
    for (const body of [
      new URLSearchParams({ username: 'reader', password: 'x' }),
      JSON.stringify({ username: 'reader', password: 'x' }),
    ]) {
      const headers: Record<string, string> =
        typeof body === 'string' ? { 'Content-Type': 'application/json' } : {};
      const answer = await ask('POST', '/api-token-auth/', { token: '', body, headers });
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { non_field_errors: ['Unable to log in with provided credentials.'] },
      ]);
    }
  });
});

test('the files of one request get their ids in order, however long each takes', async () => {
  const form = new FormData();
  for (const [index, width] of [1500, 40, 900, 20, 400].entries()) {
    const file = pyobsFrame({ FNAME: `order-${index}.fits` }, { width, height: width });
    form.append('file', new Blob([new Uint8Array(file)]), `order-${index}.fits`);
  }
  const answer = await ask('POST', '/frames/create/', { body: form });
  const { files } = (await answer.json()) as { files: { id: number; basename: string }[] };
  expect(files.map(({ basename }) => basename)).toEqual([0, 1, 2, 3, 4].map((n) => `order-${n}`));
  const ids = files.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
});

describe('an upload that is refused', () => {
  const SIZE = 24 * 2 ** 20;

  /** Sends everything before it reads anything, as simple clients do. */
  function sendBlindly(authorization: string): Promise<{ sent: number; answer: string }> {
    const head = [
      'POST /frames/create/ HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Content-Length: ${SIZE}`,
      'Content-Type: multipart/form-data; boundary=b',
      authorization,
    ].filter((line) => line !== '');
    return new Promise((resolve, reject) => {
      const socket = connect(archive.port, '127.0.0.1');
      let sent = 0;
      let answer = '';
      socket.pause();
      socket.once('error', reject);
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.once('close', () => {
        resolve({ sent, answer });
      });
      const chunk = Buffer.alloc(2 ** 20);
      const more = (): void => {
        if (sent === SIZE) {
          socket.resume();
          return;
        }
        sent += chunk.length;
        socket.write(chunk, more);
      };
      socket.write(`${head.join('\r\n')}\r\n\r\n`, more);
    });
  }

  test('is answered before the body, and the body is still taken: no broken pipe for the client', async () => {
    const cases: [string, RegExp][] = [
      [
        '',
        /^HTTP\/1\.1 401 .*\r\n\r\n\{"detail":"Authentication credentials were not provided\."\}$/s,
      ],
      [`Authorization: Token ${'0'.repeat(40)}`, /^HTTP\/1\.1 401 .*Invalid token/s],
      [`Authorization: Token ${reader}`, /^HTTP\/1\.1 403 .*permission/s],
    ];
    for (const [authorization, expected] of cases) {
      const { sent, answer } = await sendBlindly(authorization);
      expect(sent).toBe(SIZE);
      expect(answer).toMatch(expected);
    }
  });
});
