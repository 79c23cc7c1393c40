import {
  deleteToken,
  findUser,
  listTokens,
  OPERATOR,
  updateUser,
} from '../../src/catalog/index.js';
import { ADMIN_PASSWORD, type TestArchive } from './archive.js';
import { withCatalog } from './catalog.js';
import { addToken, addUser, cookiesOf, logIn } from './logins.js';

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

/** What an address is about, and not everyone may see or change. */
export type Subject = 'frame' | 'trashed' | 'refused' | 'user' | 'token';

/** One verb of one address. */
export interface RightsRow {
  /** As the router has it. */
  readonly route: string;
  readonly as: 'page' | 'api';
  readonly needs: Need;
  /** Statuses of who is let in. */
  readonly done: readonly number[];
  /** What `:id` or `:file` is. Without it there is none, or it is of something that is not there. */
  readonly about?: Subject;
  /**
   * Whoever is let in would change it for good: they are asked with an id that is not there, and told
   * so. All others are asked with what is there.
   */
  readonly changes?: true;
  /** Member of the body that holds the id, in a list. */
  readonly idsIn?: string;
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
const about =
  (subject: Subject) =>
  (route: string, needs: Need, options: Options = {}): RightsRow =>
    api(route, needs, { ...options, about: subject });
const ofFrame = about('frame');
const ofTrashed = about('trashed');
const ofRefused = about('refused');
/** Of deeds that are not undone: see `changes`. */
const FOR_GOOD = { done: [404], changes: true } as const;
const ofUser = (route: string): RightsRow =>
  page(route, 'administer', { about: 'user', ...FOR_GOOD, form: {} });

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
  api('get /profile/', 'anyone'),
  api('get /audit/', 'administer'),
  api('get /events/', 'read', { query: 'wait=0' }),
  api('post /create/', 'upload', { files: true }),
  api('get /frames/', 'read'),
  api('post /frames/', 'upload', { files: true }),
  api('post /frames/create/', 'upload', { files: true }),
  api('get /frames/aggregate/', 'read'),
  api('get /nights/', 'read'),
  api('get /nights/:night/', 'read', { done: [200, 404] }),
  api('get /nights/:night/report/', 'read'),
  api('get /targets/', 'read'),
  api('get /targets/resolve/', 'read', { query: 'name=M31' }),
  api('get /targets/:name/', 'read', { done: [404] }),
  api('get /frames/zip/', 'read', { query: 'format=script' }),
  ofFrame('post /frames/zip/', 'read', { body: {}, idsIn: 'frame_ids' }),
  api('get /trash/', 'delete'),
  ofTrashed('post /trash/:id/restore/', 'delete', FOR_GOOD),
  ofTrashed('delete /trash/:id/', 'purge', FOR_GOOD),
  api('post /frames/corrections/', 'correct', { done: [400], body: {} }),
  ofFrame('get /frames/:id/versions/', 'read'),
  ofFrame('get /frames/:id/versions/:number/download/', 'download version'),
  // What is let in here changes nothing: the version is the current one, no value is given, no text.
  ofFrame('post /frames/:id/versions/:number/restore/', 'correct'),
  ofFrame('get /frames/:id/corrections/', 'read'),
  ofFrame('put /frames/:id/corrections/', 'correct', { body: {} }),
  ofFrame('patch /frames/:id/corrections/', 'correct', { body: {} }),
  ofFrame('delete /frames/:id/corrections/:keyword/', 'correct'),
  ofFrame('get /frames/:id/notes/', 'read notes'),
  ofFrame('post /frames/:id/notes/', 'upload', { done: [400], body: { text: '' } }),
  ofFrame('get /frames/:id/marks/', 'read'),
  // There is no such flag; the tag is given and taken away.
  ofFrame('put /frames/:id/flag/', 'upload', { done: [400], body: { flag: '' } }),
  ofFrame('delete /frames/:id/flag/', 'upload'),
  ofFrame('put /frames/:id/tags/:tag/', 'upload'),
  ofFrame('delete /frames/:id/tags/:tag/', 'upload'),
  api('get /nights/:night/notes/', 'read notes'),
  api('post /nights/:night/notes/', 'upload', { done: [400], body: { text: '' } }),
  api('get /quarantine/', 'upload'),
  ofRefused('post /quarantine/retry/', 'upload', { ...FOR_GOOD, body: {}, idsIn: 'ids' }),
  ofRefused('post /quarantine/discard/', 'correct', { ...FOR_GOOD, body: {}, idsIn: 'ids' }),
  ofRefused('get /quarantine/:file/', 'upload'),
  ofRefused('delete /quarantine/:file/', 'correct', FOR_GOOD),
  ofRefused('get /quarantine/:file/download/', 'upload'),
  ofRefused('post /quarantine/:file/retry/', 'upload', { ...FOR_GOOD, body: {} }),
  ofFrame('get /frames/:id/', 'read'),
  ofFrame('delete /frames/:id/', 'delete', FOR_GOOD),
  ofFrame('delete /frames/:id/delete/', 'delete', FOR_GOOD),
  ofFrame('get /frames/:id/download/', 'download'),
  ofFrame('get /frames/:id/headers/', 'read'),
  ofFrame('get /frames/:id/related/', 'read'),
  ofFrame('get /frames/:id/calibrations/', 'read'),
  ofFrame('get /frames/:id/solution/', 'read'),
  ofFrame('get /frames/:id/preview/', 'read'),
  ofFrame('get /frames/:id/catalog/', 'read'),
  ofFrame('get /frames/:id/funpack/', 'read'),
  ofFrame('get /frame-funpack/:id/funpack/', 'read'),
  ofFrame('get /frames/:id/cutout/', 'read', { query: 'x=0&y=0&width=4&height=4' }),
  ofFrame('get /frames/:id/verify/', 'read'),

  page('get /', 'front page', { done: [302] }),
  page('get /nights/', 'read'),
  page('get /nights/:night/', 'read', { done: [200, 404] }),
  page('get /nights/:night/report/', 'read'),
  page('get /frames/', 'read'),
  page('get /frames/:id/', 'read', { about: 'frame' }),
  page('get /frames/:id/delete/', 'delete', { about: 'frame' }),
  page('post /frames/:id/delete/', 'delete', { about: 'frame', ...FOR_GOOD, form: {} }),
  page('post /frames/:id/versions/:number/current/', 'correct', {
    about: 'frame',
    done: [303],
    form: {},
  }),
  page('post /frames/:id/correct/', 'correct', { about: 'frame', done: [303, 400], form: {} }),
  page('post /nights/:night/note/', 'upload', { done: [404, 400, 303], form: {} }),
  page('post /frames/:id/note/', 'upload', { about: 'frame', done: [303, 400], form: {} }),
  page('post /frames/mark/', 'upload', { done: [400], form: {} }),
  page('post /frames/selection/', 'read', { done: [400], form: {} }),
  page('post /frames/undo/', 'upload', { done: [400], form: {} }),
  page('post /frames/searches/', 'own account', { done: [400], form: {} }),
  page('post /frames/:id/mark/', 'upload', { about: 'frame', done: [303, 400], form: {} }),
  page('get /frames/:id/tile/:level/:tile/', 'read', { about: 'frame', done: [400, 404] }),
  page('get /frames/:id/histogram/', 'read', { about: 'frame' }),
  page('get /frames/:id/pixels/', 'read', { about: 'frame', query: 'hdu=1' }),
  page('get /frames/:id/sky/', 'read', { about: 'frame', query: 'hdu=1' }),
  page('get /frames/:id/js9/', 'read', { about: 'frame' }),
  page('get /blink/', 'read'),
  page('get /targets/', 'read'),
  page('get /targets/:name/', 'read', { done: [404] }),
  page('get /shares/', 'own account'),
  page('get /shares/new/', 'own account', { query: 'ids=1' }),
  page('post /shares/', 'own account', { done: [400], form: {} }),
  page('post /shares/:id/revoke/', 'own account', { done: [404], form: {} }),
  // Whoever has the link: here none is known.
  page('get /s/:token/', 'anyone', { done: [404] }),
  page('get /s/:token/zip/', 'anyone', { done: [404] }),
  page('get /s/:token/script/', 'anyone', { done: [404] }),
  page('get /s/:token/README.txt', 'anyone', { done: [404] }),
  page('get /s/:token/SHA256SUMS', 'anyone', { done: [404] }),
  page('get /s/:token/files/:number/', 'anyone', { done: [404] }),
  page('get /s/:token/files/:number/preview/', 'anyone', { done: [404] }),
  page('get /search/', 'read', { done: [302] }),
  page('get /trash/', 'delete'),
  page('post /trash/', 'delete', { done: [303], form: {} }),
  page('post /trash/', 'purge', { done: [303], form: { do: 'purge' } }),
  page('get /quarantine/', 'upload'),
  page('get /quarantine/:id/picture/', 'upload', { about: 'refused' }),
  page('post /quarantine/', 'upload', { done: [200, 303, 400, 409], form: {} }),
  page('post /quarantine/', 'correct', { done: [200, 303, 400, 409], form: { do: 'discard' } }),
  page('post /quarantine/', 'correct', { done: [200, 303, 400, 409], form: { do: 'rule' } }),
  page('post /quarantine/', 'correct', { done: [400, 404], form: { do: 'unrule', rule: '0' } }),
  page('get /tonight/', 'read'),
  page('get /upload/', 'upload'),
  page('post /upload/', 'upload', { files: true }),
  page('get /account/', 'own session'),
  page('post /account/tokens/', 'own session', { form: {} }),
  // Of somebody else, for everyone.
  page('post /account/tokens/:id/revoke/', 'own session', {
    about: 'token',
    done: [404],
    form: {},
  }),
  page('post /account/password/', 'own session', { form: {} }),
  page('post /account/logout/', 'own session', { done: [303], form: {}, endsSession: true }),
  page('get /admin/', 'administer'),
  page('post /admin/jobs/', 'administer', { done: [303], form: {} }),
  page('get /admin/users/', 'administer'),
  page('post /admin/users/', 'administer', { form: {} }),
  ofUser('post /admin/users/:id/disable/'),
  ofUser('post /admin/users/:id/role/'),
  ofUser('post /admin/users/:id/sees/'),
  ofUser('post /admin/users/:id/logout/'),
  page('get /admin/tokens/', 'administer'),
  page('post /admin/tokens/:id/revoke/', 'administer', {
    done: [404],
    about: 'token',
    changes: true,
    form: {},
  }),
  page('get /admin/jobs/', 'administer'),
  page('get /admin/settings/', 'administer'),
  page('get /admin/log/', 'administer'),
  page('get /accounts/login/', 'anyone', { done: [200, 302] }),
  page('post /accounts/login/', 'anyone', { form: {} }),
  page('get /accounts/logout/', 'browser'),
  page('post /accounts/logout/', 'anyone', { done: [303], form: {}, endsSession: true }),
  page('get /keys/', 'anyone'),
  page('get /logo/', 'anyone', { done: [404] }),
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
  /** True for an account that is held to the proposal HELD_TO. */
  readonly isHeld?: boolean;
  /** Signs addresses of a frame for this visitor. */
  readonly sign?: (frameId: number, kind: 'frame' | 'version') => string;
  /** Whose rights such a signature should stand for; undefined if for nobody's. */
  readonly signer?: 'admin' | 'held writer';
}

/** The proposal of the accounts that are held to one. */
export const HELD_TO = 'P-HELD';

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
  for (const role of ['user', 'writer'] as const) {
    const username = `held-${role}`;
    const sight = { seesAll: false, proposals: ['P-OTHER', HELD_TO] };
    const password = await addUser(archive, username, role, sight);
    const about = { role, isHeld: true };
    const open = () => logIn(archive, username, password);
    made.push({ name: `held ${role}, session`, ...about, open });
    for (const scope of role === 'user' ? (['read'] as const) : (['upload', 'admin'] as const)) {
      const token = await addToken(archive, username, { scope });
      made.push({ name: `held ${role}, token ${scope}`, ...about, scope, token });
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

/** Ids of the accounts that make signed addresses. */
export interface Makers {
  readonly admin: number;
  readonly heldWriter: number;
  /** Disabled since. */
  readonly gone: number;
}

/** Visitors with a signed address, good and bad. */
export function makeSigned(
  sign: (text: string) => string,
  otherFrame: number,
  makers: Makers,
): Credential[] {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  const good = (
    id: number,
    kind: 'frame' | 'version',
    { expires = inAnHour, maker = makers.admin } = {},
  ): string => {
    const file = kind === 'frame' ? `download ${id}` : `version ${id} 1`;
    return `exp=${expires}&sig=${maker}-${sign(`${file} ${expires} ${maker}`)}`;
  };
  const visitor = (
    name: string,
    make: Credential['sign'],
    signer?: Credential['signer'],
  ): Credential => ({
    name,
    role: 'visitor',
    ...(make === undefined ? {} : { sign: make }),
    ...(signer === undefined ? {} : { signer }),
  });
  const { heldWriter, gone, admin } = makers;
  return [
    visitor('signed', (id, kind) => good(id, kind), 'admin'),
    visitor(
      'signed by the held writer',
      (id, kind) => good(id, kind, { maker: heldWriter }),
      'held writer',
    ),
    visitor('signed by an account disabled since', (id, kind) => good(id, kind, { maker: gone })),
    visitor('signed, maker changed', (id, kind) =>
      good(id, kind, { maker: heldWriter }).replace(`sig=${heldWriter}-`, `sig=${admin}-`),
    ),
    visitor('signed for another frame', (_id, kind) => good(otherFrame, kind)),
    visitor('signed for another kind', (id, kind) =>
      good(id, kind === 'frame' ? 'version' : 'frame'),
    ),
    visitor('signed, expired', (id, kind) => good(id, kind, { expires: inAnHour - 7200 })),
    visitor('signed, end changed', (id, kind) =>
      good(id, kind).replace(/exp=\d+/, `exp=${inAnHour + 9999}`),
    ),
    visitor('signed, tampered', (id, kind) => good(id, kind).replace(/-./, '-~')),
  ];
}
