/** Reports that a server sends by itself: when, once, and to whom again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import {
  startMailServer,
  startWebhookReceiver,
  type MailServer,
  type WebhookReceiver,
} from '../support/receivers.js';

/** The night before this one, as a site at longitude 0 names it: its report is due at any time of day. */
const NIGHT = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const LONG_AGO = Date.UTC(2020, 0, 1);

let mail: MailServer;
let hook: WebhookReceiver;
let sent: TestArchive;

beforeEach(async () => {
  mail = await startMailServer();
  hook = await startWebhookReceiver();
  sent = await startArchive({
    MAIL_URL: `smtp://127.0.0.1:${mail.port}`,
    REPORT_MAIL_TO: 'ana@hill.example,Bo <bo@hill.example>',
    REPORT_WEBHOOK: hook.url,
    REPORT_AT: '00:00',
  });
}, 60_000);

afterEach(async () => {
  await sent.close();
  await mail.close();
  await hook.close();
});

interface Row {
  readonly night: string;
  readonly way: string;
  readonly state: string;
  readonly error: string | null;
  readonly due_ms: number;
}

function readRows(): Promise<Row[]> {
  return withCatalog(sent, async ({ read }) => {
    const rows: Row[] = await read<Row, Row[]>('reports').orderBy(['night', 'way']);
    return rows;
  });
}

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await setTimeout(100);
}

/** When both ways are as they are said to be. */
async function whenAll(state: string): Promise<Row[]> {
  let rows: Row[] = [];
  await until(async () => {
    rows = await readRows();
    return rows.length > 1 && rows.every((row) => row.state === state);
  });
  return rows;
}

/** A frame of a night, sent in long ago like the archive itself was made; then the server starts again. */
async function haveOld(night: string): Promise<void> {
  const cards = { 'DAY-OBS': night, 'DATE-OBS': `${night}T22:00:00` };
  expect((await sent.upload(pyobsFrame(cards), 'old-0001.fits')).created).toBe(1);
  await sent.stop();
  await withCatalog(sent, async ({ write }) => {
    await write('archive').update({ created_ms: LONG_AGO });
    await write('frames').update({ created_ms: LONG_AGO });
  });
  await sent.restart();
}

/** Ends the server without a word, with a mail that it has not written down as sent. */
async function dieAndMakeDue(): Promise<void> {
  await sent.stop('SIGKILL');
  await withCatalog(sent, async ({ write }) => {
    await write('reports').where({ way: 'mail' }).update({ state: 'waiting', due_ms: 0 });
  });
}

test('a server that was off at the time sends the report when it starts, once, and after a refusal again', async () => {
  await haveOld('2026-03-01');
  const told = await whenAll('sent');
  expect(new Set(told.map(({ way }) => way))).toEqual(new Set(['mail', 'webhook']));
  await until(() => hook.requests.length > 0);
  expect(mail.mails.at(-1)?.data).toContain('no frames, 1 thing to look at');
  const [mails, calls] = [mail.mails.length, hook.requests.length];
  expect([mails, calls]).toEqual([told.length / 2, told.length / 2]);
  // As after a crash between sending and writing that down: rather twice than never.
  await dieAndMakeDue();
  mail.refuseNext(1);
  await sent.restart();
  let refused: Row | undefined;
  await until(async () => {
    refused = (await readRows()).find(({ error }) => error !== null);
    return refused !== undefined;
  });
  expect(refused).toMatchObject({
    state: 'waiting',
    error: expect.stringContaining('451') as string,
  });
  expect((refused?.due_ms ?? 0) - Date.now()).toBeGreaterThan(0);
  await dieAndMakeDue();
  await sent.restart();
  await until(() => mail.mails.length > mails);
  await whenAll('sent');
  expect(hook.requests).toHaveLength(calls);
}, 90_000);

test('an archive that was made after a night, or has nothing in it, does not tell of it', async () => {
  const look = async (): Promise<Row[]> => {
    await sent.stop();
    await sent.restart();
    await setTimeout(1500);
    return readRows();
  };
  expect(await look()).toEqual([]);
  // Old, but empty.
  await withCatalog(sent, ({ write }) => write('archive').update({ created_ms: LONG_AGO }));
  expect(await look()).toEqual([]);
  // With a frame, but new.
  await withCatalog(sent, ({ write }) => write('archive').update({ created_ms: Date.now() }));
  const cards = { 'DAY-OBS': NIGHT, 'DATE-OBS': `${NIGHT}T22:00:00` };
  await sent.upload(pyobsFrame(cards), 'new-0001.fits');
  expect(await look()).toEqual([]);
  expect([mail.mails, hook.requests]).toEqual([[], []]);
}, 90_000);

test('whom the mail server refuses gets it again, alone', async () => {
  mail.refuseTo(['bo@hill.example']);
  await haveOld('2026-03-01');
  let waiting: Row | undefined;
  await until(async () => {
    const rows = await readRows();
    waiting = rows.find(({ way, error }) => way === 'mail' && error !== null);
    return waiting !== undefined && rows.some(({ state }) => state === 'sent');
  });
  expect(waiting).toMatchObject({
    state: 'waiting',
    error: 'The mail server refused bo@hill.example (550 no such person); the others have it.',
  });
  expect(mail.mails.at(-1)?.to).toEqual(['ana@hill.example']);
  const before = mail.mails.length;
  mail.refuseTo([]);
  await dieAndMakeDue();
  await sent.restart();
  await whenAll('sent');
  // Of several nights, Bo's alone are new.
  const since = mail.mails.slice(before);
  expect(since.map(({ to }) => to)).toContainEqual(['bo@hill.example']);
}, 90_000);

test('after reindex into an empty catalogue no night is told a second time', async () => {
  await haveOld('2026-03-01');
  const told = await whenAll('sent');
  const [mails, calls] = [mail.mails.length, hook.requests.length];
  await sent.stop();
  const { stdout } = await sent.run(['check']);
  expect(stdout).toBe('');
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(sent.dataDir, `platevault.sqlite${end}`), { force: true });
  }
  // 1: it tells of accounts that have no password any more.
  expect((await sent.run(['reindex'])).status).toBe(1);
  const pairs = (rows: readonly Row[]): string[] => rows.map(({ night, way }) => `${night} ${way}`);
  expect(pairs(await readRows())).toEqual(pairs(told));
  await withCatalog(sent, ({ write }) => write('archive').update({ created_ms: LONG_AGO }));
  await sent.restart();
  await setTimeout(1500);
  expect([mail.mails.length, hook.requests.length]).toEqual([mails, calls]);
}, 90_000);
