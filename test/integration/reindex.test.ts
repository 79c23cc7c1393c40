import { existsSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  rename,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { deleteFrame, inTransaction, writeMark } from '../../src/catalog/index.js';
import { makeXisf } from '../fixtures/make-xisf.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { correct, postForm } from '../support/deeds.js';
import { dumpRows } from '../support/rows.js';

const database = (archive: TestArchive): string => join(archive.dataDir, 'platevault.sqlite');
const tree = (archive: TestArchive, path = ''): string => join(archive.dataDir, 'archive', path);

/** Rows of all that is kept of frames; trash without the copy of its content. */
async function rowsOf(archive: TestArchive): Promise<Readonly<Record<string, string[]>>> {
  const dump = await withCatalog(archive, dumpRows);
  const withoutContent = dump.trash?.map((text) => {
    const row = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify({
      ...row,
      content: null,
      record: JSON.parse(String(row.record)) as unknown,
    });
  });
  return { ...dump, trash: withoutContent ?? [] };
}

async function usersOf(archive: TestArchive): Promise<unknown[]> {
  return withCatalog(archive, async (catalog) =>
    catalog.read('users').orderBy('id').select('id', 'username', 'role', 'disabled'),
  );
}

async function removeCatalog(archive: TestArchive): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(database(archive) + end, { force: true });
}

/** Everything that a catalogue can hold, by HTTP as far as there is a way. @returns path of a share */
async function fill(archive: TestArchive): Promise<string> {
  await archive.run(
    ['user', 'add', 'anna', '--role', 'writer', '--password-stdin'],
    'correct horse\n',
  );
  const made = await archive.run(['token', 'add', 'anna', '--scope', 'upload']);
  const token = made.stdout.trim();
  const upload = async (cards: Parameters<typeof pyobsFrame>[0], seed: number, by?: string) => {
    const name = String(cards?.FNAME);
    const answer = await archive.upload(
      pyobsFrame(cards, { seed, width: 200, height: 160 }),
      name,
      by,
    );
    const id = Number(answer.files[0]?.id);
    if (id === 0) throw new Error(JSON.stringify(answer));
    return id;
  };
  const first = await upload({ FNAME: 'one.fits', L1BIAS: 'bias', L1RAW: 'raw.fits' }, 1, token);
  await upload({ FNAME: 'one.fits', L1BIAS: 'bias', FILTER: 'R' }, 2);
  await upload(
    { FNAME: 'one.fits', 'DATE-OBS': '2026-03-02T21:00:00', 'DAY-OBS': '2026-03-02' },
    3,
  );
  const gone = await upload({ FNAME: 'gone.fits' }, 4);
  const wrong = await upload({ FNAME: 'wrong.fits', FILTER: 'V', OBJECT: 'M31' }, 5, token);
  await upload({ FNAME: 'bias.fits', IMAGETYP: 'bias', 'TEL-RA': null, EXPTIME: 0 }, 6);
  await archive.upload(makeXisf({ width: 8, height: 6 }), 'camera.xisf', token);
  for (const [id, why] of [
    [wrong, 'wheel was misread'],
    [gone, 'mistyped'],
  ]) {
    const headers = { 'Content-Type': 'application/json' };
    const ask = { method: 'PATCH', headers, body: '{"FILTER":"B","GAIN":7}' };
    await archive.fetch(`/frames/${id}/corrections/?why=${why}`, ask);
    await archive.fetch(`/frames/${id}/corrections/`, {
      ...ask,
      method: 'PUT',
      body: '{"GAIN":7}',
    });
  }
  await correct(archive, wrong, { FILTER: 'R', OBJECT: null, TELID: '1m2' });
  await archive.fetch(`/frames/${gone}/`, { method: 'DELETE' });
  await postForm(archive, '/shares/', { ids: String(first), title: 'Ended', days: '7' });
  await postForm(archive, '/shares/1/revoke/', {});
  const ids = `${first},${wrong}`;
  const shared = await postForm(archive, '/shares/', { ids, title: 'For Anna', days: '30' });
  const rule = { keyword: 'CAMERA', value: 'blue', 'rule-camera': 'cam9' };
  await postForm(archive, '/quarantine/', { do: 'rule', ...rule });
  await upload({ FNAME: 'ruled.fits', INSTRUME: 'cam9' }, 7, token);
  await archive.stop();
  expect(first).toBeGreaterThan(0);
  return /\/s\/[0-9a-f]{40}\//.exec(shared)?.[0] ?? '';
}

describe('with everything that a catalogue can hold', () => {
  let archive: TestArchive;
  let link: string;
  beforeAll(async () => {
    // Packed, so that what was uploaded can be told from what was kept.
    archive = await startArchive({ COMPRESS: 'rice' });
    link = await fill(archive);
  });
  afterAll(() => archive.close());

  test('a catalogue that was lost is made anew from the tree, row by row as it was', async () => {
    const [before, users] = [await rowsOf(archive), await usersOf(archive)];
    await removeCatalog(archive);
    expect(before.versions?.some((text) => text.includes('"container":"tiles"'))).toBe(true);
    expect(
      [before.shares, before.share_files, before.repair_rules].map((rows) => rows?.length),
    ).toEqual([2, 3, 1]);
    expect(before.corrections?.filter((text) => text.includes('"rule_id":1'))).toHaveLength(1);
    // Set, withdrawn by the one and replaced or withdrawn by the other; the rest is in the trash.
    expect(before.former_corrections).toHaveLength(4);
    expect(before.trash?.join('')).toMatch(/formerCorrections.*mistyped/);
    const done = await archive.run(['reindex']);
    expect(done.stderr).toBe('');
    expect(done.stdout).toMatch(/6 frames that the journal knows and 0 files/);
    expect(await rowsOf(archive)).toEqual(before);
    const closed = users.map((user) => ({ ...(user as object), disabled: 1 }));
    expect(await usersOf(archive)).toEqual(closed);
    // No password is in the tree: that is what it has to say, and all.
    expect(done.stdout.split('\n').filter((line) => line.startsWith('no-password'))).toHaveLength(
      2,
    );
    expect(done.status).toBe(1);
    expect(await archive.check()).toEqual([]);
  });

  test('reading every byte comes to the same, and the old catalogue with its accounts is kept', async () => {
    const [before, users] = [await rowsOf(archive), await usersOf(archive)];
    const done = await archive.run(['reindex', '--read-data', '--json']);
    const summary = JSON.parse(String(done.stdout.trim().split('\n').at(-1))) as Record<
      string,
      unknown
    >;
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(summary).toMatchObject({
      kind: 'summary',
      restored: 6,
      trashed: 1,
      trusted: 0,
      findings: 0,
    });
    expect(await rowsOf(archive)).toEqual(before);
    expect(await usersOf(archive)).toEqual(users);
    expect(existsSync(String(summary.oldCatalogue))).toBe(true);
    const left = (await readdir(archive.dataDir)).filter((name) => name.includes('.reindex'));
    expect(left).toEqual([]);
  });

  test('what was in the trash comes back from it', async () => {
    const list = await archive.run(['trash', 'list', '--json']);
    const [gone] = list.stdout.trim().split('\n');
    expect(gone).toMatch(/"gone"/);
    const { status, stderr } = await archive.run(['trash', 'restore', '3']);
    expect([status, stderr]).toEqual([0, '']);
    expect(await archive.check()).toEqual([]);
    const rows = await rowsOf(archive);
    expect(rows.frames?.filter((text) => text.includes('"basename":"gone"'))).toHaveLength(1);
  });

  test('ids are not given a second time, and the server goes on with the journal', async () => {
    await archive.run(['user', 'passwd', 'admin', '--password-stdin'], 'a new password\n');
    await archive.run(['user', 'enable', 'admin']);
    const token = (await archive.run(['token', 'add', 'admin', '--scope', 'admin'])).stdout.trim();
    await archive.restart();
    // The links that were given away open what they did, and what was ended stays so.
    const shared = await archive.fetch(link, { token: '', headers: { Accept: 'text/html' } });
    expect([shared.status, (await shared.text()).includes('one.fits')]).toEqual([200, true]);
    expect((await archive.run(['journal', 'rebuild'])).status).toBe(0);
    expect(await archive.check()).toEqual([]);
    const answer = await archive.upload(
      pyobsFrame({ FNAME: 'new.fits' }, { seed: 9 }),
      'new.fits',
      token,
    );
    expect(answer.files[0]?.id).toBe(8);
    await archive.stop();
    const before = await rowsOf(archive);
    await removeCatalog(archive);
    await archive.run(['reindex']);
    expect(await rowsOf(archive)).toEqual(before);
  });
});

describe('a tree that has seen things', () => {
  let archive: TestArchive;
  beforeEach(async () => {
    archive = await startArchive();
    for (const name of ['a', 'b', 'c']) {
      const file = pyobsFrame({ FNAME: `${name}.fits` }, { seed: name.charCodeAt(0) });
      await archive.upload(file, `${name}.fits`);
    }
    await archive.stop();
  });
  afterEach(() => archive.close());

  const findings = async (...args: string[]) => {
    const { stdout, stderr, status } = await archive.run(['reindex', '--json', ...args]);
    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    const all = lines.map(
      (line) => JSON.parse(line) as { kind: string; key: string; text: string },
    );
    return { status, summary: all.at(-1), found: all.slice(0, -1) };
  };

  test('a dry run tells all of it and changes nothing', async () => {
    const before = await rowsOf(archive);
    await rm(tree(archive, 'hill/2026-03-01/a.fits'));
    const { status, found, summary } = await findings('--dry-run');
    expect(found).toMatchObject([{ kind: 'missing', key: 'hill/2026-03-01/a.fits' }]);
    expect([status, summary]).toMatchObject([1, { isDry: true, restored: 3, untold: 0 }]);
    expect(await rowsOf(archive)).toEqual(before);
    expect(
      (await readdir(archive.dataDir)).filter((name) => name.startsWith('platevault')),
    ).toEqual(expect.not.arrayContaining(['platevault.sqlite.reindex']));
  });

  test('a dry run writes nothing to the journal, and says what is left out for that', async () => {
    await archive.run(
      ['user', 'add', 'late', '--role', 'user', '--password-stdin'],
      'a password\n',
    );
    const journal = (): Promise<Buffer> =>
      readFile(tree(archive, '.platevault/journal/000001.ndjson'));
    const before = await journal();
    const { summary } = await findings('--dry-run');
    expect(summary).toMatchObject({
      isDry: true,
      untold: expect.any(Number) as number,
    });
    const { stdout } = await archive.run(['reindex', '--dry-run']);
    expect(stdout).toMatch(
      /nothing was written to the journal\.\n[1-9] changes .* are left out here/,
    );
    expect(await journal()).toEqual(before);
  });

  test('damage stays visible: a changed file keeps the sums that it should have', async () => {
    const path = tree(archive, 'hill/2026-03-01/b.fits');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3000) ^ 1, bytes.length - 3000);
    await writeFile(path, bytes);
    await utimes(path, new Date(), new Date(Date.now() + 60_000));
    const { found } = await findings();
    expect(found).toMatchObject([{ kind: 'changed', key: 'hill/2026-03-01/b.fits' }]);
    expect(await archive.check()).toEqual([
      expect.stringMatching(/^content: hill\/2026-03-01\/b.fits/),
    ]);
  });

  test('files that no journal knows are filed by what they say, versions and all; others are named', async () => {
    const before = await withCatalog(archive, (catalog) =>
      catalog.read('frames').orderBy('basename').select('basename', 'night', 'filter', 'width'),
    );
    await copyFile(tree(archive, 'hill/2026-03-01/a.fits'), tree(archive, 'copy.fits'));
    await writeFile(tree(archive, 'notes.txt'), 'Not a frame.');
    await writeFile(
      tree(archive, 'hill/2026-03-01/c~2.fits'),
      pyobsFrame({ FNAME: 'c.fits', FILTER: 'R' }, { seed: 77 }),
    );
    await rm(tree(archive, '.platevault/journal'), { recursive: true });
    await removeCatalog(archive);
    const { found } = await findings();
    expect(found.map(({ kind, key }) => [kind, key]).sort()).toEqual([
      ['refused', 'notes.txt'],
      ['same-bytes', expect.stringMatching(/copy\.fits$|\/a\.fits$/)],
    ]);
    const after = await withCatalog(archive, (catalog) =>
      catalog.read('frames').orderBy('basename').select('basename', 'night', 'filter', 'width'),
    );
    const namesOf = (rows: unknown): string[] =>
      (rows as { basename: string }[]).map(({ basename }) => basename.replace('copy', 'a')).sort();
    expect(namesOf(after)).toEqual(namesOf(before));
    expect(after).toContainEqual(expect.objectContaining({ basename: 'c', filter: 'R' }));
    const versions = await withCatalog(archive, (catalog) =>
      catalog
        .read('versions')
        .where('key', 'like', '%c%.fits')
        .orderBy('number')
        .select('key', 'number'),
    );
    expect(versions.filter(({ key }: { key: string }) => !key.includes('copy'))).toEqual([
      { key: 'hill/2026-03-01/c.fits', number: 1 },
      { key: 'hill/2026-03-01/c~2.fits', number: 2 },
    ]);
  });

  test('a journal of two catalogues: what the later one says wins, and the earlier one adds the rest', async () => {
    // The first catalogue is lost, and somebody starts with an empty one instead of reindexing.
    const held = await readFile(tree(archive, '.platevault/archive.json'));
    await removeCatalog(archive);
    await mkdir(`${archive.dataDir}/aside`);
    await rename(tree(archive, 'hill'), join(archive.dataDir, 'aside', 'hill'));
    await archive.restart();
    const token = (await archive.run(['token', 'add', 'admin', '--scope', 'admin'])).stdout.trim();
    await archive.upload(pyobsFrame({ FNAME: 'd.fits' }, { seed: 200 }), 'd.fits', token);
    await archive.stop();
    for (const name of ['a', 'b', 'c']) {
      const file = `hill/2026-03-01/${name}.fits`;
      await rename(join(archive.dataDir, 'aside', file), tree(archive, file));
    }
    expect(await readFile(tree(archive, '.platevault/archive.json'))).toEqual(held);
    await removeCatalog(archive);
    const { found, summary } = await findings();
    expect(found.filter(({ kind }) => kind !== 'no-password')).toEqual([]);
    expect(summary).toMatchObject({ restored: 4, filed: 0 });
    const rows: { id: number; basename: string }[] = await withCatalog(archive, (catalog) =>
      catalog.read('frames').orderBy('basename').select('id', 'basename'),
    );
    // d came later and keeps its id 1, which was that of a; a gets one that nobody had.
    expect(rows).toEqual([
      { id: 4, basename: 'a' },
      { id: 2, basename: 'b' },
      { id: 3, basename: 'c' },
      { id: 1, basename: 'd' },
    ]);
    expect(await archive.check()).toEqual([]);
  });

  test('damaged lines cost only themselves', async () => {
    const [name] = await readdir(tree(archive, '.platevault/journal'));
    const path = tree(archive, `.platevault/journal/${String(name)}`);
    await appendFile(
      path,
      '{"epoch": 3, "seq": "x"}\n[1,2\n{"epoch":1,"seq":2,"subject":"frame:9","ki',
    );
    await removeCatalog(archive);
    const { found, summary } = await findings();
    expect(found.filter(({ kind }) => kind === 'damaged-line')).toHaveLength(3);
    expect(summary).toMatchObject({ restored: 3, filed: 0 });
  });

  test('it is refused while a server is at work, and says so', async () => {
    await archive.restart();
    const refused = await archive.run(['reindex']);
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/server is at work/),
    ]);
    expect((await archive.json<{ count: number }>('/frames/')).count).toBe(3);
  });

  test('interrupted, it goes on where it was', async () => {
    const before = await rowsOf(archive);
    const [name] = await readdir(tree(archive, '.platevault/journal'));
    const { size } = await stat(tree(archive, `.platevault/journal/${String(name)}`));
    // What a run leaves that was ended after two of three frames.
    await withCatalog(archive, (catalog) =>
      inTransaction(catalog, async (tx) => {
        await deleteFrame(tx, 3);
        await tx('journal_queue').delete();
        await writeMark(tx, 'reindex_journal_bytes', size);
      }),
    );
    await rename(database(archive), `${database(archive)}.reindex`);
    const { summary } = await findings();
    expect(summary).toMatchObject({ restored: 1, filed: 0 });
    expect(await rowsOf(archive)).toEqual(before);
  });

  test('interrupted, it begins again without harm', async () => {
    const before = await rowsOf(archive);
    await removeCatalog(archive);
    // A draft that was left, from another state of the journal and from the same.
    await writeFile(`${database(archive)}.reindex`, 'no database at all');
    expect((await findings()).summary).toMatchObject({ restored: 3 });
    expect(await rowsOf(archive)).toEqual(before);
  });
});
