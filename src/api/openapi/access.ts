import { may, type Action } from '../../auth/index.js';
import { ROLES, SCOPES, type Role, type Scope } from '../../catalog/index.js';
import type { Config } from '../../config/index.js';
import { CSRF_FIELD, SESSION_COOKIE } from '../../http/index.js';
import type { Access, Verb } from '../../openapi/index.js';

/** Who may: anyone, those who may do an action, or `download`: readers and signed addresses. */
export type Who = 'anyone' | 'download' | Action;

/** The ways to say who one is. */
export const SECURITY_SCHEMES = {
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'Authorization: Token <token>',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer <token>' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'a browser in which somebody has signed in',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: 'X-CSRFToken',
    description: `the value of the cookie csrftoken, beside a session; or the field ${CSRF_FIELD} of the form`,
  },
  signature: {
    type: 'apiKey',
    in: 'query',
    name: 'sig',
    description: 'with exp, as in the url of a frame: an address that works until it expires',
  },
} as const;

/** What is needed for an operation, as the policy has it. */
export function accessOf(who: Who, verb: Verb, { ANONYMOUS }: Config): Access {
  if (who === 'anyone') return { sentence: 'Anyone.', security: [] };
  const action = who === 'download' ? 'read' : who;
  const roles = ROLES.filter((role) => mayAs(role, 'admin', action));
  const scopes = SCOPES.filter((scope) => mayAs('admin', scope, action));
  const isPublic = action === 'read' && ANONYMOUS === 'public';
  const sentences = [
    `Users with the role ${inWords(roles)}; with a token, of the scope ${inWords(scopes)}.`,
    ...(who === 'download' ? ['Anyone with a signed address.'] : []),
    ...(isPublic ? ['Anyone for frames that are public.'] : []),
  ];
  return {
    sentence: sentences.join(' '),
    security: [
      ['token'],
      ['bearer'],
      verb === 'get' ? ['session'] : ['session', 'csrf'],
      ...(who === 'download' ? [['signature']] : []),
      ...(isPublic ? [[]] : []),
    ],
  };
}

function mayAs(role: Role, scope: Scope, action: Action): boolean {
  const sees = { seesPublic: false, seesAll: true, proposals: [] };
  return may({ userId: 1, username: '', address: '', role, scope, ...sees }, action);
}

function inWords(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
