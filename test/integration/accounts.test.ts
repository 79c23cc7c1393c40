import { pyobsFrame } from '../fixtures/night.js';
import { findUser, insertToken, OPERATOR } from '../../src/catalog/index.js';
import { ADMIN_PASSWORD, startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { addUser } from '../support/logins.js';

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});
afterAll(() => archive.close());

/** Cookies of an answer as a Cookie header. */
function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** Logs in as a browser does. @returns the Cookie header of the session, and its CSRF token */
async function logIn(username: string, password: string) {
  const page = await fetch(`${archive.url}/accounts/login/?next=/`, {
    headers: { Accept: 'text/html' },
  });
  const cookies = cookiesOf(page);
  const csrf = /csrftoken=([^;]*)/.exec(cookies)?.[1] ?? '';
  const response = await fetch(`${archive.url}/accounts/login/`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: cookies, Accept: 'text/html' },
    body: new URLSearchParams({ username, password, next: '/frames/', csrfmiddlewaretoken: csrf }),
  });
  return {
    response,
    cookies: cookiesOf(response),
    csrf: /csrftoken=([^;]*)/.exec(cookiesOf(response))?.[1] ?? csrf,
  };
}

test('an account of each role is made, listed, changed and disabled from the command line', async () => {
  for (const role of ['user', 'writer', 'admin']) {
    const added = await archive.run(
      ['user', 'add', `cli-${role}`, '--role', role, '--password-stdin'],
      'long enough\n',
    );
    expect([added.status, added.stderr]).toEqual([0, '']);
  }
  const twice = await archive.run(
    ['user', 'add', 'CLI-user', '--role', 'user', '--password-stdin'],
    'long enough\n',
  );
  expect([twice.status, twice.stderr]).toEqual([2, "There is a user 'CLI-user' already.\n"]);
  const short = await archive.run(
    ['user', 'add', 'x', '--role', 'user', '--password-stdin'],
    'short\n',
  );
  expect(short.stderr).toMatch(/at least 8/);
  const role = await archive.run(
    ['user', 'add', 'x', '--role', 'king', '--password-stdin'],
    'long enough\n',
  );
  expect([role.status, role.stderr]).toEqual([2, '--role needs one of user, writer, admin.\n']);

  const list = await archive.run(['user', 'list', '--json']);
  const names = list.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { username: string }).username);
  expect(names).toEqual(['admin', 'cli-admin', 'cli-user', 'cli-writer']);

  const token = (await archive.run(['token', 'add', 'cli-user'])).stdout.trim();
  expect(token).toMatch(/^[0-9a-f]{40}$/);
  expect((await archive.fetch('/frames/', { token })).status).toBe(200);
  await archive.run(['user', 'disable', 'cli-user']);
  expect((await archive.fetch('/frames/', { token })).status).toBe(401);
  await archive.run(['user', 'disable', 'cli-user', '--enable']);
  expect((await archive.fetch('/frames/', { token })).status).toBe(200);

  const tokens = (await archive.run(['token', 'list', 'cli-user', '--json'])).stdout;
  const { id, hint } = JSON.parse(tokens) as { id: number; hint: string };
  expect(token.startsWith(hint)).toBe(true);
  expect((await archive.run(['token', 'revoke', String(id)])).status).toBe(0);
  expect((await archive.fetch('/frames/', { token })).status).toBe(401);

  await archive.run(['user', 'disable', 'cli-user']);
  const vain = await archive.run(['token', 'add', 'cli-user']);
  expect([vain.status, vain.stderr]).toEqual([
    0,
    'cli-user is disabled: the token is good for nothing until that changes.\n',
  ]);
  await archive.run(['user', 'disable', 'cli-user', '--enable']);
});

test('a token is good for its scope and the role of its owner, not more', async () => {
  const make = async (name: string, scope: string) =>
    (await archive.run(['token', 'add', name, '--scope', scope])).stdout.trim();
  const reader = await make('cli-user', 'admin');
  const readOnly = await make('admin', 'read');
  const uploader = await make('admin', 'upload');
  const statusOf = async (path: string, token: string, method = 'POST') =>
    (await archive.fetch(path, { token, method })).status;
  expect(await statusOf('/frames/create/', reader)).toBe(403);
  expect(await statusOf('/frames/create/', readOnly)).toBe(403);
  expect(await statusOf('/frames/create/', uploader)).toBe(200);
  expect(await statusOf('/frames/1/delete/', uploader, 'DELETE')).toBe(403);
  expect(await statusOf('/frames/', readOnly, 'GET')).toBe(200);
  expect((await archive.run(['token', 'add', 'nobody'])).stderr).toBe(
    "There is no user 'nobody'.\n",
  );
});

test('without credentials everything is 401 with a challenge, before anything else is told', async () => {
  for (const path of [
    '/frames/',
    '/frames/999/',
    '/frames/aggregate/',
    '/frames/999/download/',
    '/frames/zip/',
  ]) {
    const response = await archive.fetch(path, { token: '' });
    expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([
      path,
      401,
      'Token',
    ]);
    expect(await response.json()).toEqual({
      detail: 'Authentication credentials were not provided.',
    });
  }
  const bad = await archive.fetch('/frames/', { token: 'bad' });
  expect([bad.status, await bad.json()]).toEqual([401, { detail: 'Invalid token.' }]);
});

test('/api-token-auth/ gives the same working token each time, and a 400 for a wrong password', async () => {
  const ask = (password: string) =>
    fetch(`${archive.url}/api-token-auth/`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'admin', password }),
    });
  const first = (await (await ask(ADMIN_PASSWORD)).json()) as { token: string };
  const second = (await (await ask(ADMIN_PASSWORD)).json()) as { token: string };
  expect(first.token).toMatch(/^[0-9a-f]{40}$/);
  expect(second).toEqual(first);
  expect((await archive.fetch('/frames/', { token: first.token })).status).toBe(200);
  const wrong = await ask('wrong');
  expect([wrong.status, await wrong.json()]).toEqual([
    400,
    { non_field_errors: ['Unable to log in with provided credentials.'] },
  ]);
});

test('a token from /api-token-auth/ ends with its revocation and with the password', async () => {
  await archive.run(
    ['user', 'add', 'leaky', '--role', 'user', '--password-stdin'],
    'first secret\n',
  );
  const ask = async (password: string): Promise<string> => {
    const body = new URLSearchParams({ username: 'leaky', password });
    const answer = await fetch(`${archive.url}/api-token-auth/`, { method: 'POST', body });
    return ((await answer.json()) as { token: string }).token;
  };
  const statusOf = async (token: string) => (await archive.fetch('/frames/', { token })).status;
  const first = await ask('first secret');
  expect(await statusOf(first)).toBe(200);
  const { id } = JSON.parse((await archive.run(['token', 'list', 'leaky', '--json'])).stdout) as {
    id: number;
  };
  await archive.run(['token', 'revoke', String(id)]);
  const second = await ask('first secret');
  expect([await statusOf(first), await statusOf(second), second === first]).toEqual([
    401,
    200,
    false,
  ]);
  await archive.run(['user', 'passwd', 'leaky', '--password-stdin'], 'second secret\n');
  expect(await statusOf(second)).toBe(401);
});

test('neither passwords nor tokens nor session ids are readable in the database', async () => {
  const { response, cookies } = await logIn('admin', ADMIN_PASSWORD);
  expect(response.status).toBe(303);
  const session = decodeURIComponent(/platevault_session=([^;]*)/.exec(cookies)?.[1] ?? 'none');
  const id = /^s:([^.]+)\./.exec(session)?.[1] ?? 'none';
  expect(id.length).toBeGreaterThan(20);
  const { readFile } = await import('node:fs/promises');
  const bytes = Buffer.concat(
    await Promise.all(
      ['platevault.sqlite', 'platevault.sqlite-wal'].map((name) =>
        readFile(`${archive.dataDir}/${name}`),
      ),
    ),
  );
  for (const secret of [ADMIN_PASSWORD, archive.adminToken, id]) {
    expect(bytes.includes(secret)).toBe(false);
  }
});

test('a session works like a token, but must show the CSRF token to change anything', async () => {
  const { cookies, csrf } = await logIn('admin', ADMIN_PASSWORD);
  const list = await fetch(`${archive.url}/frames/?format=json`, { headers: { Cookie: cookies } });
  expect(list.status).toBe(200);
  const send = (headers: Record<string, string>) => {
    const form = new FormData();
    form.append(
      'file',
      new Blob([new Uint8Array(pyobsFrame({ FNAME: 'session.fits' }))]),
      'session.fits',
    );
    return fetch(`${archive.url}/frames/create/`, { method: 'POST', body: form, headers });
  };
  const without = await send({ Cookie: cookies });
  expect([without.status, await without.json()]).toEqual([
    403,
    { detail: 'CSRF Failed: CSRF token missing or incorrect.' },
  ]);
  const sent = await send({ Cookie: cookies, 'X-CSRFToken': csrf });
  expect([sent.status, ((await sent.json()) as { created: number }).created]).toEqual([200, 1]);
});

test('the root sets both CSRF cookies for programs and pages, every time', async () => {
  for (const Accept of ['*/*', 'text/html']) {
    const response = await fetch(archive.url, { headers: { Accept, Cookie: 'csrftoken=old' } });
    const names = response.headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['csrftoken', 'archive_csrftoken']));
  }
});

test('name and password in the address sign nobody in, on the page or for a token', async () => {
  const query = new URLSearchParams({ username: 'admin', password: ADMIN_PASSWORD }).toString();
  const page = await fetch(`${archive.url}/accounts/login/`, { headers: { Accept: 'text/html' } });
  const csrfmiddlewaretoken = /csrftoken=([^;]*)/.exec(cookiesOf(page))?.[1] ?? '';
  const response = await fetch(`${archive.url}/accounts/login/?${query}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: cookiesOf(page), Accept: 'text/html' },
    body: new URLSearchParams({ csrfmiddlewaretoken }),
  });
  expect([response.status, await response.text()]).toEqual([
    200,
    expect.stringContaining('do not fit together'),
  ]);
  const token = await fetch(`${archive.url}/api-token-auth/?${query}`, { method: 'POST' });
  expect(token.status).toBe(400);
});

test('an account has fifty tokens and no more, by page, API and command', async () => {
  const password = await addUser(archive, 'many', 'user');
  await withCatalog(archive, async (catalog) => {
    const { id: userId } = (await findUser(catalog, 'many'))!;
    for (let count = 0; count < 50; count += 1) {
      const kept = { userId, name: 'one of many', tokenHash: `hash ${count}`, hint: 'abcdef' };
      await insertToken(catalog, { ...kept, scope: 'read', expiresMs: null }, OPERATOR);
    }
  });
  const sentence = 'This account has 50 tokens, and more cannot be. Revoke one first.';
  const command = await archive.run(['token', 'add', 'many']);
  expect([command.status, command.stderr]).toEqual([2, `${sentence}\n`]);
  const api = await fetch(`${archive.url}/api-token-auth/`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'many', password }),
  });
  expect([api.status, await api.json()]).toEqual([400, { detail: sentence }]);
  const { cookies, csrf } = await logIn('many', password);
  const page = await fetch(`${archive.url}/account/tokens/`, {
    method: 'POST',
    headers: { Cookie: cookies, Accept: 'text/html' },
    body: new URLSearchParams({ name: 'x', scope: 'read', days: '', csrfmiddlewaretoken: csrf }),
  });
  expect([page.status, await page.text()]).toEqual([400, expect.stringContaining(sentence)]);
});
