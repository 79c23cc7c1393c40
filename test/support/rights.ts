import {
  deleteToken,
  findUser,
  listTokens,
  OPERATOR,
  updateUser,
} from '../../src/catalog/index.js';
import { ADMIN_PASSWORD, type TestArchive } from './archive.js';
import { addToken, addUser, cookiesOf, logIn, withCatalog } from './logins.js';

/** What an address asks for. */
export type Need =
  | 'anyone'
  | 'read'
  | 'read notes'
  | 'download'
  | 'download version'
  | 'upload'
  | 'correct'
  | 'delete'
  | 'purge'
  | 'administer'
  | 'own account'
  | 'own session'
  | 'browser'
  | 'front page';

/** One verb of one address. */
export interface RightsRow {
  /** As the router has it. */
  readonly route: string;
  readonly as: 'page' | 'api';
  readonly needs: Need;
  /** Statuses of who is let in. */
  readonly done: readonly number[];
  /** `:id` is a frame, which not everyone may see. Without it `:id` is of something that is not there. */
  readonly isFrame?: true;
  /** What more the address needs. */
  readonly query?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly files?: true;
  /** The session of who asks is over then. */
  readonly endsSession?: true;
}

type Options = Partial<Omit<RightsRow, 'route' | 'as' | 'needs'>>;

const row =
  (as: RightsRow['as']) =>
  (route: string, needs: Need, options: Options = {}): RightsRow => ({
    route,
    as,
    needs,
    done: [200],
    ...options,
  });
const api = row('api');
const page = row('page');
const ofFrame = (route: string, needs: Need, options: Options = {}): RightsRow =>
  api(route, needs, { ...options, isFrame: true });

/** Every verb of every address, and who may: a new one without a line here fails the test. */
export const RIGHTS: readonly RightsRow[] = [
  api('get /', 'anyone'),
  api('get /health/', 'anyone'),
  api('get /ready/', 'anyone'),
  api('get /metrics/', 'anyone'), // of programs of this machine, as those of the test are
  api('get /admin/', 'administer'),
  api('get /openapi.json', 'anyone'),
  api('post /api-token-auth/', 'anyone', { done: [400], form: { password: 'y' } }),
  api('get /tokens/', 'own account'),
  api('get /audit/', 'administer'),
  api('post /create/', 'upload', { files: true }),
  api('get /frames/', 'read'),
  api('post /frames/', 'upload', { files: true }),
  api('post /frames/create/', 'upload', { files: true }),
  api('get /frames/aggregate/', 'read'),
  api('get /frames/zip/', 'read', { query: 'format=script' }),
  api('post /frames/zip/', 'read', { done: [404], body: { frame_ids: [999_999] } }),
  api('get /trash/', 'delete'),
  api('post /trash/:id/restore/', 'delete', { done: [404] }),
  api('delete /trash/:id/', 'purge', { done: [404] }),
  api('post /frames/corrections/', 'correct', { done: [400], body: {} }),
  ofFrame('get /frames/:id/versions/', 'read'),
  ofFrame('get /frames/:id/versions/:number/download/', 'download version'),
  api('post /frames/:id/versions/:number/restore/', 'correct', { done: [404] }),
  ofFrame('get /frames/:id/corrections/', 'read'),
  api('put /frames/:id/corrections/', 'correct', { done: [404], body: {} }),
  api('patch /frames/:id/corrections/', 'correct', { done: [404], body: {} }),
  ofFrame('get /frames/:id/notes/', 'read notes'),
  api('post /frames/:id/notes/', 'upload', { done: [404], body: { text: 'x' } }),
  api('get /quarantine/', 'upload'),
  api('post /quarantine/retry/', 'upload', { done: [404], body: { ids: [999_999] } }),
  api('post /quarantine/discard/', 'correct', { done: [404], body: { ids: [999_999] } }),
  api('get /quarantine/:file/', 'upload', { done: [404] }),
  api('delete /quarantine/:file/', 'correct', { done: [404] }),
  api('get /quarantine/:file/download/', 'upload', { done: [404] }),
  api('post /quarantine/:file/retry/', 'upload', { done: [404], body: {} }),
  ofFrame('get /frames/:id/', 'read'),
  api('delete /frames/:id/', 'delete', { done: [404] }),
  api('delete /frames/:id/delete/', 'delete', { done: [404] }),
  ofFrame('get /frames/:id/download/', 'download'),
  ofFrame('get /frames/:id/headers/', 'read'),
  ofFrame('get /frames/:id/related/', 'read'),
  ofFrame('get /frames/:id/calibrations/', 'read'),
  ofFrame('get /frames/:id/preview/', 'read'),
  ofFrame('get /frames/:id/catalog/', 'read'),
  ofFrame('get /frames/:id/funpack/', 'read'),
  ofFrame('get /frame-funpack/:id/funpack/', 'read'),
  ofFrame('get /frames/:id/cutout/', 'read', { query: 'x=0&y=0&width=4&height=4' }),
  ofFrame('get /frames/:id/verify/', 'read'),

  page('get /', 'front page', { done: [302] }),
  page('get /frames/', 'read'),
  page('get /frames/:id/', 'read', { isFrame: true }),
  page('get /frames/:id/delete/', 'delete', { isFrame: true }),
  page('post /frames/:id/delete/', 'delete', { done: [404], form: {} }),
  page('post /frames/:id/versions/:number/current/', 'correct', { done: [404], form: {} }),
  page('get /search/', 'read', { done: [302] }),
  page('get /trash/', 'delete'),
  page('post /trash/', 'delete', { done: [303], form: {} }),
  page('post /trash/', 'purge', { done: [303], form: { do: 'purge' } }),
  page('get /quarantine/', 'upload'),
  page('post /quarantine/', 'upload', { done: [200, 303, 400, 409], form: {} }),
  page('post /quarantine/', 'correct', { done: [200, 303, 400, 409], form: { do: 'discard' } }),
  page('get /upload/', 'upload'),
  page('post /upload/', 'upload', { files: true }),
  page('get /account/', 'own session'),
  page('post /account/tokens/', 'own session', { form: {} }),
  page('post /account/tokens/:id/revoke/', 'own session', { done: [404], form: {} }),
  page('post /account/password/', 'own session', { form: {} }),
  page('post /account/logout/', 'own session', { done: [303], form: {}, endsSession: true }),
  page('get /admin/', 'administer'),
  page('post /admin/jobs/', 'administer', { done: [303], form: {} }),
  page('get /admin/users/', 'administer'),
  page('post /admin/users/', 'administer', { form: {} }),
  page('post /admin/users/:id/disable/', 'administer', { done: [404], form: {} }),
  page('post /admin/users/:id/role/', 'administer', { done: [404], form: {} }),
  page('post /admin/users/:id/logout/', 'administer', { done: [404], form: {} }),
  page('get /admin/log/', 'administer'),
  page('get /accounts/login/', 'anyone', { done: [200, 302] }),
  page('post /accounts/login/', 'anyone', { form: {} }),
  page('get /accounts/logout/', 'browser'),
  page('post /accounts/logout/', 'anyone', { done: [303], form: {}, endsSession: true }),
  page('get /keys/', 'anyone'),
  page('get /docs/api/', 'anyone'),
  page('post /theme/', 'anyone', { done: [303], form: {} }),
];

/** Who asks, and how they say who they are. */
export interface Credential {
  readonly name: string;
  /** The role that it stands for; `bad` is a token that is worth nothing. */
  readonly role: 'visitor' | 'bad' | 'user' | 'writer' | 'admin';
  /** What a token is good for; undefined for a session. */
  readonly scope?: 'read' | 'upload' | 'admin';
  readonly token?: string;
  /** Opens, or opens anew, the session. */
  readonly open?: () => Promise<{ cookies: string; csrf: string }>;
  /** Signs addresses of a frame for this visitor. */
  readonly sign?: (frameId: number, kind: 'frame' | 'version') => string;
  /** Whether such a signature should let one in. */
  readonly isGoodSign?: boolean;
}

/** Visitors: without anything, or with a CSRF cookie as every browser has one. */
export async function openVisitor(
  archive: TestArchive,
): Promise<{ cookies: string; csrf: string }> {
  const form = await fetch(`${archive.url}/accounts/login/`);
  await form.text();
  const cookies = cookiesOf(form);
  return { cookies, csrf: /(?:^|; )csrftoken=([^;]*)/.exec(cookies)?.[1] ?? '' };
}

/** Every role by session and by token of each scope, and what is not worth anything any more. */
export async function makeCredentials(archive: TestArchive): Promise<Credential[]> {
  const made: Credential[] = [{ name: 'visitor', role: 'visitor' }];
  for (const role of ['user', 'writer', 'admin'] as const) {
    const username = role === 'admin' ? 'admin' : `a-${role}`;
    const password = role === 'admin' ? ADMIN_PASSWORD : await addUser(archive, username, role);
    const open = () => logIn(archive, username, password);
    made.push({ name: `${role}, session`, role, open });
    for (const scope of ['read', 'upload', 'admin'] as const) {
      const token = await addToken(archive, username, { scope });
      made.push({ name: `${role}, token ${scope}`, role, scope, token });
    }
  }
  const ended = await addToken(archive, 'admin', { lifeMs: -1000 });
  made.push({ name: 'expired token', role: 'bad', token: ended });
  const revoked = await addToken(archive, 'admin');
  await withCatalog(archive, async (catalog) => {
    const { id } = (await listTokens(catalog)).at(-1) ?? { id: 0 };
    await deleteToken(catalog, id, OPERATOR);
  });
  made.push({ name: 'revoked token', role: 'bad', token: revoked });
  const password = await addUser(archive, 'gone', 'admin');
  const token = await addToken(archive, 'gone');
  const session = await logIn(archive, 'gone', password);
  await withCatalog(archive, async (catalog) => {
    const { id } = (await findUser(catalog, 'gone')) ?? { id: 0 };
    await updateUser(catalog, id, { disabled: true }, OPERATOR);
  });
  made.push({ name: 'disabled admin, token', role: 'bad', token });
  // The cookie is still there, and so is a CSRF token of a visitor.
  const open = async () => {
    const { cookies, csrf } = await openVisitor(archive);
    const dead = /platevault_session=[^;]*/.exec(session.cookies)?.[0] ?? '';
    return { cookies: `${dead}; ${cookies}`, csrf };
  };
  made.push({ name: 'disabled admin, session', role: 'visitor', open });
  return made;
}

/** Visitors with a signed address, good and bad. */
export function makeSigned(sign: (text: string) => string, otherFrame: number): Credential[] {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  const address = (text: string, expires: number): string => `exp=${expires}&sig=${sign(text)}`;
  const good = (id: number, kind: 'frame' | 'version', expires: number): string =>
    address(kind === 'frame' ? `download ${id} ${expires}` : `version ${id} 1 ${expires}`, expires);
  const visitor = (name: string, make: Credential['sign'], isGoodSign = false): Credential => ({
    name,
    role: 'visitor',
    ...(make === undefined ? {} : { sign: make }),
    isGoodSign,
  });
  return [
    visitor('signed', (id, kind) => good(id, kind, inAnHour), true),
    visitor('signed for another frame', (_id, kind) => good(otherFrame, kind, inAnHour)),
    visitor('signed for another kind', (id, kind) =>
      good(id, kind === 'frame' ? 'version' : 'frame', inAnHour),
    ),
    visitor('signed, expired', (id, kind) => good(id, kind, inAnHour - 7200)),
    visitor('signed, end changed', (id, kind) =>
      good(id, kind, inAnHour).replace(/exp=\d+/, `exp=${inAnHour + 9999}`),
    ),
    visitor('signed, tampered', (id, kind) => good(id, kind, inAnHour).replace(/sig=./, 'sig=~')),
  ];
}
