import type { Request, RequestHandler } from 'express';
import { parseConditions, type Condition } from '../catalog/index.js';
import {
  parameter,
  queryParameters,
  requireAction,
  requireKnownFormat,
  rootUrl,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import {
  createObjects,
  isNamed,
  OBJECT_SORTS,
  objectOrder,
  type ObjectSummary,
} from '../objects/index.js';
import { findTarget, nameOfSegment, targetsNear } from '../targets/index.js';
import { readPage } from './bodies.js';
import { toCatalogueShape, toTargetShape } from './target-shapes.js';

/** Around a place that was asked for. */
const NEAR_DEG = 1;
const MAX_NEAR = 20;

/** Objects of frames: the list, one of them, and what a name means. */
export function createTargetHandlers(services: Services): {
  list: RequestHandler;
  show: RequestHandler;
  resolve: RequestHandler;
} {
  const objects = createObjects(services);

  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const { limit, offset } = readPage(req);
    const conditions = conditionsOf(req);
    const compare = orderOf(req);
    const words = parameter(queryParameters(req), 'q');
    const all = await objects.list(conditions, viewer);
    const wanted = words === '' ? [...all] : all.filter((each) => isNamed(each, words));
    const page = wanted.sort(compare).slice(offset, offset + limit);
    const reports = await objects.describe(page, conditions, viewer);
    const root = rootUrl(services, req);
    const results = reports.map((report) => toTargetShape(report, root).shape);
    res.json({ count: wanted.length, results });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const name = nameOfSegment(String(req.params.name));
    const conditions = conditionsOf(req);
    const found = await objects.find(name, conditions, viewer);
    const [report] = await objects.describe(found === undefined ? [] : [found], conditions, viewer);
    if (report === undefined) throw new AppError('not_found', 'No frame shows this object.');
    const { shape, nights } = toTargetShape(report, rootUrl(services, req));
    res.json({ ...shape, nights });
  };

  const resolve: RequestHandler = (req, res) => {
    requireAction(res, 'read');
    const name = parameter(queryParameters(req), 'name');
    if (name === '') {
      const message = 'Say which object: name=M 31.';
      throw new AppError('bad_request', message, { parameter: 'name' });
    }
    const target = findTarget(name);
    if (target === undefined) {
      throw new AppError('not_found', 'The catalogue of names does not know this object.');
    }
    const near = targetsNear(target.raDeg, target.decDeg, NEAR_DEG).filter(
      (each) => each.target.name !== target.name && each.target.type !== 'star',
    );
    const neighbours = near.slice(0, MAX_NEAR).map((each) => ({
      name: each.target.name,
      distance: Math.round(each.distanceDeg * 1e4) / 1e4,
    }));
    res.json({ ...toCatalogueShape(target), near: neighbours });
  };

  return { list, show, resolve };
}

/** Of `q` only names are meant here: as a filter of frames it would be about nights and files too. */
function conditionsOf(req: Request): Condition[] {
  const parameters = new Map(queryParameters(req));
  parameters.delete('q');
  return parseConditions(parameters);
}

function orderOf(req: Request): (a: ObjectSummary, b: ObjectSummary) => number {
  const parameters = queryParameters(req);
  const sort = parameter(parameters, 'sort') || 'last_night';
  const order = parameter(parameters, 'order') || (sort === 'name' ? 'asc' : 'desc');
  const known = OBJECT_SORTS.find((each) => each === sort);
  const refuse = (name: string, words: string): AppError =>
    new AppError('bad_request', `Invalid value for ${name}: expected ${words}.`, {
      parameter: name,
    });
  if (known === undefined) throw refuse('sort', OBJECT_SORTS.join(', '));
  if (order !== 'asc' && order !== 'desc') throw refuse('order', 'asc or desc');
  return objectOrder(known, order);
}
