import { createHmac } from 'node:crypto';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
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

test('whom the mail server refuses is named, and is not told as sent', async () => {
  const before = mail.mails.length;
  mail.refuseTo(['bo@hill.example']);
  const { status, stdout, stderr } = await archive.run(['report', NIGHT, '--send']);
  mail.refuseTo([]);
  expect([status, stdout.includes('Sent by mail')]).toEqual([1, false]);
  expect(stderr.trim()).toBe(
    'Not sent to all by mail: The mail server refused bo@hill.example (550 no such person); the others have it.',
  );
  expect(mail.mails.slice(before).map(({ to }) => to)).toEqual([['ana@hill.example']]);
}, 60_000);

test('a webhook that sends on is told as such, without the address that may be a secret', async () => {
  hook.answerWith(308, 'https://other.example/hooks/secret-1');
  const { stderr } = await archive.run(['report', NIGHT, '--send']);
  hook.answerWith(204);
  expect(stderr.trim()).toBe(
    'Not sent by webhook: The webhook answered 308 and sends on to another address at other.example, which is not followed: set REPORT_WEBHOOK to that one.',
  );
}, 60_000);

test('command, API and webhook spell the report in the same way', async () => {
  const { stdout } = await archive.run(['report', NIGHT, '--json']);
  const told = JSON.parse(stdout) as { lines: { text: string; needs_hand: boolean }[] };
  const asked = await archive.json<typeof told>(`/nights/${NIGHT}/report/?format=json`);
  const posted = JSON.parse(hook.requests[0]?.body ?? '') as typeof told;
  for (const { lines } of [told, asked, posted]) {
    expect(lines[0]).toEqual({
      text: 'Frames: 1 (1 object).',
      needs_hand: false,
      links: [
        { text: '1', url: `https://vault.example/frames/?night=${NIGHT}` },
        {
          text: '1 object',
          url: `https://vault.example/frames/?night=${NIGHT}&IMAGETYPE=object`,
        },
      ],
    });
  }
}, 60_000);

test('browsers get a page with the ways to what it counts, programs the text', async () => {
  const ask = (accept: string, query = '') =>
    archive.fetch(`/nights/${NIGHT}/report/${query}`, { headers: { Accept: accept } });
  const page = await ask('text/html');
  expect(page.headers.get('content-type')).toContain('text/html');
  const html = await page.text();
  expect(html).toContain(`href="/nights/${NIGHT}/"`);
  expect(html).toContain(`href="/frames/?night=${NIGHT}&amp;IMAGETYPE=object"`);
  expect(html).toContain('href="/quarantine/"');
  expect((await ask('*/*')).headers.get('content-type')).toContain('text/plain');
  expect((await ask('text/html', '?format=text')).headers.get('content-type')).toContain(
    'text/plain',
  );
  expect((await ask('*/*', '?format=html')).headers.get('content-type')).toContain('text/html');
  expect((await ask('text/html', '?format=pdf')).status).toBe(400);
  const night = await (
    await archive.fetch(`/nights/${NIGHT}/`, { headers: { Accept: 'text/html' } })
  ).text();
  expect(night).toContain(`href="/nights/${NIGHT}/report/"`);
});

test('an address that is none stops the start', async () => {
  const { status, stderr } = await archive.run(['config']);
  expect([status, stderr]).toEqual([0, '']);
  await expect(
    startArchive({ MAIL_URL: 'smtp://localhost', REPORT_MAIL_TO: 'not an address' }),
  ).rejects.toThrow(/REPORT_MAIL_TO/);
}, 60_000);

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
