import { createHmac } from 'node:crypto';
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

const SECRET = 'between us';
/** The night before this one, as a site at longitude 0 names it: its report is due at any time of day. */
const NIGHT = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

let mail: MailServer;
let hook: WebhookReceiver;
let archive: TestArchive;

beforeAll(async () => {
  mail = await startMailServer();
  hook = await startWebhookReceiver();
  archive = await startArchive({
    MAIL_URL: `smtp://127.0.0.1:${mail.port}`,
    MAIL_FROM: 'vault@hill.example',
    REPORT_MAIL_TO: 'ana@hill.example,bo@hill.example',
    REPORT_WEBHOOK: hook.url,
    REPORT_WEBHOOK_SECRET: SECRET,
    HTTP_ROOT: 'https://vault.example/',
  });
  const cards = { 'DAY-OBS': NIGHT, 'DATE-OBS': `${NIGHT}T22:00:00`, OBJECT: 'NGC 7331' };
  await archive.upload(pyobsFrame(cards), 'hill-0001.fits');
  await archive.upload(Buffer.from('no file of stars'), `hill-${NIGHT}.fits`);
}, 60_000);

afterAll(async () => {
  await archive.close();
  await mail.close();
  await hook.close();
});

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await setTimeout(100);
}

/** What the table of reports says, once it says so of both ways. */
async function whenTold(state: string): Promise<{ night: string; way: string }[]> {
  for (;;) {
    const rows = await withCatalog(archive, async ({ read }) => {
      const found: { night: string; way: string; state: string }[] = await read('reports')
        .orderBy(['night', 'way'])
        .select('night', 'way', 'state');
      return found;
    });
    if (rows.length > 1 && rows.every((row) => row.state === state)) {
      return rows.map(({ night, way }) => ({ night, way }));
    }
    await setTimeout(200);
  }
}

test('the page tells the night to whoever may see it, and the standing to admins alone', async () => {
  const text = await (await archive.fetch(`/nights/${NIGHT}/report/`)).text();
  expect(text).toMatch(new RegExp(`^Night ${NIGHT}: 1 frame, \\d things to look at\n`));
  expect(text).toContain('  Targets: NGC 7331 0.0 h.');
  expect(text).toMatch(/! Refused uploads: 1: hill-/);
  expect(text).toMatch(/ Room: [\d.]+ of [\d.]+ \w+ free\./);
  const visitor = await archive.fetch(`/nights/${NIGHT}/report/`, { token: '' });
  expect(visitor.status).toBe(401);
  const odd = await archive.fetch('/nights/yesterday/report/');
  expect(odd.status).toBe(400);
});

test('`report --send` sends it by mail and by webhook, signed', async () => {
  const { status, stdout, stderr } = await archive.run(['report', '--send']);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Sent by mail\.\nSent by webhook\.\n$/);
  const [sent] = mail.mails;
  expect(sent?.to).toEqual(['ana@hill.example', 'bo@hill.example']);
  expect(sent?.data).toContain(`Subject: Night ${NIGHT}: 1 frame`);
  expect(sent?.data).toContain(`Message-ID: <night-${NIGHT}.site@hill.example>`);
  expect(sent?.data).toContain(`https://vault.example/nights/${NIGHT}/`);
  const [called] = hook.requests;
  const body = called?.body ?? '';
  expect(JSON.parse(body)).toMatchObject({ kind: 'night.report', night: NIGHT });
  const hmac = createHmac('sha256', SECRET).update(body).digest('hex');
  expect(called?.headers['x-platevault-signature']).toBe(`sha256=${hmac}`);
}, 60_000);

test('a way that fails is named, and the other one still taken', async () => {
  const before = mail.mails.length;
  hook.answerWith(500);
  const { status, stdout, stderr } = await archive.run(['report', NIGHT, '--send']);
  expect(status).toBe(1);
  expect(stdout).toContain('Sent by mail.');
  expect(stderr.trim()).toBe('Not sent by webhook: The webhook answered 500.');
  expect(mail.mails).toHaveLength(before + 1);
  hook.answerWith(204);
}, 60_000);

test('a server that was off at the time sends the report when it starts, once, and after a refusal again', async () => {
  const [mails, calls] = [mail.mails.length, hook.requests.length];
  const sent = await startArchive({
    MAIL_URL: `smtp://127.0.0.1:${mail.port}`,
    REPORT_MAIL_TO: 'ana@hill.example',
    REPORT_WEBHOOK: hook.url,
    REPORT_AT: '00:00',
  });
  const own = archive;
  archive = sent;
  try {
    const told = await whenTold('sent');
    expect(new Set(told.map(({ way }) => way))).toEqual(new Set(['mail', 'webhook']));
    await until(() => hook.requests.length > calls);
    expect(mail.mails.at(-1)?.data).toContain('no frames, 1 thing to look at');
    const [sentMails, sentCalls] = [mail.mails.length, hook.requests.length];
    expect([sentMails - mails, sentCalls - calls]).toEqual([told.length / 2, told.length / 2]);
    // As after a crash between sending and writing that down: rather twice than never.
    await dieAndMakeDue(sent);
    mail.refuseNext(1);
    await sent.restart();
    const refused = await whenRefused(sent);
    expect(refused.state).toBe('waiting');
    expect(refused.error).toContain('451');
    expect(refused.due_ms - Date.now()).toBeGreaterThan(0);
    await dieAndMakeDue(sent);
    await sent.restart();
    await until(() => mail.mails.length > sentMails);
    await whenTold('sent');
    expect(hook.requests).toHaveLength(sentCalls);
  } finally {
    archive = own;
    await sent.close();
  }
}, 90_000);

/** Ends the server without a word, with a mail that it has not written down as sent. */
async function dieAndMakeDue(sent: TestArchive): Promise<void> {
  await sent.stop('SIGKILL');
  await withCatalog(sent, async ({ write }) => {
    await write('reports').where({ way: 'mail' }).update({ state: 'waiting', due_ms: 0 });
  });
}

interface Row {
  readonly state: string;
  readonly error: string | null;
  readonly due_ms: number;
}

/** A mail that was refused. */
async function whenRefused(sent: TestArchive): Promise<Row> {
  for (;;) {
    const row = await withCatalog(sent, async ({ read }) => {
      const found: Row | undefined = await read('reports')
        .whereNotNull('error')
        .first('state', 'error', 'due_ms');
      return found;
    });
    if (row !== undefined) return row;
    await setTimeout(100);
  }
}

test('without a way to send it, the command says so', async () => {
  const other = await startArchive();
  try {
    const { status, stderr } = await other.run(['report', '--send']);
    expect(status).toBe(1);
    expect(stderr).toContain('set MAIL_URL and REPORT_MAIL_TO, or REPORT_WEBHOOK');
  } finally {
    await other.close();
  }
}, 60_000);
