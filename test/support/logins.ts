import type { TestArchive } from './archive.js';

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
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: before, Accept: 'text/html', ...headers },
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

/** Makes an account by the command line. @returns its password */
export async function addUser(archive: TestArchive, name: string, role: string): Promise<string> {
  const password = `the secret of ${name}`;
  const made = await archive.run(
    ['user', 'add', name, '--role', role, '--password-stdin'],
    `${password}\n`,
  );
  if (made.status !== 0) throw new Error(made.stderr);
  return password;
}

/** Makes a token by the command line. */
export async function addToken(
  archive: TestArchive,
  name: string,
  options: readonly string[] = [],
): Promise<string> {
  const made = await archive.run(['token', 'add', name, ...options]);
  if (made.status !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

function csrfOf(cookies: string): string {
  return /(?:^|; )csrftoken=([^;]*)/.exec(cookies)?.[1] ?? '';
}
