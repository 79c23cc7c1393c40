import { Router, urlencoded, json, type Request, type RequestHandler } from 'express';
import { issueCsrf, rootUrl, type Authentication, type Services } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { createTokenHandler } from './account.js';
import { createUpload } from './create.js';
import { createCalibrationHandler } from './calibrations.js';
import { createFileHandlers } from './files.js';
import { createFrameHandlers } from './frames.js';
import { createListHandlers } from './list.js';
import { createZipHandlers } from './zip.js';

type Handlers = RequestHandler | readonly RequestHandler[];
type Verbs = Readonly<Partial<Record<'get' | 'post' | 'delete', Handlers>>>;

/**
 * The REST API: both dialects at one root. Every address works with and without a slash at its end,
 * for every verb; other verbs are answered 405, OPTIONS with what there is.
 */
export function createApi(services: Services, authentication: Authentication): Router {
  const router = Router();
  const lists = createListHandlers(services);
  const frames = createFrameHandlers(services);
  const files = createFileHandlers(services);
  const zip = createZipHandlers(services, authentication, (ids, viewer) =>
    services.calibrations.findAll(ids, viewer),
  );
  const upload = createUpload(services);
  const forms: RequestHandler[] = [
    urlencoded({ extended: false, limit: '8mb', parameterLimit: 200_000 }),
    json({ limit: '8mb' }),
  ];

  const routes: readonly (readonly [path: string, verbs: Verbs])[] = [
    ['/', { get: createRoot(services) }],
    ['/health/', { get: createHealth(services) }],
    ['/api-token-auth/', { post: [...forms, createTokenHandler(services)] }],
    ['/create/', { post: upload }],
    ['/frames/', { get: lists.list, post: [onlyMultipart, ...upload] }],
    ['/frames/create/', { post: upload }],
    ['/frames/aggregate/', { get: lists.aggregate }],
    ['/frames/zip/', { get: zip.ofQuery, post: [...forms, zip.ofIds] }],
    ['/frames/:id/', { get: frames.show, delete: frames.remove(204) }],
    ['/frames/:id/delete/', { delete: frames.remove(200) }],
    ['/frames/:id/download/', { get: files.download }],
    ['/frames/:id/headers/', { get: frames.headers }],
    ['/frames/:id/related/', { get: frames.related }],
    ['/frames/:id/calibrations/', { get: createCalibrationHandler(services) }],
    ['/frames/:id/preview/', { get: files.preview }],
    ['/frames/:id/catalog/', { get: files.table }],
    ['/frames/:id/funpack/', { get: files.unpack }],
    ['/frame-funpack/:id/funpack/', { get: files.unpack }],
    ['/frames/:id/cutout/', { get: files.cutout }],
    ['/frames/:id/verify/', { get: files.verify }],
  ];

  for (const [path, verbs] of routes) {
    const route = router.route(path);
    for (const [verb, handlers] of Object.entries(verbs) as [
      'get' | 'post' | 'delete',
      Handlers,
    ][]) {
      route[verb](...[handlers].flat());
    }
    route.all(otherVerbs(Object.keys(verbs)));
  }
  router.use(() => {
    throw new AppError('not_found', 'Not found.');
  });
  return router;
}

/** `POST /frames/` with files is an upload; other bodies there belong to a dialect not spoken yet. */
const onlyMultipart: RequestHandler = (req, _res, next) => {
  if (req.is('multipart/form-data') === 'multipart/form-data') next();
  else throw notAllowed(req, ['GET', 'HEAD', 'OPTIONS']);
};

function otherVerbs(verbs: readonly string[]): RequestHandler {
  const allowed = verbs.flatMap((verb) =>
    verb === 'get' ? ['GET', 'HEAD'] : [verb.toUpperCase()],
  );
  return (req, res) => {
    if (req.method !== 'OPTIONS') throw notAllowed(req, [...allowed, 'OPTIONS']);
    res
      .set('Allow', [...allowed, 'OPTIONS'].join(', '))
      .status(200)
      .json({ allow: allowed });
  };
}

function notAllowed(req: Request, allow: readonly string[]): AppError {
  return new AppError('method_not_allowed', `Method "${req.method}" not allowed.`, { allow });
}

/** What a program sees at the root: uploaders of the reference archive fetch their cookie here. */
function createRoot(services: Services): RequestHandler {
  return (req, res) => {
    issueCsrf(services, req, res);
    const root = rootUrl(services, req);
    res.json({
      name: 'Platevault',
      version: services.version,
      frames: `${root}frames/`,
      aggregate: `${root}frames/aggregate/`,
      upload: `${root}frames/create/`,
      health: `${root}health/`,
    });
  };
}

/** For the health check of a container and the eyes of an admin: can frames be read and written? */
function createHealth({ catalog, store, version }: Services): RequestHandler {
  return async (_req, res) => {
    await catalog.read.raw('select 1');
    await store.check();
    res.set('Cache-Control', 'no-store').json({ status: 'ok', version });
  };
}
