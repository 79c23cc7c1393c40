import { findUser } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from './archive.js';
import { withCatalog } from './catalog.js';
import { addToken, addUser } from './logins.js';
import { HELD_TO, type Credential, type Subject } from './rights.js';

/** Ids of what is there to be asked for. */
export interface Things {
  /** Frames: public; hidden; hidden and of another writer. */
  readonly public: number;
  readonly hidden: number;
  readonly foreign: number;
  /** Hidden, of another writer, of the proposal that accounts are held to. */
  readonly proposal: number;
  /** Hidden, and brought by the writer who is held to it. */
  readonly own: number;
  /** Of another writer, and deleted. */
  readonly trashed: number;
  /** A file of another writer that was refused. */
  readonly refused: number;
  /** Another writer, and a token of theirs. */
  readonly user: number;
  readonly token: number;
}
/** One of them. */
export type Kind = keyof Things;

/** What there is of each subject. */
export const KINDS: Readonly<Record<Subject, readonly Kind[]>> = {
  frame: ['public', 'hidden', 'foreign', 'proposal', 'own'],
  trashed: ['trashed'],
  refused: ['refused'],
  user: ['user'],
  token: ['token'],
};

/** Puts into an archive what is asked for. @param credentials of which some upload it */
export async function makeThings(
  archive: TestArchive,
  credentials: readonly Credential[],
): Promise<Things> {
  await addUser(archive, 'another-writer', 'writer');
  const another = await addToken(archive, 'another-writer');
  const tokenOf = (wanted: string): string =>
    credentials.find(({ name }) => name === wanted)?.token ?? '';
  const writer = tokenOf('writer, token admin');
  const [past, future] = ['2026-03-02T00:00:00', '2099-01-01T00:00:00'];
  let seed = 0;
  const send = async (name: string, token: string, changes: object = {}): Promise<number> => {
    const cards = { FNAME: `${name}.fits`, OBJECT: name, L1PUBDAT: future, L1BIAS: 'hidden-frame' };
    seed += 1;
    const file = pyobsFrame({ ...cards, ...changes }, { seed });
    const { files } = await archive.upload(file, `${name}.fits`, token);
    return Number(files[0]?.id);
  };
  const frames = {
    public: await send('public-frame', writer, { L1PUBDAT: past }),
    hidden: await send('hidden-frame', writer),
    foreign: await send('foreign-hidden-frame', another, { PROPID: 'P-FOREIGN' }),
    proposal: await send('held-hidden-frame', another, { PROPID: HELD_TO }),
    own: await send('own-hidden-frame', tokenOf('held writer, token upload')),
    trashed: await send('trashed-hidden-frame', another, { PROPID: 'P-FOREIGN' }),
  };
  expect((await archive.fetch(`/frames/${frames.trashed}/`, { method: 'DELETE' })).status).toBe(
    204,
  );
  await archive.upload(Buffer.from('refused hidden-frame'), 'refused-hidden-frame.fits', another);
  const { results } = await archive.json<{ results: { id: number }[] }>('/quarantine/');
  const [token] = await archive.json<{ id: number }[]>('/tokens/', { token: another });
  const user = await withCatalog(archive, (catalog) => findUser(catalog, 'another-writer'));
  return {
    ...frames,
    refused: results[0]?.id ?? 0,
    token: token?.id ?? 0,
    user: user?.id ?? 0,
  };
}

/** Everything that a refused request might have changed. */
export function stateOf(archive: TestArchive, things: Things): Promise<unknown> {
  return withCatalog(archive, async ({ read }) => ({
    frames: await read('frames').orderBy('id').select('id', 'version_id', 'updated_ms'),
    versions: await read('versions').orderBy('id').select('id', 'frame_id', 'number'),
    corrections: await read('corrections'),
    notes: await read('notes'),
    trash: await read('trash').select('frame_id', 'purged_ms'),
    quarantine: await read('quarantine').where('id', things.refused),
    users: await read('users').orderBy('id').select('id', 'role', 'disabled', 'sees_all'),
    proposals: await read('user_proposals').orderBy(['user_id', 'proposal']),
    tokens: await read('tokens').orderBy('id').select('id'),
  }));
}
