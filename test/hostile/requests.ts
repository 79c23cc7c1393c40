/** A request that no client of ours sends. */
export interface RequestAttack {
  readonly kind: string;
  readonly name: string;
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Answers that are right; any below 500 if it is not said. */
  readonly statuses?: readonly number[];
}

type More = Omit<Partial<RequestAttack>, 'kind' | 'target'>;

const get = (kind: string, target: string, more: More = {}): RequestAttack => ({
  kind,
  name: target.slice(0, 120),
  method: 'GET',
  target,
  ...more,
});

const enc = encodeURIComponent;

const PARAMETERS = [
  ...['limit', 'offset', 'sort', 'order', 'ordering', 'night', 'RLEVEL', 'EXPTIME', 'OBJECT'],
  ...['basename', 'RA', 'DEC', 'start', 'end', 'binning', 'FILTER', 'REQNUM', 'cursor', 'search'],
  ...['header.FILTER', 'header.', 'q', 'covers', 'public', 'target_name_exact', 'id'],
];

/** Values as they stand in an address; the first ones are no text at all. */
const VALUES = [
  ...['%00', 'a%00b', '%ed%a0%80', '%c0%ae%c0%ae', '%ff', '%', '%zz', '%25', '_', '%25%25%25'],
  ...['NaN', 'Infinity', '-Infinity', '1e999', '-1', '99999999999999999999', '9007199254740993'],
  ...['0x10', '1;drop+table+frames', `%27+or+1%3D1+--`, '${7*7}', '{{7*7}}', '%0d%0aX-Evil:1'],
  ...['%3Cscript%3Ealert(1)%3C/script%3E', '../../etc/passwd', '[object+Object]', '%5B%5D', '+'],
  ...[enc('\u202e\u0000'), enc('é'.repeat(600)), 'x'.repeat(9000), '2026-99-99', ','.repeat(2000)],
];

const NEVER_TEXT = new Set(['%00', 'a%00b', '%ed%a0%80', '%c0%ae%c0%ae', '%ff']);

/** Junk in each parameter; each value with each parameter would be the same a thousand times. */
function parameters(): RequestAttack[] {
  return PARAMETERS.flatMap((name, row) =>
    VALUES.filter((value, column) => NEVER_TEXT.has(value) || (row + column) % 3 === 0).map(
      (value) =>
        get('values of parameters', `/frames/?${name}=${value}`, {
          ...(NEVER_TEXT.has(value) ? { statuses: [400] } : {}),
        }),
    ),
  );
}

function names(): RequestAttack[] {
  const refused = [
    ...['limit[]=1', 'limit[a]=1', 'offset[$gt]=', 'sort[]=id', 'OBJECT[]=x', 'OBJECT[a][b]=x'],
    ...['night[]=2026-03-01', 'EXPTIME[gte]=1', '__proto__=1', '__proto__[a]=1', 'a[__proto__]=1'],
    ...['constructor=1', 'constructor[prototype][a]=1', 'prototype[a]=1', '%00=1', 'a%00=1'],
    ...['%ff=1', 'FILTER~=x', 'OBJECT__like=x', 'limit=NaN', 'limit=1e3', 'offset=1.5', 'limit=[]'],
    ...['sort=password_hash', 'sort=id;--', 'order=sideways', 'RA=1e999&DEC=0'],
    ...['RA=NaN&DEC=0', 'RA=10&DEC=91', 'EXPTIME=Infinity', 'RLEVEL=99999999999', 'night=now'],
    ...['start=%00', 'cursor=%00', 'format[]=json', 'header.=x'],
  ];
  const taken = [
    ...['=', '&', '&&&===', '=x', 'a', '?', '#', 'a[]=', 'a[b][c][d]=', `${'a=1&'.repeat(900)}b=1`],
    ...['limit=1&limit=2', 'limit=99999999999999999999', 'offset=99999999999999999999'],
    ...['OBJECT=%25', 'OBJECT=_', 'OBJECT=%5C', 'basename=%25%25', 'search=%22%27%60'],
    ...['limit=1&offset=-1', 'limit=-5', `OBJECT=${'%F0%9F%94%AD'.repeat(300)}`],
  ];
  return [
    ...refused.map((query) => get('names of parameters', `/frames/?${query}`, { statuses: [400] })),
    ...taken.map((query) => get('names of parameters', `/frames/?${query}`)),
    get('names of parameters', `/frames/?${'a=1&'.repeat(1200)}`, { statuses: [400] }),
  ];
}

const IDS = [
  ...['0', '-1', '1.5', '1e3', '0x1', 'NaN', '99999999999999999999', '9007199254740993', '%00'],
  ...[
    '1%00',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e',
    '1;drop',
    "1'",
    '%ff',
    '%',
    '__proto__',
    '%EF%BC%91',
  ],
  ...['constructor', '1%0d%0aX:1', 'null', '[1]', '1,2', '+1', ' 1'.replace(' ', '%20')],
];
const ROUTES = [
  '',
  'download/',
  'headers/',
  'preview/',
  'related/',
  'calibrations/',
  'catalog/',
].concat(['funpack/', 'cutout/', 'verify/', 'versions/', 'notes/']);

/** Ids that are none, and ways out, in every address that has an id. */
function paths(): RequestAttack[] {
  const climbs = [
    '/static/../../package.json',
    '/static/..%2f..%2fpackage.json',
    '/static/%2e%2e/x',
  ];
  const hidden = [
    '/.env',
    '/.git/config',
    '/platevault.sqlite',
    '/secret.key',
    '/data/',
    '/archive/',
  ];
  const odd = [
    '//evil.example/',
    '/\\evil.example/',
    '/frames//1',
    '/%2f%2fevil.example/',
    '/%c0%ae/',
  ];
  const more = [
    '/frames/%',
    '/static/%00',
    '/static/js/',
    '/views/frame.ejs',
    '/src/app.ts',
    '/dist/',
  ];
  return [
    ...ROUTES.flatMap((route, row) =>
      IDS.filter((_, column) => (row + column) % 3 === 0).map((id) =>
        get('ids in addresses', `/frames/${id}/${route}`, { statuses: [200, 400, 404] }),
      ),
    ),
    ...[...climbs, ...hidden, ...more].map((target) =>
      get('ways out', target, { statuses: [301, 400, 401, 403, 404] }),
    ),
    ...odd.map((target) => get('ways out', target)),
    get('ways out', `/${'a/'.repeat(5000)}`),
    get('ways out', `/${'%2e%2e/'.repeat(2000)}etc/passwd`),
  ];
}

function methods(): RequestAttack[] {
  const targets = [
    '/frames/',
    '/frames/1/',
    '/frames/zip/',
    '/health/',
    '/',
    '/static/css/base.css',
  ];
  const verbs = ['TRACE', 'PUT', 'PATCH', 'PROPFIND', 'SEARCH', 'PURGE', 'MKCOL', 'LOCK'];
  const override = { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE' };
  return [
    ...verbs.flatMap((method, row) =>
      targets
        .filter((_, column) => (row + column) % 2 === 0)
        .map((target) =>
          get('methods', target, { method, headers: { 'X-Secret': 'echo' }, statuses: [404, 405] }),
        ),
    ),
    get('methods', '/frames/1/', { method: 'POST', headers: override }),
    get('methods', '/frames/1/?_method=DELETE', { method: 'POST' }),
    get('methods', '/frames/1/delete/?_method=DELETE', { headers: override }),
  ];
}

const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** Bodies for the zip and for tokens: too deep, too long, of the wrong kind. */
function bodies(): RequestAttack[] {
  const deep = (open: string, shut: string): string =>
    `{"frame_ids":${open.repeat(100_000)}${shut.repeat(100_000)}}`;
  const refused = [
    ...[deep('[', ']'), deep('{"a":', '}'), '{"frame_ids":', '{"frame_ids":[NaN]}', 'null', '1'],
    ...['"x"', '[]', '{}', '{"frame_ids":{}}', '{"frame_ids":[[1]]}', '{"frame_ids":[1e999]}'],
    ...[
      '{"frame_ids":[-1]}',
      '{"frame_ids":[1.5]}',
      '{"frame_ids":["1;2"]}',
      '{"frame_ids":[null]}',
    ],
    ...['{"frame_ids":"1-99999999"}', '{"__proto__":{"frame_ids":[1]}}', '{"frame_ids":[true]}'],
    ...[
      '{"frame_ids":["\\ud800"]}',
      '{"frame_ids":["1\\u0000"]}',
      '{"frame_ids":[99999999999999999]}',
    ],
    ...[`{"frame_ids":"${'1-99999,'.repeat(100_000)}1"}`, `{"a":"${'x'.repeat(9e6)}"}`],
    ...['{"frame_ids":[1],"format":["zip"]}', '{"frame_ids":[1],"uncompress":{"a":1}}'],
    ...['{"frame_ids":[1],"format":"constructor"}', '{"constructor":{"prototype":{"x":1}}}'],
  ];
  const zip = (
    name: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    more: More = {},
  ) =>
    get('bodies of zips', '/frames/zip/', {
      ...{ method: 'POST', headers, body, statuses: [400, 404, 413], name },
      ...more,
    });
  const ids = Array.from({ length: 100_000 }, (_, index) => `frame_ids%5B%5D=${index}`).join('&');
  return [
    ...refused.map((body) => zip(body.slice(0, 60), body, json)),
    zip('many fields', ids, form),
    zip('more fields', `${'a=1&'.repeat(300_000)}frame_ids=1`, form),
    zip('nested fields', 'frame_ids[a][b]=1&__proto__[x]=1&frame_ids[__proto__]=1', form),
    zip('bad bytes', 'frame_ids=%ff%00', form),
    zip('another kind', '<frame_ids>1</frame_ids>', { 'Content-Type': 'text/xml' }),
    zip(
      'a compressed bomb',
      'x',
      { ...json, 'Content-Encoding': 'gzip' },
      { statuses: [400, 415] },
    ),
    zip(
      'an unknown charset',
      '{}',
      { 'Content-Type': 'application/json; charset=x' },
      { statuses: [400, 415] },
    ),
    ...[
      '[]',
      '{"username":{"$ne":1}}',
      '{"username":["a"],"password":["b"]}',
      '{"username":"\\u0000"}',
    ].map((body) =>
      get('bodies for tokens', '/api-token-auth/', {
        ...{ method: 'POST', headers: json, body, statuses: [400, 429] },
      }),
    ),
  ];
}

/** Headers that lie about who asks, from where and for what. */
function headers(): RequestAttack[] {
  const list: readonly (readonly [string, string])[] = [
    ...[
      'evil.example',
      'a"b',
      'a b',
      '',
      'evil.example:99999',
      'x'.repeat(5000),
      '[::1',
      '@evil',
    ].map((host) => ['Host', host] as const),
    ...['evil.example', 'a<script>'].map((host) => ['X-Forwarded-Host', host] as const),
    ['X-Forwarded-Proto', 'javascript'],
    ['X-Forwarded-For', "' or 1=1 --"],
    ['X-Forwarded-For', '1'.repeat(5000)],
    ['X-Original-URL', '/admin/users/'],
    ['X-Rewrite-URL', '/admin/users/'],
    ['Range', 'bytes=0-99999999999999999999'],
    ['Range', `bytes=${'0-1,'.repeat(2000)}0-1`],
    ['Range', 'bytes=--'],
    ['If-None-Match', '"'.repeat(5000)],
    ['If-Modified-Since', '9'.repeat(5000)],
    ['Accept', 'text/html;q=NaN,'.repeat(500)],
    ['Accept', '%00'],
    ['Accept-Encoding', 'gzip;q=1e999'],
    ['Cookie', Array.from({ length: 1000 }, (_, i) => `c${i}=${i}`).join('; ')],
    ['Cookie', 'platevault_session=s%3Aabc.def; csrftoken=%00; =; ;;;'],
    ['Cookie', 'platevault_session=j%3A%7B%22__proto__%22%3A1%7D; __proto__=1'],
    ['Origin', 'null'],
    ['Origin', 'https://evil.example'],
    ['Expect', '100-continue'],
    ['Upgrade', 'h2c'],
    ['Content-Length', '0'],
    ...[
      'Token',
      'Token  ',
      'Token a b',
      'Bearer \u00ff',
      `Token ${'x'.repeat(8000)}`,
      'Basic YTpi',
    ].map((value) => ['Authorization', value] as const),
    ['Authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'],
    ['Authorization', "Token ' or '1'='1"],
  ];
  return list.flatMap(([name, value]) =>
    ['/frames/?limit=1', '/frames/1/'].map((target) => ({
      ...get('headers', target, { headers: { [name]: value } }),
      name: `${name}: ${value.slice(0, 60)} for ${target}`,
    })),
  );
}

/** Where a browser must not be led. */
function redirects(): RequestAttack[] {
  const targets = [
    ...[
      '//evil.example',
      'https://evil.example/',
      '/\\evil.example',
      '/%09/evil.example',
      '\\\\evil',
    ],
    ...['javascript:alert(1)', '/%5cevil.example', 'data:text/html,x', '%0d%0aLocation:%20//evil'],
    ...['///evil.example', '/.//evil.example', '@evil.example'],
  ];
  return targets.flatMap((next) => [
    get('redirects', `/accounts/login/?next=${next}`, { headers: { Accept: 'text/html' } }),
    get('redirects', `/accounts/logout/?next=${next}`, { headers: { Accept: 'text/html' } }),
  ]);
}

/** Pages that show what they are asked for. */
function pages(): RequestAttack[] {
  const poison = '%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E';
  const targets = [
    ...[`/frames/?OBJECT=${poison}`, `/frames/?${poison}=1`, `/frames/?night=${poison}`],
    ...[
      `/frames/${poison}/`,
      `/${poison}`,
      `/accounts/login/?next=/${poison}`,
      `/search/?q=${poison}`,
    ],
    ...[`/frames/?sort=${poison}`, `/docs/api/?x=${poison}`, `/frames/?cursor=${poison}`],
  ];
  return targets.map((target) => get('pages', target, { headers: { Accept: 'text/html' } }));
}

/** Every hostile request that an HTTP client can send. */
export function requestAttacks(): RequestAttack[] {
  return [
    ...[...parameters(), ...names(), ...paths(), ...methods(), ...bodies(), ...headers()],
    ...[...redirects(), ...pages()],
  ];
}
