import type { RequestHandler } from 'express';
import { deleteToken, listTokens } from '../../catalog/index.js';
import { parseId, requireAction, requireCsrf } from '../../http/index.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatDateTime } from '../render.js';

/** `GET /admin/tokens/`: the tokens of everybody, those that were used last first. */
export function showTokens(web: Web): RequestHandler {
  return async (req, res) => {
    requireAction(res, 'administer');
    const tokens = await listTokens(web.services.catalog);
    const nowMs = Date.now();
    const sorted = [...tokens].sort((a, b) => (b.usedMs ?? 0) - (a.usedMs ?? 0) || b.id - a.id);
    await sendPage(
      web,
      req,
      res,
      'tokens',
      { title: 'Tokens', place: 'users' },
      {
        summary: countOf(tokens.length, 'token'),
        tokens: sorted.map((token) => ({
          id: token.id,
          owner: token.username,
          name: token.name,
          hint: token.hint,
          scope: token.scope,
          created: formatDateTime(token.createdMs),
          used: token.usedMs === null ? 'never' : formatDateTime(token.usedMs),
          expires: token.expiresMs === null ? 'never' : formatDateTime(token.expiresMs),
          isExpired: token.expiresMs !== null && token.expiresMs <= nowMs,
        })),
      },
    );
  };
}

/** `POST /admin/tokens/<id>/revoke/`: whatever used it is shut out from now on. */
export function revokeAnyToken(web: Web): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'administer');
    requireCsrf(web.services, req, res);
    await deleteToken(web.services.catalog, parseId(req.params.id), viewer);
    goTo(web, req, res, `${web.base}/admin/tokens/`);
  };
}
