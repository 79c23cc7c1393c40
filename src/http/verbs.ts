import type { Request, RequestHandler } from 'express';
import { AppError } from '../lib/errors.js';

/**
 * Answers what nobody has answered at an address: OPTIONS with the verbs that there are, others with
 * 405. A verb that is there was left to whoever comes behind.
 *
 * @param verbs in lower case; HEAD goes with `get`
 */
export function otherVerbs(verbs: readonly string[]): RequestHandler {
  const allowed = verbs.flatMap((verb) =>
    verb === 'get' ? ['GET', 'HEAD'] : [verb.toUpperCase()],
  );
  return (req, res, next) => {
    if (allowed.includes(req.method)) {
      next();
      return;
    }
    if (req.method !== 'OPTIONS') throw notAllowed(req, [...allowed, 'OPTIONS']);
    res
      .set('Allow', [...allowed, 'OPTIONS'].join(', '))
      .status(200)
      .json({ allow: allowed });
  };
}

/** 405, in the words of the reference archives. */
export function notAllowed(req: Request, allow: readonly string[]): AppError {
  return new AppError('method_not_allowed', `Method "${req.method}" not allowed.`, { allow });
}
