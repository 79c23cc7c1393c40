import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

/** How the archive is called, and in which form it answers. */
let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ ALLOWED_HOSTS: 'box,.obs.example' });
  await archive.upload(pyobsFrame({ FNAME: 'called.fits' }), 'called.fits');
});
afterAll(() => archive.close());

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request under a name of one's own: `fetch` sets the header Host itself. */
function ask(of: TestArchive, path: string, headers: Record<string, string>): Promise<Answer> {
  const Authorization = `Token ${of.adminToken}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: of.port, path, headers: { Authorization, ...headers } },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() });
        });
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}

test.each([
  ['box:8000', 200],
  ['BOX', 200],
  ['archive.obs.example', 200],
  ['obs.example', 200],
  ['localhost:8000', 200],
  ['127.0.0.1', 200],
  ['[::1]:8000', 200],
  ['evil.example', 400],
  ['notobs.example', 400],
  ['box.evil.example', 400],
  ['127.0.0.1.evil.example', 400],
  ['203.0.113.5', 400],
])('a client that calls the archive %s is answered %i', async (Host, status) => {
  for (const path of ['/frames/?format=json', '/frames/?format=html', '/accounts/login/']) {
    const answer = await ask(archive, path, { Host });
    expect([path, answer.status]).toEqual([path, status]);
    if (status === 400) expect(answer.text).toContain('ALLOWED_HOSTS');
  }
});

test('without settings any name is answered; links are made with HTTP_ROOT as soon as it is set', async () => {
  const links = async (settings: Record<string, string>, Host: string): Promise<string> => {
    const open = await startArchive(settings);
    try {
      await open.upload(pyobsFrame(), 'linked.fits');
      const { status, text } = await ask(open, '/frames/?format=json', { Host });
      const { results } = JSON.parse(text) as { results: { url: string }[] };
      return `${status} ${String(results[0]?.url).replace(/frames.*/, '')}`;
    } finally {
      await open.close();
    }
  };
  expect(await links({}, 'box:8000')).toBe('200 http://box:8000/');
  const HTTP_ROOT = 'https://archive.example/';
  expect(await links({ HTTP_ROOT }, 'evil.example')).toBe(`200 ${HTTP_ROOT}`);
});

test('no host is no name either, and the address of a request is not where links lead', async () => {
  const socket = connect(archive.port, '127.0.0.1');
  socket.end(
    `GET /frames/ HTTP/1.1\r\nHost:\r\nAuthorization: Token ${archive.adminToken}\r\n\r\n`,
  );
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  const whole = 'http://evil.example:77/frames/?limit=1&offset=0&format=json&FILTER=';
  await archive.upload(
    pyobsFrame({ FNAME: 'second.fits', OBJECT: 'x' }, { seed: 5 }),
    'second.fits',
  );
  const answer = await ask(archive, whole, { Host: 'box' });
  const { next } = JSON.parse(answer.text) as { next: string };
  expect(next).toBe('http://box/frames/?limit=1&offset=1&format=json&FILTER=');
});

test('what a proxy hands on as the scheme is in links only if it is one', async () => {
  const open = await startArchive({ TRUST_PROXY: 'loopback' });
  try {
    const root = async (scheme: string): Promise<unknown> => {
      const headers = { Host: 'box', 'X-Forwarded-Proto': scheme };
      const { text } = await ask(open, '/?format=json', headers);
      return (JSON.parse(text) as { frames: string }).frames;
    };
    expect(await root('https')).toBe('https://box/frames/');
    expect(await root('http://evil.example/x?')).toBe('http://box/frames/');
    expect(await root('javascript')).toBe('http://box/frames/');
  } finally {
    await open.close();
  }
});

test('a form that is no UTF-8 is refused and says which field, on pages and in the API', async () => {
  for (const path of ['/accounts/login/', '/api-token-auth/']) {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from('username=ren\xe9&password=x', 'latin1');
    const answer = await archive.fetch(path, { method: 'POST', token: '', headers, body });
    const { username } = (await answer.json()) as { username?: unknown };
    expect([path, answer.status, username]).toEqual([
      path,
      400,
      ['Invalid parameter username: it is not UTF-8.'],
    ]);
  }
});

test('metrics are not for a page whose name was led to this machine', async () => {
  const open = await startArchive();
  try {
    for (const [Host, status] of [
      ['localhost:9999', 200],
      ['127.0.0.1', 200],
      ['[::1]', 200],
      ['rebound.example', 401],
      ['localhost.evil.example', 401],
    ] as const) {
      const headers = { Host, Authorization: '' };
      expect([Host, (await ask(open, '/metrics/', headers)).status]).toEqual([Host, status]);
    }
  } finally {
    await open.close();
  }
});

test('format=html is the page of a frame, format=json its facts, and no other word is taken', async () => {
  const { results } = await archive.json<{ results: { id: number }[] }>('/frames/');
  const id = results[0]?.id ?? 0;
  for (const path of ['/frames/', `/frames/${id}/`]) {
    for (const [query, accept, type] of [
      ['?format=html', '*/*', 'text/html'],
      ['?format=html', 'application/json', 'text/html'],
      ['?format=json', 'text/html', 'application/json'],
      ['', 'text/html', 'text/html'],
      ['', '*/*', 'application/json'],
    ] as const) {
      const answer = await archive.fetch(path + query, { headers: { Accept: accept } });
      const found = [path, query, answer.status, answer.headers.get('content-type')];
      expect(found).toEqual([path, query, 200, expect.stringContaining(type)]);
    }
  }
  const paths = ['/', '/frames/', `/frames/${id}/`, '/frames/aggregate/', '/profile/'];
  for (const path of [...paths, '/trash/', '/quarantine/', '/admin/']) {
    const odd = await archive.fetch(`${path}?format=xml`);
    const known = path === '/frames/' ? 'json or html or csv or votable' : 'json or html';
    expect([path, odd.status, await odd.json()]).toEqual([
      path,
      400,
      expect.objectContaining({ format: [`Invalid value for format: expected ${known}.`] }),
    ]);
  }
});
