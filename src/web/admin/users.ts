import type { Request, RequestHandler, Response } from 'express';
import { hashPassword, makePassword, USER_NAME } from '../../auth/index.js';
import {
  endSessions,
  findUserById,
  insertUser,
  listUsers,
  parseSight,
  ROLES,
  updateUser,
  type SEES,
  type User,
  type Viewer,
} from '../../catalog/index.js';
import { bodyText, parseId, requireAction, requireCsrf, sentText } from '../../http/index.js';
import { AppError, hasCode } from '../../lib/errors.js';
import { goTo, sendPage, type Web } from '../page.js';
import { formatDateTime } from '../render.js';

/** What an account sees, as the forms say it. */
const SIGHTS: Readonly<Record<(typeof SEES)[number], string>> = {
  all: 'every frame',
  proposals: 'public, its proposals, own uploads',
};

const GIVEN_ROLES = ROLES.filter((role) => role !== 'anonymous');

/** `GET /admin/users/` */
export function showUsers(web: Web): RequestHandler {
  return async (req, res) => {
    requireAction(res, 'administer');
    await sendUsers(web, req, res, {});
  };
}

/** `POST /admin/users/`: makes an account with a password that is shown this once. */
export function addUser(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'administer');
    requireCsrf(services, req, res);
    const username = bodyText(req, 'username').trim();
    const role = GIVEN_ROLES.find((each) => each === bodyText(req, 'role'));
    if (!USER_NAME.test(username) || role === undefined) {
      await sendUsers(web, req, res, { problem: 'A name has letters, digits and . _ - + @ only.' });
      return;
    }
    const password = makePassword();
    try {
      const sight = parseSight(askedSight(req));
      await insertUser(
        services.catalog,
        {
          username,
          passwordHash: await hashPassword(password, username),
          role,
          sight,
        },
        viewer,
      );
    } catch (error) {
      if (!hasCode(error, 'bad_request')) throw error;
      await sendUsers(web, req, res, { problem: (error as AppError).message });
      return;
    }
    await sendUsers(web, req, res, { newName: username, newPassword: password });
  };
}

/** `POST /admin/users/<id>/disable/` with `disabled=1` or `0`. One cannot shut oneself out. */
export function disableUser(web: Web): RequestHandler {
  return async (req, res) => {
    const { viewer, user } = await requireOther(web, req, res);
    const disabled = bodyText(req, 'disabled') === '1';
    await updateUser(web.services.catalog, user.id, { disabled }, viewer);
    goTo(web, req, res, `${web.base}/admin/users/`);
  };
}

/** `POST /admin/users/<id>/role/` with `role`. One cannot take one's own rights away. */
export function changeRole(web: Web): RequestHandler {
  return async (req, res) => {
    const { viewer, user } = await requireOther(web, req, res);
    const role = GIVEN_ROLES.find((each) => each === bodyText(req, 'role'));
    if (role === undefined) throw new AppError('bad_request', 'Choose a role.');
    if (role !== user.role) await updateUser(web.services.catalog, user.id, { role }, viewer);
    goTo(web, req, res, `${web.base}/admin/users/`);
  };
}

/** `POST /admin/users/<id>/sees/` with `sees` and `proposals`. */
export function changeSight(web: Web): RequestHandler {
  return async (req, res) => {
    const { viewer, user } = await requireOther(web, req, res);
    const sight = parseSight(askedSight(req), user);
    await updateUser(web.services.catalog, user.id, { sight }, viewer);
    goTo(web, req, res, `${web.base}/admin/users/`);
  };
}

/** A form that leaves a field out says nothing about it. */
function askedSight(req: Request): Parameters<typeof parseSight>[0] {
  return { sees: sentText(req, 'sees') || undefined, proposals: sentText(req, 'proposals') };
}

/** `POST /admin/users/<id>/logout/`: ends all sessions of somebody. */
export function logOutUser(web: Web): RequestHandler {
  return async (req, res) => {
    const { viewer, user } = await requireOther(web, req, res);
    await endSessions(web.services.catalog, user.id, viewer);
    goTo(web, req, res, `${web.base}/admin/users/`);
  };
}

/** The account in the path, which is that of somebody else. @throws 'not_found', 'bad_request' */
async function requireOther(
  { services }: Web,
  req: Request,
  res: Response,
): Promise<{ viewer: Viewer; user: User }> {
  const viewer = requireAction(res, 'administer');
  requireCsrf(services, req, res);
  const user = await findUserById(services.catalog, parseId(req.params.id));
  if (user === undefined) throw new AppError('not_found', 'Not found.');
  if (user.id === viewer.userId) {
    throw new AppError(
      'bad_request',
      'Your own account is changed on its page, or by another admin.',
    );
  }
  return { viewer, user };
}

interface UserNotes {
  readonly problem?: string;
  readonly newName?: string;
  readonly newPassword?: string;
}

async function sendUsers(web: Web, req: Request, res: Response, notes: UserNotes): Promise<void> {
  const { userId } = requireAction(res, 'administer');
  const users = await listUsers(web.services.catalog);
  await sendPage(
    web,
    req,
    res,
    'users',
    { title: 'Users', place: 'users' },
    {
      problem: notes.problem ?? '',
      newName: notes.newName ?? '',
      newPassword: notes.newPassword ?? '',
      roles: GIVEN_ROLES,
      sights: SIGHTS,
      users: users.map((user) => ({
        id: user.id,
        name: user.username,
        role: user.role,
        sees: user.role === 'admin' || user.seesAll ? 'all' : 'proposals',
        proposals: user.proposals.join(', '),
        isDisabled: user.disabled,
        isSelf: user.id === userId,
        created: formatDateTime(user.createdMs),
      })),
    },
  );
}
