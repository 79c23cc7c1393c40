import { hashPassword, hashSecret, makeToken } from '../../src/auth/index.js';
import {
  findUser,
  insertToken,
  insertUser,
  OPERATOR,
  type Scope,
  type Sight,
} from '../../src/catalog/index.js';
import type { TestArchive } from './archive.js';
import { withCatalog } from './catalog.js';

/** The cookies that an answer sets, whole, by name. */
export function setCookiesOf(response: Response): Map<string, string> {
  return new Map(
    response.headers.getSetCookie().map((cookie) => [String(cookie.split('=')[0]), cookie]),
  );
}

/** Cookies of an answer as a Cookie header. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** What came of a log-in by the form. */
export interface LoggedIn {
  readonly response: Response;
  /** The text of the page, if it is the form again. */
  readonly text: string;
  /** As a Cookie header: the session and the CSRF token. */
  readonly cookies: string;
  readonly csrf: string;
}

/** Logs in as a browser does: fetches the form, sends it, follows nothing. */
export async function logIn(
  archive: TestArchive,
  username: string,
  password: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<LoggedIn> {
  const url = `${archive.url}/accounts/login/`;
  const form = await fetch(url, { headers: { Accept: 'text/html', ...headers } });
  const before = cookiesOf(form);
  const { Cookie: brought = '', ...others } = headers;
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { Accept: 'text/html', ...others, Cookie: [brought, before].join('; ') },
    body: new URLSearchParams({
      username,
      password,
      next: '/frames/',
      csrfmiddlewaretoken: csrfOf(before),
    }),
  });
  const cookies = cookiesOf(response);
  return { response, text: await response.text(), cookies, csrf: csrfOf(cookies) };
}

/**
 * Makes an account, as the command does but quicker.
 *
 * @param sight what it is shown; default: everything
 * @returns its password
 */
export async function addUser(
  archive: TestArchive,
  username: string,
  role: 'user' | 'writer' | 'admin',
  sight?: Sight,
): Promise<string> {
  const password = `the secret of ${username}`;
  const passwordHash = await hashPassword(password, username);
  await withCatalog(archive, (catalog) =>
    insertUser(
      catalog,
      { username, passwordHash, role, ...(sight === undefined ? {} : { sight }) },
      OPERATOR,
    ),
  );
  return password;
}

/** What a token is to be like. */
export interface TokenWish {
  readonly scope?: Scope;
  readonly name?: string;
  /** Time until it ends; it never does without. */
  readonly lifeMs?: number;
}

/** Makes a token, as the command does but quicker. */
export async function addToken(
  archive: TestArchive,
  username: string,
  { scope = 'admin', name = 'test', lifeMs }: TokenWish = {},
): Promise<string> {
  const token = makeToken();
  await withCatalog(archive, async (catalog) => {
    const user = await findUser(catalog, username);
    if (user === undefined) throw new Error(`no user ${username}`);
    const expiresMs = lifeMs === undefined ? null : Date.now() + lifeMs;
    const tokenHash = hashSecret(token);
    const hint = token.slice(0, 6);
    const kept = { userId: user.id, name, tokenHash, hint, scope, expiresMs };
    await insertToken(catalog, kept, OPERATOR);
  });
  return token;
}

function csrfOf(cookies: string): string {
  return /(?:^|; )csrftoken=([^;]*)/.exec(cookies)?.[1] ?? '';
}
