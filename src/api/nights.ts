import type { RequestHandler } from 'express';
import { may } from '../auth/index.js';
import { parseConditions, requireDate, requireFlag, type Viewer } from '../catalog/index.js';
import {
  parameter,
  queryParameters,
  requireAction,
  requireKnownFormat,
  rootUrl,
  type Services,
} from '../http/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { NightOptions } from '../nights/index.js';
import { readPage } from './bodies.js';
import { MAX_DETAILED, toDetailsShape, toNightShape, toSummaryShape } from './night-shapes.js';

/** Nights: the list, and one of them with all that is to be told of it. */
export function createNightHandlers(services: Services): {
  list: RequestHandler;
  show: RequestHandler;
} {
  const { nights } = services;

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const conditions = parseConditions(queryParameters(req));
    const { limit, offset } = readPage(req);
    const isDetailed = requireFlag(
      'details',
      parameter(queryParameters(req), 'details') || 'false',
    );
    if (isDetailed && limit > MAX_DETAILED) {
      const message = `Ask for details of at most ${MAX_DETAILED} nights at a time.`;
      throw new AppError('bad_request', message, { parameter: 'limit' });
    }
    const page = await nights.list({ conditions, limit, offset }, viewer);
    const root = rootUrl(services, req);
    const names = page.nights.map(({ night }) => night);
    const details = isDetailed
      ? await nights.describe({ nights: names, conditions, ...sightOf(viewer) }, viewer)
      : [];
    const results = page.nights.map((each, at) => {
      const told = details[at];
      const more = told === undefined ? {} : toDetailsShape(told);
      return { ...toSummaryShape(each, root), ...more };
    });
    res.json({ count: page.total, results });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const night = nightOf(String(req.params.night));
    const [report, around] = await Promise.all([
      nights.find(night, sightOf(viewer), viewer),
      nights.around(night, viewer),
    ]);
    if (report === undefined) throw new AppError('not_found', 'There are no frames of this night.');
    res.json(toNightShape(report, around, rootUrl(services, req)));
  };

  return { list, show };
}

/** What beside frames someone may see of a night. */
function sightOf(viewer: Viewer): Pick<NightOptions, 'seesRefused' | 'seesNotes'> {
  return { seesRefused: may(viewer, 'upload'), seesNotes: may(viewer, 'read-notes') };
}

/** @throws 'not_found' for what is no date: there is nothing at such an address */
function nightOf(text: string): string {
  try {
    return requireDate('night', text);
  } catch (error) {
    if (!hasCode(error, 'bad_request')) throw error;
    throw new AppError('not_found', 'Not found. A night is called by its date: 2026-03-01.');
  }
}
