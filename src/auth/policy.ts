import type { Role, Scope, Viewer } from '../catalog/index.js';

export type Action =
  'read' | 'read-notes' | 'upload' | 'correct' | 'delete' | 'purge' | 'administer' | 'own-account';

const NEEDED_ROLE: Readonly<Record<Action, Role>> = {
  read: 'user',
  'read-notes': 'user',
  upload: 'writer',
  correct: 'writer',
  delete: 'writer',
  purge: 'admin',
  administer: 'admin',
  'own-account': 'user',
};

const NEEDED_SCOPES: Readonly<Record<Action, readonly Scope[]>> = {
  read: ['read', 'upload', 'admin'],
  // Not for visitors: what colleagues tell each other is not published with the frame.
  'read-notes': ['read', 'upload', 'admin'],
  upload: ['upload', 'admin'],
  correct: ['admin'],
  delete: ['admin'],
  purge: ['admin'],
  administer: ['admin'],
  'own-account': ['admin'],
};

const RANK: Readonly<Record<Role, number>> = { anonymous: 0, user: 1, writer: 2, admin: 3 };

/** Whether the role of the viewer, and the scope of the token in use, allow `action`. */
export function may(viewer: Viewer, action: Action): boolean {
  if (action === 'read' && viewer.role === 'anonymous') return viewer.seesPublic;
  return (
    RANK[viewer.role] >= RANK[NEEDED_ROLE[action]] && NEEDED_SCOPES[action].includes(viewer.scope)
  );
}
