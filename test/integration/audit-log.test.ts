import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { addToken, addUser, logIn } from '../support/logins.js';

interface Line {
  id: number;
  at: string;
  actor: string;
  address: string;
  action: string;
  subject: string;
  outcome: string;
  old: unknown;
  detail: unknown;
}
interface Page {
  next: string | null;
  results: Line[];
}

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ LOG: 'on', RATE_LIMIT: '50', ANONYMOUS: 'public' });
});
afterAll(() => archive.close());

/** The lines of the log that match, oldest first. */
async function logOf(query: Readonly<Record<string, string>>): Promise<Line[]> {
  const page = await archive.json<Page>(`/audit/?${new URLSearchParams(query).toString()}`);
  return page.results.reverse();
}

const about = (line: Line) => [line.actor, line.action, line.subject, line.outcome];

test('what is done to accounts and tokens stands in the log: by whom, from where, and what was before', async () => {
  const password = await addUser(archive, 'ana', 'user');
  await archive.run(['user', 'role', 'ana', 'writer']);
  await archive.run(['user', 'passwd', 'ana', '--password-stdin'], `${password}!\n`);
  const token = await addToken(archive, 'ana', { scope: 'upload', name: 'camera' });
  const listed = (await archive.run(['token', 'list', 'ana', '--json'])).stdout;
  const { id } = JSON.parse(listed) as { id: number };
  await archive.run(['token', 'revoke', String(id)]);
  await archive.run(['user', 'disable', 'ana']);
  expect((await archive.fetch('/frames/', { token })).status).toBe(401);

  const ofUser = await logOf({ subject: 'user:ana' });
  expect(ofUser.map(about)).toEqual([
    ['operator', 'user.added', 'user:ana', 'done'],
    ['operator', 'user.changed', 'user:ana', 'done'],
    ['operator', 'password.changed', 'user:ana', 'done'],
    ['operator', 'user.changed', 'user:ana', 'done'],
  ]);
  expect(ofUser[1]).toMatchObject({ old: { role: 'user' }, detail: { role: 'writer' } });
  expect(ofUser[3]).toMatchObject({ old: { disabled: false }, detail: { disabled: true } });
  expect(
    (await logOf({ subject: `token:${id}` })).map((line) => [line.action, line.detail]),
  ).toEqual([
    ['token.added', { user: 'ana', name: 'camera', scope: 'upload', expires: null }],
    ['token.revoked', null],
  ]);
});

test('log-ins and log-outs are told with their address; of an unknown name not even the name', async () => {
  const { cookies, csrf } = await logIn(archive, 'admin', archive.adminPassword);
  await logIn(archive, 'admin', 'a wrong one');
  await logIn(archive, 'my secret typed in the wrong field', 'x');
  await fetch(`${archive.url}/accounts/logout/`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: cookies },
    body: new URLSearchParams({ csrfmiddlewaretoken: csrf }),
  });
  const lines = (await logOf({ from: '2020-01-01' })).filter(({ action }) => /^login/.test(action));
  // Refusals are written a moment later than what is done.
  lines.sort((one, other) => one.at.localeCompare(other.at));
  expect(lines.map((line) => [...about(line), line.address, line.detail])).toEqual([
    ['admin', 'login.done', 'user:admin', 'done', '127.0.0.1', { how: 'page' }],
    ['', 'login.refused', 'user:admin', 'refused', '127.0.0.1', { why: 'name and password' }],
    ['', 'login.refused', 'user:?', 'refused', '127.0.0.1', { why: 'name and password' }],
    ['admin', 'login.ended', 'user:admin', 'done', '127.0.0.1', { where: 'here' }],
  ]);
});

test('refusals are told once and then counted, with the path and without its query', async () => {
  await addUser(archive, 'bob', 'user');
  const token = await addToken(archive, 'bob');
  for (let count = 0; count < 5; count += 1) {
    await archive.fetch('/frames/create/?secret=1', { method: 'POST', token });
  }
  const [line, ...more] = await logOf({ actor: 'bob' });
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    action: 'access.refused',
    subject: 'POST /frames/create/',
    outcome: 'refused',
    detail: { status: 403 },
  });
});

test('of what an account was refused to change each line stands there, and not only the first ones', async () => {
  await addUser(archive, 'ivo', 'writer');
  const token = await addToken(archive, 'ivo', { scope: 'read' });
  for (let id = 1; id <= 25; id += 1) {
    const answer = await archive.fetch(`/frames/${id}/`, { method: 'DELETE', token });
    expect(answer.status).toBe(403);
  }
  const subjects = (await logOf({ actor: 'ivo' })).map(({ subject }) => subject);
  expect(subjects).toEqual(Array.from({ length: 25 }, (_, at) => `DELETE /frames/${at + 1}/`));
});

test('the log is read by admins alone, in pages, by filters that are checked, and as a table that no spreadsheet runs', async () => {
  const reader = await addToken(archive, 'admin', { scope: 'read' });
  expect((await archive.fetch('/audit/', { token: '' })).status).toBe(401);
  expect((await archive.fetch('/audit/', { token: reader })).status).toBe(403);
  for (const [query, words] of [
    ['action=nothing', /Invalid value for action/],
    ['from=yesterday', /Invalid value for from/],
    ['limit=x', /Invalid value for limit/],
    ['cursor=-1', /Invalid value for cursor/],
    ['format=xml', /Invalid value for format/],
  ] as const) {
    const answer = await archive.fetch(`/audit/?${query}`);
    expect([query, answer.status, await answer.text()]).toEqual([
      query,
      400,
      expect.stringMatching(words),
    ]);
  }
  const all = await archive.json<Page>('/audit/?limit=1000');
  const paged: Line[] = [];
  let next: string | null = '/audit/?limit=3';
  while (next !== null) {
    const page: Page = await archive.json<Page>(next);
    expect(page.results.length).toBeLessThanOrEqual(3);
    paged.push(...page.results);
    next = page.next;
  }
  expect(paged).toEqual(all.results);
  const today = new Date().toISOString().slice(0, 10);
  expect((await logOf({ from: today, to: today })).length).toBeGreaterThan(5);
  expect(await logOf({ to: '2020-01-01' })).toEqual([]);

  await archive.run(['token', 'add', 'admin', '--label', '=HYPERLINK("http://x")']);
  const csv = await (await archive.fetch('/audit/?format=csv&action=token.added')).text();
  const [head, newest = ''] = csv.split('\r\n');
  expect(head).toBe('id,at,actor,address,action,subject,outcome,old,detail');
  expect(newest).toContain(',operator,,token.added,token:');
  const formula = await archive.fetch('/%3Dcmd', { method: 'GET', token: reader });
  expect(formula.status).toBe(404);
  for (const cell of csv.split(/\r\n|,/)) expect(cell).not.toMatch(/^"?[=+@-]/);
});

test('the page of the log and the command show the same lines', async () => {
  const { cookies } = await logIn(archive, 'admin', archive.adminPassword);
  const open = async (path: string) => {
    const page = await fetch(`${archive.url}${path}`, { headers: { Cookie: cookies } });
    return { status: page.status, text: await page.text() };
  };
  const page = await open('/admin/log/?subject=user%3Aana&action=user.changed');
  expect(page.status).toBe(200);
  expect(page.text.match(/<td data-label="Did what"/g)).toHaveLength(2);
  expect(page.text).toContain('before: role: user, disabled: false');
  expect((await open('/admin/log/?from=nonsense')).status).toBe(400);

  const args = ['log', '--subject', 'user:ana', '--action', 'user.changed', '--json'];
  const command = await archive.run(args);
  const lines = command.stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as Line).detail)).toEqual([
    { role: 'writer', disabled: true },
    { role: 'writer', disabled: false },
  ]);
  const wrong = await archive.run(['log', '--from', 'nonsense']);
  expect([wrong.status, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/Invalid value for from/),
  ]);
});

test('neither the log lines of the server nor the audit log hold a password, a token or a signature', async () => {
  const password = await addUser(archive, 'carl', 'writer');
  const token = await addToken(archive, 'carl');
  const name = 'secret-free.fits';
  const sent = await archive.upload(pyobsFrame({ FNAME: name }), name, token);
  const id = String(sent.files[0]?.id);
  const { url } = await archive.json<{ url: string }>(`/frames/${id}/`, { token });
  const signature = new URL(url).searchParams.get('sig') ?? 'none';
  expect((await fetch(url)).status).toBe(200);
  await fetch(url.replace('sig=', 'sig=x'));
  await fetch(`${url}&token=${token}`);
  await archive.fetch(`/frames/?token=${token}&password=${password}`, { token: 'guessed-token' });
  await fetch(`${archive.url}/audit/?auth_token=${token}`);
  await fetch(`${archive.url}/frames/zip/`, {
    method: 'POST',
    body: new URLSearchParams({ auth_token: `${token}0`, frame_ids: id }),
  });
  const { cookies, csrf } = await logIn(archive, 'carl', password);
  await logIn(archive, 'carl', 'wrong-but-mine');
  await logIn(archive, password, 'swapped-name');
  const post = (path: string, body: Readonly<Record<string, string>>) =>
    fetch(`${archive.url}${path}`, {
      method: 'POST',
      headers: { Cookie: cookies },
      body: new URLSearchParams({ ...body, csrfmiddlewaretoken: csrf }),
    });
  const made = await (await post('/account/tokens/', { name: 'mine', scope: 'read' })).text();
  const newToken = /id="new-token">([0-9a-f]{40})</.exec(made)?.[1] ?? 'none';
  expect(newToken).toHaveLength(40);
  const given = await fetch(`${archive.url}/api-token-auth/`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'carl', password }),
  });
  const { token: passwordToken } = (await given.json()) as { token: string };
  await post('/account/password/', { old: password, new: 'brand new one', again: 'brand new one' });
  await archive.fetch('/audit/');
  const audit = JSON.stringify(await archive.json('/audit/?limit=1000'));
  await archive.stop();
  const printed = archive.output();
  expect(printed.split('\n').length).toBeGreaterThan(20);
  expect(audit).toContain('password.changed');
  const session = decodeURIComponent(/platevault_session=([^;]*)/.exec(cookies)?.[1] ?? 'none');
  const secrets = [
    password,
    encodeURIComponent(password),
    new URLSearchParams({ password }).toString().slice('password='.length),
    'wrong-but-mine',
    'brand new one',
    'brand+new+one',
    'guessed-token',
    token,
    newToken,
    passwordToken,
    archive.adminToken,
    archive.adminPassword,
    signature,
    csrf,
    /^s:([^.]+)/.exec(session)?.[1] ?? 'none',
  ];
  for (const secret of secrets) {
    expect([secret, printed.includes(secret)]).toEqual([secret, false]);
    expect([secret, audit.includes(secret)]).toEqual([secret, false]);
  }
  await archive.restart();
});

test('what a client says about its own address, host and protocol is not believed', async () => {
  const headers = {
    'X-Forwarded-For': '203.0.113.77',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
  };
  const list = await archive.fetch('/frames/?limit=1', { headers });
  expect(await list.text()).not.toContain('evil.example');
  const { response } = await logIn(archive, 'admin', archive.adminPassword, headers);
  expect([response.status, response.headers.getSetCookie().length]).toEqual([303, 4]);
  expect(response.headers.getSetCookie().join()).not.toMatch(/Secure/i);
  expect(await logOf({ from: '2020-01-01' })).not.toContainEqual(
    expect.objectContaining({ address: '203.0.113.77' }),
  );
});

test('visitors and users have a limit for each address; cameras, admins and health checks have none', async () => {
  // The minute of the tests before must not count.
  await archive.stop();
  await archive.restart();
  const [user, camera] = [await addToken(archive, 'bob'), await addToken(archive, 'carl')];
  const ask = async (path: string, token: string, times: number) => {
    const statuses = new Map<number, number>();
    for (let count = 0; count < times; count += 1) {
      const { status } = await archive.fetch(path, { token });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    return Object.fromEntries(statuses);
  };
  expect(await ask('/frames/?limit=0', user, 30)).toEqual({ 200: 30 });
  expect(await ask('/frames/?limit=0', 'no-such-token', 25)).toEqual({ 401: 20, 429: 5 });
  const refused = await archive.fetch('/frames/?limit=0', { token: user });
  const wait = Number(refused.headers.get('retry-after'));
  expect([refused.status, wait > 0 && wait <= 60]).toEqual([429, true]);
  expect(await refused.json()).toEqual({
    detail: `Request was throttled. Expected available in ${wait} seconds.`,
  });
  expect(await ask('/frames/?limit=0', camera, 60)).toEqual({ 200: 60 });
  expect(await ask('/frames/?limit=0', archive.adminToken, 60)).toEqual({ 200: 60 });
  expect(await ask('/health/', '', 60)).toEqual({ 200: 60 });
  const page = await fetch(`${archive.url}/frames/`, { headers: { Accept: 'text/html' } });
  expect([page.status, await page.text()]).toEqual([
    429,
    expect.stringContaining('That was too often'),
  ]);
  const [line] = (await logOf({ action: 'access.refused' })).filter(
    ({ detail }) => (detail as { status?: number }).status === 429,
  );
  expect(line).toMatchObject({ subject: 'GET /frames/', address: '127.0.0.1' });
});
