import { startArchive, type TestArchive } from '../support/archive.js';
import { addUser, logIn } from '../support/logins.js';

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});
afterAll(() => archive.close());

/** Somebody who has signed in: what their pages say of searches, and their forms. */
async function signIn(username: string) {
  const password = await addUser(archive, username, 'user');
  const { cookies, csrf } = await logIn(archive, username, password);
  const headers = { Cookie: cookies, 'X-CSRFToken': csrf, Accept: 'text/html' };
  return {
    async send(fields: Readonly<Record<string, string>>) {
      const body = new URLSearchParams({ back: '/frames/', ...fields });
      const url = `${archive.url}/frames/searches/`;
      const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body });
      const text = (await response.text()).replaceAll('&#34;', '"');
      return { status: response.status, text, to: response.headers.get('location') ?? '' };
    },
    /** The searches of the menu: address and name. */
    async list(query = '') {
      const page = await fetch(`${archive.url}/frames/${query}`, { headers });
      const rows = (await page.text()).matchAll(
        /<li>\s*<a href="([^"]*)" data-swap [^>]*><b>([^<]*)</g,
      );
      return [...rows].map(([, url = '', name = '']) => [name, url.replaceAll('&amp;', '&')]);
    },
  };
}

test('a search is kept under a name with its order and view, renamed and deleted', async () => {
  const rita = await signIn('rita');
  const query = 'OBJECT=M+31&EXPTIME=60&sort=fwhm&view=sheet&offset=200&limit=50&plates=4&junk=1';
  const kept = await rita.send({ do: 'save', name: '  M 31,   sharp ', query });
  expect([kept.status, kept.to]).toEqual([303, '/frames/?done=search:save']);
  const url = '/frames/?EXPTIME=60&OBJECT=M+31&sort=fwhm&view=sheet';
  const [[name, address] = []] = await rita.list();
  expect(name).toBe('M 31, sharp');
  const same = (text: string) => [...new URL(text, 'http://a').searchParams].sort();
  expect(same(address!)).toEqual(same(url));
  await rita.send({ do: 'save', name: 'a flag', query: 'flag=bad' });
  await rita.send({ do: 'rename', was: 'M 31, sharp', name: 'Andromeda' });
  expect((await rita.list()).map(([each]) => each)).toEqual(['a flag', 'Andromeda']);
  await rita.send({ do: 'delete', was: 'a flag' });
  expect((await rita.list('?view=timeline')).map(([each]) => each)).toEqual(['Andromeda']);
});

test('searches are their own account’s, and none of visitors', async () => {
  const [one, two] = [await signIn('one'), await signIn('two')];
  await one.send({ do: 'save', name: 'mine', query: 'flag=good' });
  expect(await two.list()).toEqual([]);
  const gone = await two.send({ do: 'delete', was: 'mine' });
  expect([gone.status, gone.text.includes('You have no search “mine” any more')]).toEqual([
    404,
    true,
  ]);
  expect(await one.list()).toEqual([['mine', '/frames/?flag=good']]);
});

test('what cannot be kept is refused with the reason, and nothing is lost', async () => {
  const sam = await signIn('sam');
  await sam.send({ do: 'save', name: 'first', query: 'flag=good' });
  await sam.send({ do: 'save', name: 'second', query: 'flag=bad' });
  for (const [fields, words] of [
    [{ do: 'save', name: ' ', query: 'flag=bad' }, 'has no name yet'],
    [{ do: 'save', name: 'x'.repeat(61), query: 'flag=bad' }, 'has 61 characters, and 60 fit'],
    [{ do: 'save', name: 'a\u202eb', query: 'flag=bad' }, 'cannot be shown'],
    [{ do: 'save', name: 'first', query: 'flag=bad' }, 'have a search “first” already'],
    [{ do: 'rename', was: 'second', name: 'first' }, 'have a search “first” already'],
    [{ do: 'save', name: 'all', query: 'sort=fwhm' }, 'no condition to keep'],
    [{ do: 'save', name: 'odd', query: 'flag=bad&sort=nonsense' }, 'Invalid value for sort'],
    [{ do: 'save', name: 'long', query: `OBJECT=${'x'.repeat(4000)}` }, 'too many conditions'],
    [{ do: 'burn', was: 'first' }, 'none of that'],
  ] as const) {
    const answer = await sam.send(fields);
    expect([answer.status, answer.text.includes(words), words]).toEqual([400, true, words]);
  }
  expect((await sam.list()).map(([name]) => name)).toEqual(['first', 'second']);
});

test('an account keeps fifty searches, however many come at once', async () => {
  const max = await signIn('max');
  const names = Array.from({ length: 50 }, (_, index) => `search ${index + 1}`);
  await Promise.all(names.map((name) => max.send({ do: 'save', name, query: 'flag=good' })));
  const more = await max.send({ do: 'save', name: 'one more', query: 'flag=good' });
  expect([more.status, more.text.includes('50 searches already')]).toEqual([400, true]);
  expect((await max.list()).map(([name]) => name)).toEqual(names);
});
