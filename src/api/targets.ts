import type { Request, RequestHandler } from 'express';
import {
  findObjectPlaces,
  findSharpest,
  listObjectParts,
  listObjects,
  parseConditions,
  type Condition,
  type ObjectPart,
  type ObjectPlace,
  type ObjectSum,
  type SharpFrame,
  type Viewer,
} from '../catalog/index.js';
import {
  parameter,
  queryParameters,
  requireAction,
  requireKnownFormat,
  rootUrl,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { groupBy } from '../lib/groups.js';
import {
  doubtfulNames,
  findTarget,
  mergeObjects,
  spellingKey,
  targetKey,
  targetsNear,
  type MergedObject,
} from '../targets/index.js';
import { readPage } from './bodies.js';
import { toCatalogueShape, toTargetShape, type TargetSummary } from './target-shapes.js';

/** Names by which a list of targets can be sorted, and what each compares. */
const SORTS = {
  name: (a: TargetSummary, b: TargetSummary) => byName(a, b),
  frames: (a: TargetSummary, b: TargetSummary) => a.frames - b.frames,
  hours: (a: TargetSummary, b: TargetSummary) => a.exposureSec - b.exposureSec,
  first_night: (a: TargetSummary, b: TargetSummary) => byText(a.firstNight, b.firstNight),
  last_night: (a: TargetSummary, b: TargetSummary) => byText(a.lastNight, b.lastNight),
} as const;

/** What `sort` of a list of targets can be. */
export const TARGET_SORTS = Object.keys(SORTS) as readonly (keyof typeof SORTS)[];

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Around a place that was asked for. */
const NEAR_DEG = 1;
const MAX_NEAR = 20;

/** Objects of frames: the list, one of them, and what a name means. */
export function createTargetHandlers(services: Services): {
  list: RequestHandler;
  show: RequestHandler;
  resolve: RequestHandler;
} {
  const list: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const { limit, offset } = readPage(req);
    const conditions = conditionsOf(req);
    const compare = orderOf(req);
    const words = parameter(queryParameters(req), 'q');
    const all = await summarize(services, conditions, viewer);
    const wanted = words === '' ? all : all.filter((each) => isNamed(each, words));
    const page = wanted.sort(compare).slice(offset, offset + limit);
    const results = await describe(services, req, { page, conditions }, viewer);
    res.json({ count: wanted.length, results: results.map(({ shape }) => shape) });
  };

  const show: RequestHandler = async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req);
    const name = String(req.params.name);
    const conditions = conditionsOf(req);
    const found =
      pick(await summarize(services, conditions, viewer), name) ??
      withoutFrames(pick(await summarize(services, [], viewer), name));
    if (found === undefined) throw new AppError('not_found', 'No frame shows this object.');
    const [told] = await describe(services, req, { page: [found], conditions }, viewer);
    res.json({ ...told?.shape, nights: told?.nights });
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

function orderOf(req: Request): (a: TargetSummary, b: TargetSummary) => number {
  const parameters = queryParameters(req);
  const sort = parameter(parameters, 'sort') || 'last_night';
  const order = parameter(parameters, 'order') || (sort === 'name' ? 'asc' : 'desc');
  const compare = Object.hasOwn(SORTS, sort) ? SORTS[sort as keyof typeof SORTS] : undefined;
  const refuse = (name: string, words: string): AppError =>
    new AppError('bad_request', `Invalid value for ${name}: expected ${words}.`, {
      parameter: name,
    });
  if (compare === undefined) throw refuse('sort', TARGET_SORTS.join(', '));
  if (order !== 'asc' && order !== 'desc') throw refuse('order', 'asc or desc');
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * compare(a, b) || byName(a, b);
}

function byName(a: TargetSummary, b: TargetSummary): number {
  return collator.compare(a.merged.name, b.merged.name);
}

/** Without a night first. */
function byText(a: string | null, b: string | null): number {
  const [first, second] = [a ?? '', b ?? ''];
  return first < second ? -1 : Number(first > second);
}

/** Every object of the frames of the sky that match, with its sums. */
async function summarize(
  { catalog }: Services,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<TargetSummary[]> {
  const sums = await listObjects(catalog, conditions, viewer);
  const doubtful = new Set(doubtfulNames(sums));
  const asked = sums.filter(({ object }) => doubtful.has(object));
  const ids = [...new Set(asked.map(({ objectId }) => objectId))];
  const places = await findObjectPlaces(catalog, ids, viewer);
  const byObject = new Map(asked.map((each) => [each.object, places.get(each.objectId)]));
  return mergeObjects(sums, (object) => byObject.get(object)).map(toSummary);
}

/**
 * The exposure is that of one reduction level, the one with most of it: a raw frame and what was made
 * of it are the same light.
 */
function toSummary(merged: MergedObject<ObjectSum>): TargetSummary {
  const levels = new Map<number, number>();
  let frames = 0;
  const nights: string[] = [];
  for (const each of merged.members) {
    const { reductionLevel, exposureSec } = each;
    levels.set(reductionLevel, (levels.get(reductionLevel) ?? 0) + exposureSec);
    frames += each.frames;
    nights.push(...[each.firstNight ?? [], each.lastNight ?? []].flat());
  }
  const [most] = [...levels].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  nights.sort();
  return {
    merged,
    frames,
    reductionLevel: most?.[0] ?? 0,
    exposureSec: most?.[1] ?? 0,
    firstNight: nights[0] ?? null,
    lastNight: nights.at(-1) ?? null,
  };
}

/** True if a name of the object has the words in it, or is spelled like them. */
function isNamed({ merged }: TargetSummary, words: string): boolean {
  const plain = words.toLowerCase();
  const key = spellingKey(words);
  const names = [merged.name, ...merged.names, ...(merged.target?.aliases ?? [])];
  if (targetKey(words) === targetKey(merged.name)) return true;
  return names.some(
    (name) =>
      name.toLowerCase().includes(plain) || (key !== '' && spellingKey(name).startsWith(key)),
  );
}

/** The object of a name: by its spelling to the letter, else by what it means. */
function pick(all: readonly TargetSummary[], name: string): TargetSummary | undefined {
  const key = targetKey(name);
  return (
    all.find(({ merged }) => merged.names.includes(name)) ??
    all.find(({ merged }) => merged.name === name) ??
    all.find(({ merged }) => key !== '' && targetKey(merged.name) === key)
  );
}

/** An object of which no frame matches: it is there all the same. */
function withoutFrames(summary: TargetSummary | undefined): TargetSummary | undefined {
  if (summary === undefined) return undefined;
  return { ...summary, frames: 0, exposureSec: 0, firstNight: null, lastNight: null };
}

/** Objects of a page in all that is told of them. */
async function describe(
  services: Services,
  req: Request,
  asked: { readonly page: readonly TargetSummary[]; readonly conditions: readonly Condition[] },
  viewer: Viewer,
): Promise<ReturnType<typeof toTargetShape>[]> {
  const { catalog } = services;
  const ids = asked.page.flatMap(idsOf);
  const [parts, places, sharp] = await Promise.all([
    listObjectParts(catalog, ids, asked.conditions, viewer),
    findObjectPlaces(catalog, ids, viewer),
    findSharpest(catalog, ids, asked.conditions, viewer),
  ]);
  const root = rootUrl(services, req);
  const partsOf = groupBy(parts, ({ objectId }) => objectId);
  return asked.page.map((summary) => {
    const own = idsOf(summary);
    const ofTarget: ObjectPart[] = own.flatMap((id) => partsOf.get(id) ?? []);
    const place: ObjectPlace | undefined = own.flatMap((id) => places.get(id) ?? [])[0];
    const best: SharpFrame | undefined = sharp
      .filter(({ objectId }) => own.includes(objectId))
      .sort((a, b) => a.fwhmArcsec - b.fwhmArcsec)[0];
    return toTargetShape(summary, { parts: ofTarget, place, best }, root);
  });
}

function idsOf({ merged }: TargetSummary): number[] {
  return [...new Set(merged.members.map(({ objectId }) => objectId))];
}
