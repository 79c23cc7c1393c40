import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive } from '../support/archive.js';
import { cookiesOf, logIn } from '../support/logins.js';

test('the first start prints a password that is good for choosing one, and no later start prints it', async () => {
  const fresh = await startArchive({ ADMIN_PASSWORD: '' });
  try {
    const password = /password\s+(\S+)/.exec(fresh.output())?.[1] ?? '';
    const askToken = async (given: string): Promise<[number, string]> => {
      const body = new URLSearchParams({ username: 'admin', password: given });
      const answer = await fetch(`${fresh.url}/api-token-auth/`, { method: 'POST', body });
      return [answer.status, await answer.text()];
    };
    expect(await askToken(password)).toEqual([400, expect.stringContaining('of your own first')]);
    const { response, cookies, csrf } = await logIn(fresh, 'admin', password);
    expect(response.status).toBe(303);
    const get = (path: string, Accept: string) =>
      fetch(`${fresh.url}${path}`, { redirect: 'manual', headers: { Cookie: cookies, Accept } });
    for (const path of ['/frames/', '/admin/users/', '/', '/upload/']) {
      const page = await get(path, 'text/html');
      expect([path, page.status, page.headers.get('location')]).toEqual([path, 302, '/account/']);
    }
    for (const path of ['/frames/?format=json', '/tokens/', '/profile/', '/metrics/x']) {
      expect([path, (await get(path, 'application/json')).status]).toEqual([path, 403]);
    }
    const post = (path: string, form: Record<string, string>) =>
      fetch(`${fresh.url}${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { Cookie: cookies },
        body: new URLSearchParams({ csrfmiddlewaretoken: csrf, ...form }),
      });
    expect((await post('/account/tokens/', { name: 'mine', scope: 'admin' })).status).toBe(403);
    const account = await (await get('/account/', 'text/html')).text();
    expect(account).toContain('Choose a password of your own.');
    const change = (wanted: string) =>
      post('/account/password/', { old: password, new: wanted, again: wanted });
    expect(await (await change(password)).text()).toContain('This is the old password.');
    const changed = await change('a secret of my own');
    expect(changed.status).toBe(303);
    const list = await fetch(`${fresh.url}/frames/?format=json`, {
      headers: { Cookie: cookiesOf(changed) },
    });
    expect(list.status).toBe(200);
    expect((await askToken('a secret of my own'))[0]).toBe(200);
    expect((await askToken(password))[0]).toBe(400);
    await fresh.stop();
    await fresh.restart();
    expect(fresh.output()).not.toMatch(/password/);
  } finally {
    await fresh.close();
  }
});

test('the catalogue and the key are for their owner alone, whatever the umask, also after an upgrade', async () => {
  const before = process.umask(0);
  const open = await startArchive().finally(() => process.umask(before));
  try {
    await open.upload(pyobsFrame(), 'mode.fits');
    const names = [
      'platevault.sqlite',
      'platevault.sqlite-wal',
      'platevault.sqlite-shm',
      'secret.key',
    ];
    const modes = () =>
      Promise.all(
        names.map(async (name) => [name, (await stat(join(open.dataDir, name))).mode & 0o777]),
      );
    const wanted = names.map((name) => [name, 0o600]);
    expect(await modes()).toEqual(wanted);
    await open.stop();
    await chmod(join(open.dataDir, 'platevault.sqlite'), 0o644);
    await chmod(join(open.dataDir, 'secret.key'), 0o644);
    await open.restart();
    await open.upload(pyobsFrame({}, { seed: 2 }), 'mode.fits');
    expect(await modes()).toEqual(wanted);
  } finally {
    await open.close();
  }
});
