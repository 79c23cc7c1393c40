import { startArchive, type TestArchive } from '../support/archive.js';
import { addUser, logIn } from '../support/logins.js';
import { openVisitor, RIGHTS, type RightsRow } from '../support/rights.js';

/** What changes something, or may, and asks for no CSRF token, with the reason why it need not. */
const NEEDS_NONE: Readonly<Record<string, string>> = {
  'post /api-token-auth/':
    'the password in the request is the proof; no cookie is looked at or set',
  'post /theme/':
    'the browser alone remembers it then, as it must on a page that has stood open all night',
};

/** Every address that is not only read: the test of rights makes sure that none is missing. */
const CHANGES = RIGHTS.filter(({ route }) => !route.startsWith('get '));

interface Session {
  readonly cookies: string;
  readonly csrf: string;
}

let archive: TestArchive;
let admin: Session;
let visitor: Session;
let other: Session;

beforeAll(async () => {
  archive = await startArchive();
  admin = await logIn(archive, 'admin', archive.adminPassword);
  visitor = await openVisitor(archive);
  other = await logIn(archive, 'other', await addUser(archive, 'other', 'admin'));
});
afterAll(() => archive.close());

const sessionOf = (cookies: string): string => /platevault_session=[^;]*/.exec(cookies)?.[0] ?? '';

async function send(
  { route, body, files }: RightsRow,
  headers: Readonly<Record<string, string>>,
  field?: string,
): Promise<{ status: number; text: string }> {
  const [verb = '', path = ''] = route.split(' ');
  const fields = field === undefined ? {} : { csrfmiddlewaretoken: field };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob(['no FITS']), 'none.fits');
  const isJson = body !== undefined;
  const answer = await fetch(`${archive.url}${path.replace(/:\w+/g, '999999')}`, {
    method: verb.toUpperCase(),
    redirect: 'manual',
    headers: { ...headers, ...(isJson ? { 'Content-Type': 'application/json' } : {}) },
    body: isJson
      ? JSON.stringify({ ...body, ...fields })
      : files === true
        ? form
        : new URLSearchParams(fields),
  });
  return { status: answer.status, text: await answer.text() };
}

const FAILED = '{"detail":"CSRF Failed: CSRF token missing or incorrect."}';

test.each(CHANGES.filter(({ route }) => NEEDS_NONE[route] === undefined))(
  '$as $route asks a session for its CSRF token, and takes no other',
  async (row) => {
    const session = sessionOf(admin.cookies);
    const cookieOf = (csrf: string): string => `${session}; csrftoken=${csrf}`;
    const attempts: readonly (readonly [what: string, headers: Record<string, string>])[] = [
      ['without any', { Cookie: session }],
      ['with the cookie alone', { Cookie: admin.cookies }],
      ['with another in the header', { Cookie: admin.cookies, 'X-CSRFToken': visitor.csrf }],
      // What a page of somebody else could plant: a token that is good for a visitor, or for them.
      ['of a visitor', { Cookie: cookieOf(visitor.csrf), 'X-CSRFToken': visitor.csrf }],
      ['of another admin', { Cookie: cookieOf(other.csrf), 'X-CSRFToken': other.csrf }],
      ['made up', { Cookie: cookieOf('a.b'), 'X-CSRFToken': 'a.b' }],
      ['empty', { Cookie: cookieOf(''), 'X-CSRFToken': '' }],
    ];
    for (const [what, headers] of attempts) {
      expect([what, await send(row, headers)]).toEqual([what, { status: 403, text: FAILED }]);
    }
  },
);

test('the token works as a header and as a field of a form or of its files', async () => {
  const rowOf = (route: string): RightsRow => {
    const row = CHANGES.find((each) => each.route === route);
    if (row === undefined) throw new Error(`no row ${route}`);
    return row;
  };
  for (const [route, status] of [
    ['post /admin/users/:id/disable/', 404],
    ['post /frames/zip/', 400],
    ['post /frames/create/', 200],
    ['delete /frames/:id/', 404],
  ] as const) {
    const headers = { Cookie: admin.cookies };
    const asHeader = await send(rowOf(route), { ...headers, 'X-CSRFToken': admin.csrf });
    expect([route, asHeader.status]).toEqual([route, status]);
    if (route.startsWith('delete')) continue;
    const asField = await send(rowOf(route), headers, admin.csrf);
    expect([route, asField.status]).toEqual([route, status]);
  }
});

test('what asks for none is known, and why', () => {
  const routes = CHANGES.map(({ route }) => route);
  for (const route of Object.keys(NEEDS_NONE)) expect(routes).toContain(route);
});

test('the log-in form asks visitors too: nobody is logged in as somebody else by a strange page', async () => {
  const login = RIGHTS.find(({ route }) => route === 'post /accounts/login/');
  if (login === undefined) throw new Error('no row of the log-in');
  expect(await send(login, {})).toEqual({ status: 403, text: FAILED });
  expect((await send(login, { Cookie: visitor.cookies }, visitor.csrf)).status).toBe(200);
});
