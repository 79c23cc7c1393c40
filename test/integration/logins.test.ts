import { startArchive, type TestArchive } from '../support/archive.js';
import { addToken, addUser, cookiesOf, logIn, setCookiesOf } from '../support/logins.js';

let archive: TestArchive;

beforeAll(async () => {
  // With a proxy that is believed a test can come from any address.
  archive = await startArchive({ TRUST_PROXY: 'loopback' });
});
afterAll(() => archive.close());

const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });

/** `POST /api-token-auth/` */
const askToken = (username: string, password: string, address: string): Promise<Response> =>
  fetch(`${archive.url}/api-token-auth/`, {
    method: 'POST',
    headers: from(address),
    body: new URLSearchParams({ username, password }),
  });

const statusWith = async (cookies: string): Promise<number> => {
  const headers = { Cookie: cookies };
  return (await fetch(`${archive.url}/frames/?format=json`, { headers })).status;
};

test('who guesses is told to wait, at the page and at the token end point; nobody else is', async () => {
  const [ana, bob] = [await addUser(archive, 'ana', 'user'), await addUser(archive, 'bob', 'user')];
  const token = await addToken(archive, 'ana');
  for (let count = 0; count < 5; count += 1) {
    const page = await logIn(archive, 'ana', 'wrong', from('192.0.2.1'));
    expect([page.response.status, page.text]).toEqual([
      200,
      expect.stringContaining('Name and password do not fit together.'),
    ]);
    expect((await askToken('ana', 'wrong', '192.0.2.1')).status).toBe(400);
  }
  // Now even the right one is not looked at.
  const page = await logIn(archive, 'ana', ana, from('192.0.2.1'));
  expect([page.response.status, page.response.headers.get('retry-after')]).toEqual([429, '60']);
  expect(page.text).toMatch(/Too many wrong passwords\.[\s\S]*Wait 60 seconds/);
  const api = await askToken('Ana', ana, '192.0.2.1');
  expect([api.status, Number(api.headers.get('retry-after')) > 50]).toEqual([429, true]);
  expect(await api.text()).toMatch(
    /^\{"detail":"Request was throttled\. Expected available in \d+ seconds\."\}$/,
  );

  expect((await askToken('ana', ana, '192.0.2.2')).status).toBe(200);
  expect((await askToken('bob', bob, '192.0.2.1')).status).toBe(200);
  expect((await archive.fetch('/frames/', { token, headers: from('192.0.2.1') })).status).toBe(200);
});

test('a crowd of strangers shuts out neither a browser that was there before nor its network, also after a restart', async () => {
  const password = await addUser(archive, 'hana', 'user');
  const before = await logIn(archive, 'hana', password, from('192.0.2.70'));
  const device = /platevault_device_[^;]*/.exec(before.cookies)?.[0] ?? '';
  await archive.stop();
  await archive.restart();
  const guess = (address: string) => askToken('hana', 'wrong', address);
  for (let count = 0; count < 11; count += 1) await guess('192.0.2.70');
  // Many networks at once, more than can wait for their turn.
  const crowd = Array.from({ length: 150 }, (_, index) => guess(`198.51.100.${index}`));
  const owner = await logIn(archive, 'hana', password, {
    ...from('192.0.2.70'),
    Cookie: device,
  });
  expect(owner.response.status).toBe(303);
  await Promise.all(crowd);
  const stranger = await logIn(archive, 'hana', password, from('192.0.2.70'));
  expect(stranger.response.status).toBe(429);
  const forged = { ...from('192.0.2.70'), Cookie: `${device.slice(0, -2)}xx` };
  expect((await logIn(archive, 'hana', password, forged)).response.status).toBe(429);
});

test('a name that nobody has is answered, and held up, as one that somebody has', async () => {
  const answers: string[] = [];
  for (let count = 0; count < 11; count += 1) {
    const answer = await askToken('nobody-at-all', 'wrong', '192.0.2.10');
    answers.push(`${answer.status} ${await answer.text()}`);
  }
  const wrong = '400 {"non_field_errors":["Unable to log in with provided credentials."]}';
  expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => wrong));
  expect(answers[10]).toMatch(/^429 /);
});

test('a disabled account gives the answer of a wrong password, in its time', async () => {
  const password = await addUser(archive, 'gone', 'user');
  await archive.run(['user', 'disable', 'gone']);
  const times = { disabled: [] as number[], unknown: [] as number[] };
  for (let count = 0; count < 6; count += 1) {
    for (const [kind, name] of [
      ['disabled', 'gone'],
      ['unknown', 'never-there'],
    ] as const) {
      const began = performance.now();
      const answer = await askToken(name, password, '192.0.2.20');
      times[kind].push(performance.now() - began);
      expect([answer.status, await answer.text()]).toEqual([
        400,
        '{"non_field_errors":["Unable to log in with provided credentials."]}',
      ]);
    }
  }
  const ratio = Math.min(...times.disabled) / Math.min(...times.unknown);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('cookies are HttpOnly where scripts need not see them, SameSite=Lax, and Secure behind TLS', async () => {
  for (const protocol of ['http', 'https']) {
    const headers = { ...from('192.0.2.30'), 'X-Forwarded-Proto': protocol };
    const { response } = await logIn(archive, 'admin', archive.adminPassword, headers);
    const cookies = setCookiesOf(response);
    expect([...cookies.keys()].sort()).toEqual([
      'archive_csrftoken',
      'csrftoken',
      expect.stringMatching(/^platevault_device_[\da-f]{12}$/),
      'platevault_session',
    ]);
    for (const [name, cookie] of cookies) {
      expect([name, /; SameSite=Lax/i.test(cookie), /; Secure/i.test(cookie)]).toEqual([
        name,
        true,
        protocol === 'https',
      ]);
      expect([name, /; HttpOnly/i.test(cookie)]).toEqual([name, name.startsWith('platevault_')]);
    }
    const theme = await fetch(`${archive.url}/theme/`, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ theme: 'red' }),
    });
    expect(/; Secure/i.test(setCookiesOf(theme).get('theme') ?? '')).toBe(protocol === 'https');
  }
});

test('a proxy that is believed says which host and protocol links have', async () => {
  const headers = { 'X-Forwarded-Host': 'archive.example', 'X-Forwarded-Proto': 'https' };
  const root = await archive.json<{ frames: string }>('/?format=json', { headers });
  expect(root.frames).toBe('https://archive.example/frames/');
});

test('each log-in has a session id of its own; an id that somebody planted is not taken over', async () => {
  const first = await logIn(archive, 'admin', archive.adminPassword, from('192.0.2.31'));
  const planted = await logIn(archive, 'admin', archive.adminPassword, {
    ...from('192.0.2.31'),
    Cookie: first.cookies,
  });
  const sessionOf = (cookies: string) => /platevault_session=([^;]*)/.exec(cookies)?.[1];
  expect(sessionOf(first.cookies)).toBeDefined();
  expect(sessionOf(planted.cookies)).not.toBe(sessionOf(first.cookies));
});

test('a new password ends the other sessions and the token of the old one, and this session has a new id', async () => {
  const password = await addUser(archive, 'carl', 'writer');
  const here = await logIn(archive, 'carl', password, from('192.0.2.40'));
  const there = await logIn(archive, 'carl', password, from('192.0.2.41'));
  const { token } = (await (await askToken('carl', password, '192.0.2.42')).json()) as {
    token: string;
  };
  const change = (old: string, wanted: string) =>
    fetch(`${archive.url}/account/password/`, {
      method: 'POST',
      redirect: 'manual',
      headers: { Cookie: here.cookies, ...from('192.0.2.40') },
      body: new URLSearchParams({
        old,
        new: wanted,
        again: wanted,
        csrfmiddlewaretoken: here.csrf,
      }),
    });
  for (const [old, wanted, words] of [
    [password, 'carl', 'at least 8 characters'],
    [password, 'password1', 'tried first'],
    ['not it', 'a new secret', 'The old password is not right.'],
  ] as const) {
    const refused = await change(old, wanted);
    expect([refused.status, await refused.text()]).toEqual([200, expect.stringContaining(words)]);
  }
  const changed = await change(password, 'a new secret');
  expect([changed.status, changed.headers.get('location')]).toEqual([
    303,
    '/account/?done=password',
  ]);
  expect(await statusWith(cookiesOf(changed))).toBe(200);
  expect(await statusWith(here.cookies)).toBe(401);
  expect(await statusWith(there.cookies)).toBe(401);
  expect((await archive.fetch('/frames/', { token })).status).toBe(401);
});

test('the old password cannot be guessed in a session that was left open', async () => {
  const password = await addUser(archive, 'open', 'user');
  const { cookies, csrf } = await logIn(archive, 'open', password, from('192.0.2.45'));
  const statuses: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    const answer = await fetch(`${archive.url}/account/password/`, {
      method: 'POST',
      headers: { Cookie: cookies, ...from('192.0.2.45') },
      body: new URLSearchParams({
        old: `guess ${count}`,
        new: 'a new secret',
        again: 'a new secret',
        csrfmiddlewaretoken: csrf,
      }),
    });
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
});

test('signing out everywhere ends all sessions, by the page and by the command, and no token', async () => {
  const password = await addUser(archive, 'dora', 'user');
  const token = await addToken(archive, 'dora');
  const open = () => logIn(archive, 'dora', password, from('192.0.2.50'));
  const [first, second] = [await open(), await open()];
  const answer = await fetch(`${archive.url}/account/logout/`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: first.cookies },
    body: new URLSearchParams({ csrfmiddlewaretoken: first.csrf }),
  });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/accounts/login/']);
  expect([await statusWith(first.cookies), await statusWith(second.cookies)]).toEqual([401, 401]);

  const [third, fourth] = [await open(), await open()];
  const command = await archive.run(['user', 'logout', 'dora', '--json']);
  expect(JSON.parse(command.stdout)).toEqual({ username: 'dora', sessions: 2 });
  expect([await statusWith(third.cookies), await statusWith(fourth.cookies)]).toEqual([401, 401]);
  expect((await archive.fetch('/frames/', { token })).status).toBe(200);
});

test('sessions and tokens of a disabled account die at once; enabling brings back the tokens alone', async () => {
  const password = await addUser(archive, 'erik', 'writer');
  const token = await addToken(archive, 'erik');
  const { cookies } = await logIn(archive, 'erik', password, from('192.0.2.60'));
  const statuses = async () => [
    await statusWith(cookies),
    (await archive.fetch('/frames/', { token })).status,
  ];
  expect(await statuses()).toEqual([200, 200]);
  await archive.run(['user', 'disable', 'erik']);
  expect(await statuses()).toEqual([401, 401]);
  expect((await archive.run(['user', 'enable', 'erik'])).stdout).toBe(
    "User 'erik' is active now.\n",
  );
  expect(await statuses()).toEqual([401, 200]);
});

test('another role counts from the next request on', async () => {
  await addUser(archive, 'fay', 'user');
  const token = await addToken(archive, 'fay');
  const upload = async () =>
    (await archive.fetch('/frames/create/', { method: 'POST', token })).status;
  expect(await upload()).toBe(403);
  const command = await archive.run(['user', 'role', 'fay', 'writer']);
  expect([command.status, command.stdout]).toEqual([0, "User 'fay' is writer now.\n"]);
  expect(await upload()).toBe(200);
  const wrong = await archive.run(['user', 'role', 'fay', 'king']);
  expect([wrong.status, wrong.stderr]).toEqual([2, 'A role is needed: user, writer or admin.\n']);
});

test('a token tells when it ends and when it was used, and is worth nothing afterwards', async () => {
  await addUser(archive, 'gus', 'user');
  const short = await addToken(archive, 'gus', { lifeMs: 2500, name: 'short' });
  const made = await archive.run(['token', 'add', 'gus', '--days', '30', '--label', 'long']);
  const long = made.stdout.trim();
  expect((await archive.fetch('/frames/', { token: short })).status).toBe(200);
  interface TokenFacts {
    name: string;
    expires: string;
    expired: boolean;
    scope: string;
  }
  let facts: TokenFacts[] = [];
  const deadline = Date.now() + 20_000;
  do {
    facts = await archive.json<TokenFacts[]>('/tokens/', { token: long });
  } while (facts[0]?.expired !== true && Date.now() < deadline);
  expect((await archive.fetch('/frames/', { token: short })).status).toBe(401);
  expect(facts).toMatchObject([
    { name: 'short', scope: 'admin', expired: true },
    { name: 'long', scope: 'admin', expired: false },
  ]);
  const days = (Date.parse(facts[1]?.expires ?? '') - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThan(30);
  // The time of last use is written once a minute, and when the server stops.
  await archive.stop();
  await archive.restart();
  const listed = (await archive.run(['token', 'list', 'gus', '--json'])).stdout.trim().split('\n');
  for (const line of listed) {
    const { used } = JSON.parse(line) as { used: string };
    expect(Date.now() - Date.parse(used)).toBeLessThan(60_000);
  }
});
