/** The report of a night waits for the frames that are to be measured, but not for ever. */
import { setTimeout } from 'node:timers/promises';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { startMailServer, type MailServer } from '../support/receivers.js';

const NIGHT = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const LONG_AGO = Date.UTC(2020, 0, 1);

let mail: MailServer;
let archive: TestArchive;

beforeAll(async () => {
  mail = await startMailServer();
  archive = await startArchive({
    MEASURE: 'true',
    MAIL_URL: `smtp://127.0.0.1:${mail.port}`,
    REPORT_MAIL_TO: 'ana@hill.example',
    REPORT_AT: '00:00',
  });
}, 60_000);

afterAll(async () => {
  await archive.close();
  await mail.close();
});

/** As after a night whose frames nobody has measured, since the files could not be reached. */
async function leaveUnmeasured(): Promise<void> {
  const cards = { 'DAY-OBS': NIGHT, 'DATE-OBS': `${NIGHT}T22:00:00` };
  expect((await archive.upload(pyobsFrame(cards), 'hill-0001.fits')).created).toBe(1);
  await archive.stop();
  await withCatalog(archive, async ({ write }) => {
    await write('archive').update({ created_ms: LONG_AGO });
    await write('frames').update({ created_ms: LONG_AGO });
    await write('measures').delete();
    await write('measure_queue').delete();
    await write.raw(
      "insert into measure_queue (frame_id, due_ms, error) select id, ?, 'away' from frames",
      [Date.now() + 3_600_000],
    );
  });
}

const stateOf = (): Promise<{ state: string } | undefined> =>
  withCatalog(archive, ({ read }) => read('reports').where({ night: NIGHT }).first('state'));

test('waits for the frames of its night, and says what is not measured when it has waited long enough', async () => {
  await leaveUnmeasured();
  await archive.restart();
  while ((await stateOf()) === undefined) await setTimeout(100);
  await setTimeout(1000);
  expect(await stateOf()).toEqual({ state: 'waiting' });
  expect(mail.mails.filter(({ data }) => data.includes(`Night ${NIGHT}`))).toEqual([]);
  const night = await archive.json<{ unmeasured: number }>(`/nights/${NIGHT}/`);
  expect(night.unmeasured).toBe(1);
  await archive.stop();
  const waited = Date.now() - 7_300_000;
  await withCatalog(archive, ({ write }) => write('reports').update({ noted_ms: waited }));
  await archive.restart();
  while ((await stateOf())?.state !== 'sent') await setTimeout(100);
  const sent = mail.mails.find(({ data }) => data.includes(`Night ${NIGHT}`));
  // Quoted-printable folds lines. RFC 2045 §6.7
  expect(sent?.data.replaceAll('=\n', '')).toContain('! Not measured yet: 1 of 1 frame.');
  expect(sent?.data).toContain('Findings: not known yet.');
}, 90_000);

test('is sent when they are measured', async () => {
  await archive.stop();
  await withCatalog(archive, async ({ write }) => {
    await write('reports').delete();
    await write('measure_queue').update({ due_ms: 0 });
  });
  const before = mail.mails.length;
  await archive.restart();
  while ((await stateOf())?.state !== 'sent') await setTimeout(200);
  const sent = mail.mails.slice(before).find(({ data }) => data.includes(`Night ${NIGHT}`));
  expect(sent?.data).not.toContain('Not measured yet');
  const night = await archive.json<{ unmeasured: number }>(`/nights/${NIGHT}/`);
  expect(night.unmeasured).toBe(0);
}, 120_000);
