import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { loadConfig, type Config } from '../../src/config/index.js';
import { createReadiness } from '../../src/status/index.js';
import { openFsStore } from '../../src/store/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { addToken, addUser, logIn } from '../support/logins.js';

let archive: TestArchive;
beforeAll(async () => {
  archive = await startArchive({ LOG: 'on' });
});
afterAll(async () => {
  await archive.close();
});

interface Ready {
  readonly status: string;
  readonly checks: readonly { name: string; state: string; text?: string }[];
}

/** A frame of tonight: the forecast looks at the last nights. */
const frame = (name: string, seed: number): Buffer =>
  pyobsFrame(
    { FNAME: `${name}.fits`, 'DATE-OBS': new Date().toISOString().slice(0, 19) },
    { seed },
  );

async function readMetrics(init: Parameters<TestArchive['fetch']>[1] = { token: '' }) {
  const answer = await archive.fetch('/metrics/', init);
  const text = await answer.text();
  const value = (line: string): number => {
    const found = text.split('\n').find((each) => each.startsWith(`${line} `));
    return found === undefined ? NaN : Number(found.slice(line.length + 1));
  };
  return { status: answer.status, type: answer.headers.get('content-type'), text, value };
}

test('a sound archive is ready; visitors are told states alone, admins the reasons', async () => {
  const told = await archive.json<Ready>('/ready/', { token: '' });
  expect(told.status).toBe('ready');
  expect(told.checks.map(({ name }) => name)).toEqual([
    'database',
    'store',
    'disk_data',
    'disk_archive',
    'queue',
  ]);
  expect(JSON.stringify(told)).not.toContain(archive.dataDir);
  expect(told.checks.every(({ text }) => text === undefined)).toBe(true);
  const full = await archive.json<Ready>('/ready');
  expect(full.checks.find(({ name }) => name === 'disk_data')?.text).toContain(archive.dataDir);
});

test('without its root the archive lives, and is not ready; afterwards it is', async () => {
  const root = join(archive.dataDir, 'archive');
  await rename(root, `${root}-away`);
  try {
    const answer = await archive.fetch('/ready/', { token: '' });
    expect(answer.status).toBe(503);
    const { status, checks } = (await answer.json()) as Ready;
    expect(status).toBe('not ready');
    expect(checks.find(({ name }) => name === 'store')).toEqual({ name: 'store', state: 'fail' });
    expect(checks.find(({ name }) => name === 'database')?.state).toBe('ok');
    expect((await archive.fetch('/admin/?format=json')).status).toBe(200);
  } finally {
    await rename(`${root}-away`, root);
  }
  expect((await archive.fetch('/ready/')).status).toBe(200);
});

test('metrics count files, bytes, requests by pattern, and what the archive holds', async () => {
  const before = await readMetrics();
  const first = frame('metrics-1', 1);
  const { files } = await archive.upload(first, 'metrics-1.fits');
  await archive.upload(first, 'metrics-1.fits');
  await archive.upload(Buffer.from('not FITS'), 'odd.fits').catch(() => undefined);
  await archive.fetch(`/frames/${String(files[0]?.id)}/`);
  await archive.fetch('/frames/no-such-thing-here/');
  await new Promise((resolve) => setTimeout(resolve, 700)); // sums over all files rest for half a second
  const after = await readMetrics();
  expect([after.status, after.type]).toEqual([200, expect.stringContaining('text/plain')]);
  const result = (name: string): number =>
    after.value(`platevault_ingest_files_total{result="${name}"}`);
  expect([result('stored'), result('already-there'), result('refused')]).toEqual([1, 1, 1]);
  expect(after.value('platevault_ingest_bytes_total')).toBe(2 * first.length + 8);
  expect(after.value('platevault_ingest_lag_seconds_count')).toBe(3);
  expect(after.value('platevault_frames')).toBe(before.value('platevault_frames') + 1);
  expect(after.value('platevault_stored_bytes')).toBe(first.length);
  expect(after.value('platevault_quarantine_files')).toBe(1);
  expect(after.value('platevault_disk_free_bytes{place="archive"}')).toBeGreaterThan(0);
  const requests = 'platevault_http_request_duration_seconds_count';
  expect(after.value(`${requests}{route="/frames/:id/",status="2xx"}`)).toBeGreaterThan(0);
  expect(after.text).not.toContain('no-such-thing-here');
  expect(after.text).toContain('nodejs_eventloop_lag_p99_seconds');
});

test('metrics are for programs of this machine without a proxy, and for admins', async () => {
  const proxied = { 'X-Forwarded-For': '203.0.113.9' };
  expect((await readMetrics({ token: '', headers: proxied })).status).toBe(401);
  expect((await readMetrics({ headers: proxied })).status).toBe(200);
  await addUser(archive, 'looker', 'user');
  const token = await addToken(archive, 'looker');
  expect((await readMetrics({ token, headers: proxied })).status).toBe(403);
  for (const [METRICS, visitor, admin] of [
    ['off', 404, 404],
    ['token', 401, 200],
  ] as const) {
    const other = await startArchive({ METRICS });
    try {
      const statuses = [
        (await other.fetch('/metrics/', { token: '' })).status,
        (await other.fetch('/metrics/')).status,
      ];
      expect(statuses).toEqual([visitor, admin]);
    } finally {
      await other.close();
    }
  }
});

test('a job that failed is shown to the admin, and is done again on demand', async () => {
  await withCatalog(archive, async (catalog) => {
    await catalog.write('jobs').insert({
      kind: 'no-such-work',
      payload: '{}',
      attempts: 10,
      due_ms: Date.now() + 86_400_000,
      created_ms: Date.now(),
      error: 'it went wrong',
    });
  });
  const state = await archive.json<{ failed_jobs: { id: number; attempts: number }[] }>('/admin/', {
    headers: { Accept: 'application/json' },
  });
  expect(state.failed_jobs).toMatchObject([{ kind: 'no-such-work', error: 'it went wrong' }]);
  const { cookies, csrf } = await logIn(archive, 'admin', archive.adminPassword);
  const headers = { Cookie: cookies, Accept: 'text/html' };
  const page = await (await archive.fetch('/admin/', { token: '', headers })).text();
  expect(page).toContain('it went wrong');
  const id = String(state.failed_jobs[0]?.id);
  const answer = await archive.fetch('/admin/jobs/', {
    method: 'POST',
    token: '',
    redirect: 'manual',
    headers,
    body: new URLSearchParams({ ids: id, csrfmiddlewaretoken: csrf }),
  });
  expect(answer.status).toBe(303);
  const retried = await withCatalog(archive, async (catalog) =>
    catalog.read('audit').where({ action: 'job.retried' }).select('actor', 'detail'),
  );
  expect(retried).toEqual([{ actor: 'admin', detail: JSON.stringify({ jobs: [Number(id)] }) }]);
});

test('log lines have one event each, with the id of the request that its answer has', async () => {
  const answer = await archive.fetch('/health/', { token: '' });
  await answer.text();
  const requestId = answer.headers.get('x-request-id') ?? '';
  const find = (): string | undefined =>
    archive
      .output()
      .split('\n')
      .find((each) => each.includes(requestId));
  while (find() === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  const line = JSON.parse(find() ?? '') as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'info', text: 'request', path: '/health/', status: 200 });
  expect(line['at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const quiet = await startArchive({ LOG: 'on', LOG_LEVEL: 'warn' });
  try {
    await quiet.fetch('/health/');
    expect(quiet.output()).not.toContain('"text":"request"');
  } finally {
    await quiet.close();
  }
});

test('a server that was measured stops as quickly as another', async () => {
  await readMetrics();
  await archive.fetch('/ready/');
  const began = performance.now();
  await archive.stop();
  expect(performance.now() - began).toBeLessThan(4000);
  expect(archive.process.exitCode).toBe(0);
});

test('work that has waited for longer than the setting allows makes an archive unready', async () => {
  const { config } = loadConfig({ DATA_DIR: archive.dataDir }, join(archive.dataDir, 'no-config'));
  const catalog = openCatalog(config.DATABASE_URL);
  try {
    const store = await openFsStore(config.ARCHIVE_ROOT);
    const queueOf = async (change: Partial<Config>) => {
      const checks = await createReadiness({ catalog, store, config: { ...config, ...change } })();
      return checks.find(({ name }) => name === 'queue')?.state;
    };
    await catalog.write('jobs').delete();
    expect(await queueOf({})).toBe('ok');
    const due_ms = Date.now() - 2 * 3_600_000;
    const row = { kind: 'preview', payload: '{"versionId":0}', due_ms, created_ms: due_ms };
    await catalog.write('jobs').insert(row);
    expect(await queueOf({})).toBe('fail');
    expect(await queueOf({ READY_QUEUE_MINUTES: 180 })).toBe('ok');
    expect(await queueOf({ READY_QUEUE_MINUTES: 0 })).toBe('ok');
  } finally {
    await catalog.close();
  }
});
