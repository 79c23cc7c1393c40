import { once } from 'node:events';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { listen, type ReceivedEvent } from '../support/events.js';
import { addToken, addUser, logIn } from '../support/logins.js';

let archive: TestArchive;
const PUBLIC = { L1PUBDAT: '2026-03-02T00:00:00' };

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public', IDLE_SECONDS: '3' });
});
afterAll(() => archive.close());

let seed = 0;

async function store(name: string, cards: Readonly<Record<string, string>> = {}): Promise<number> {
  seed += 1;
  const file = pyobsFrame({ FNAME: `${name}.fits`, ...cards }, { seed });
  const { files } = await archive.upload(file, `${name}.fits`);
  return files[0]!.id!;
}

const named =
  (name: string, type = '') =>
  ({ event, data }: ReceivedEvent): boolean =>
    data.name === name && (type === '' || event === type);
const namesOf = (events: readonly ReceivedEvent[]): unknown[] =>
  events.map(({ data }) => data.name);

test('what is stored, replaced, refused, deleted and brought back is told as it happens', async () => {
  const listener = await listen(archive);
  expect(listener.response.headers.get('content-type')).toContain('text/event-stream');
  expect(listener.response.headers.get('x-accel-buffering')).toBe('no');
  const id = await store('told');
  expect(await listener.until(named('told'))).toMatchObject({
    event: 'frame.stored',
    data: { type: 'frame.stored', id, name: 'told', night: '2026-03-01' },
  });
  await store('told', { OBJECT: 'another' });
  await listener.until(named('told', 'frame.replaced'));
  await archive.upload(Buffer.from('no stars'), 'refused.fits');
  const refused = await listener.until(named('refused.fits'));
  expect(refused).toMatchObject({ event: 'upload.quarantined', data: { reason: /./ } });
  await archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
  await listener.until(named('told', 'frame.removed'));
  await archive.fetch(`/trash/${id}/restore/`, { method: 'POST' });
  await listener.until(named('told', 'frame.restored'));
  listener.leave();
});

test('each is told of what they may see, and of refused files only who may mend them', async () => {
  await addUser(archive, 'reader', 'user');
  await addUser(archive, 'held', 'user', { seesAll: false, proposals: ['P1'] });
  const [reader, held, visitor, admin] = await Promise.all([
    listen(archive, { token: await addToken(archive, 'reader') }),
    listen(archive, { token: await addToken(archive, 'held') }),
    listen(archive, { token: '' }),
    listen(archive),
  ]);
  await archive.upload(Buffer.from('no planets'), 'hidden-refused.fits');
  await store('hidden');
  await store('of-p1', { PROPID: 'P1' });
  await store('shown', PUBLIC);
  await Promise.all([reader, held, visitor, admin].map((each) => each.until(named('shown'))));
  expect(namesOf(admin.events)).toEqual(['hidden-refused.fits', 'hidden', 'of-p1', 'shown']);
  expect(namesOf(reader.events)).toEqual(['hidden', 'of-p1', 'shown']);
  expect(namesOf(held.events)).toEqual(['of-p1', 'shown']);
  expect(namesOf(visitor.events)).toEqual(['shown']);
  for (const each of [reader, held, visitor, admin]) each.leave();
});

test('who comes back is told what they missed, and no event twice', async () => {
  const first = await listen(archive);
  await store('before');
  const { id } = await first.until(named('before'));
  first.leave();
  await store('missed-1');
  await store('missed-2');
  const again = await listen(archive, { headers: { 'Last-Event-ID': id } });
  await again.until(named('missed-2'));
  await store('after');
  await again.until(named('after'));
  expect(namesOf(again.events)).toEqual(['missed-1', 'missed-2', 'after']);
  again.leave();
  const once = await listen(archive, { query: `after=${id}&wait=0` });
  await once.untilEnd();
  expect(namesOf(once.events)).toEqual(['missed-1', 'missed-2', 'after']);
});

test('an id that nobody was given has everything read anew, one that is no number is refused', async () => {
  const lost = await listen(archive, { query: 'after=999999999' });
  await lost.until(({ event }) => event === 'reset');
  lost.leave();
  const bad = await archive.fetch('/events/?after=yesterday');
  expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('after')]);
});

test('it ends with the session, and with the token', async () => {
  const password = await addUser(archive, 'leaving', 'user');
  const { cookies, csrf } = await logIn(archive, 'leaving', password);
  const bySession = await listen(archive, { token: '', headers: { Cookie: cookies } });
  await archive.fetch('/accounts/logout/', {
    method: 'POST',
    token: '',
    redirect: 'manual',
    headers: { Cookie: cookies, 'X-CSRFToken': csrf },
  });
  await bySession.until(({ event }) => event === 'end');
  await bySession.untilEnd();
  const byToken = await listen(archive, { token: await addToken(archive, 'leaving') });
  await archive.run(['user', 'disable', 'leaving']);
  await byToken.untilEnd();
  expect(byToken.events.at(-1)?.event).toBe('end');
});

test('one client has so many connections, and one that leaves makes room', async () => {
  await addUser(archive, 'many', 'user');
  const token = await addToken(archive, 'many');
  const listeners = await Promise.all(Array.from({ length: 20 }, () => listen(archive, { token })));
  expect(listeners.every(({ response }) => response.status === 200)).toBe(true);
  const tooMany = await archive.fetch('/events/?wait=0', { token });
  expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '30']);
  for (const each of listeners) each.leave();
  for (;;) {
    const { status } = await archive.fetch('/events/?wait=0', { token });
    if (status === 200) break;
  }
});

test('signs of life keep a silent connection, whatever the limit of silence is', async () => {
  const quiet = await listen(archive);
  let isOver = false;
  void quiet.untilEnd().then(
    () => (isOver = true),
    () => (isOver = true),
  );
  // Others come and go; this one has nothing but its beats for longer than IDLE_SECONDS.
  const [other] = await Promise.all([listen(archive, { query: 'wait=5' })]);
  await other.untilEnd();
  expect(isOver).toBe(false);
  quiet.leave();
});

test('a server that is stopped ends all streams in order, and does not wait for them', async () => {
  const listener = await listen(archive);
  const exited = once(archive.process, 'exit');
  await archive.stop('SIGTERM');
  // A stream that is cut off, as those are who outstay the grace, rejects here.
  await listener.untilEnd();
  expect(await exited).toEqual([0, null]);
});
