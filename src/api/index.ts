import { createHash } from 'node:crypto';
import { Router, type RequestHandler } from 'express';
import {
  issueCsrf,
  notAllowed,
  otherVerbs,
  readBody,
  rootUrl,
  type Authentication,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { VERBS, type ApiDocument, type Verb } from '../openapi/index.js';
import { createProfile, createTokenHandler, createTokenList } from './account.js';
import { createAuditHandler } from './audit.js';
import { createUpload } from './create.js';
import { createCalibrationHandler } from './calibrations.js';
import { createEventsHandler } from './events.js';
import { createFileHandlers } from './files.js';
import { createFrameHandlers } from './frames.js';
import { createKeepingRoutes } from './keeping.js';
import { createListHandlers } from './list.js';
import { createNightHandlers } from './nights.js';
import * as told from './openapi/index.js';
import { createMetricsHandler, createOverviewHandler, createReadyHandler } from './service.js';
import { createReportHandler } from './report.js';
import { createSolutionHandler } from './solution.js';
import { createTargetHandlers } from './targets.js';
import { createZipHandlers } from './zip.js';

type Handlers = RequestHandler | readonly RequestHandler[];
/** An address: by verb what it does, and what is told about it in the OpenAPI document. */
interface Route extends told.ToldRoute {
  readonly verbs: Readonly<Partial<Record<Verb, told.Operation & { readonly run: Handlers }>>>;
}

/** The API, and the OpenAPI document of it as a client reaches it at `root`. */
export interface Api {
  readonly router: Router;
  readonly describe: (root: string) => ApiDocument;
}

/**
 * The REST API: both dialects at one root. Every address works with and without a slash at its end,
 * for every verb; other verbs are answered 405, OPTIONS with what there is.
 */
export function createApi(services: Services, authentication: Authentication): Api {
  // One is enough: a second address is rare, and whoever makes addresses up must not fill the memory.
  let last: { root: string; document: ApiDocument } | undefined;
  const describe = (root: string): ApiDocument => {
    if (last?.root !== root) {
      const { config, version } = services;
      last = { root, document: told.describeApi(routes, { config, version, root }) };
    }
    return last.document;
  };
  const routes = createRoutes(services, authentication, describe);
  const router = Router();
  for (const { path, verbs } of routes) {
    const route = router.route(path);
    const kept = keepingOf(path);
    if (kept !== undefined) route.all(kept);
    const there = VERBS.filter((verb) => verbs[verb] !== undefined);
    for (const verb of there) route[verb](...[verbs[verb]?.run ?? []].flat());
    route.all(otherVerbs(there));
  }
  router.use(() => {
    throw new AppError('not_found', 'Not found.');
  });
  return { router, describe };
}

/**
 * What caches may do with the answers of a route; handlers of files say it more exactly. What may be
 * seen depends on who asks, so no shared cache keeps it; what was removed or refused nobody keeps.
 */
function keepingOf(path: string): RequestHandler | undefined {
  const isHidden = path.startsWith('/trash/') || path.startsWith('/quarantine/');
  if (!isHidden && !path.startsWith('/frames/:id/')) return undefined;
  return (_req, res, next) => {
    res.set('Cache-Control', isHidden ? 'no-store' : 'private, no-cache');
    next();
  };
}

/** The route table: every address, what it does and what is told about it. */
function createRoutes(
  services: Services,
  authentication: Authentication,
  describe: Api['describe'],
): readonly Route[] {
  const lists = createListHandlers(services);
  const frames = createFrameHandlers(services);
  const files = createFileHandlers(services);
  const zip = createZipHandlers(services, authentication, (ids, viewer) =>
    services.calibrations.findAll(ids, viewer),
  );
  const upload = createUpload(services);
  const targets = createTargetHandlers(services);
  const nights = createNightHandlers(services);
  const forms = readBody();

  const document = createDocumentHandler(services, describe);

  return [
    route('/', { get: on(createRoot(services), told.ROOT) }),
    route('/health/', { get: on(createHealth(services), told.HEALTH) }),
    route('/ready/', { get: on(createReadyHandler(services), told.READY) }),
    route('/metrics/', { get: on(createMetricsHandler(services), told.METRICS) }),
    route('/admin/', { get: on(createOverviewHandler(services), told.OVERVIEW) }),
    route('/openapi.json', { get: on(document, told.DOCUMENT) }),
    route('/api-token-auth/', { post: on([...forms, createTokenHandler(services)], told.TOKEN) }),
    route('/tokens/', { get: on(createTokenList(services), told.TOKENS) }),
    route('/profile/', { get: on(createProfile(services), told.PROFILE) }),
    route('/audit/', { get: on(createAuditHandler(services), told.AUDIT) }),
    route('/events/', { get: on(createEventsHandler(services), told.EVENTS) }),
    route('/create/', { post: on(upload, told.UPLOADS.short) }),
    route('/frames/', {
      get: on(lists.list, told.LIST),
      post: on([onlyMultipart, ...upload], told.UPLOADS.ocs),
    }),
    route('/frames/create/', { post: on(upload, told.UPLOADS.pyobs) }),
    route('/frames/aggregate/', { get: on(lists.aggregate, told.AGGREGATE) }),
    route('/frames/zip/', {
      get: on(zip.ofQuery, told.ZIP),
      post: on([...forms, zip.ofIds], told.ZIP_OF_IDS),
    }),
    route('/nights/', { get: on(nights.list, told.NIGHT_LIST) }),
    route('/nights/:night/', { get: on(nights.show, told.NIGHT) }),
    route('/nights/:night/report/', { get: on(createReportHandler(services), told.REPORT) }),
    route('/targets/', { get: on(targets.list, told.TARGET_LIST) }),
    route('/targets/resolve/', { get: on(targets.resolve, told.RESOLVE) }),
    route('/targets/:name/', { get: on(targets.show, told.TARGET) }),
    ...createKeepingRoutes(services),
    route('/frames/:id/', {
      get: on(frames.show, told.SHOW),
      delete: on(frames.remove(204), told.REMOVE),
    }),
    route('/frames/:id/delete/', { delete: on(frames.remove(200), told.REMOVE_OLD) }),
    route('/frames/:id/download/', { get: on(files.download, told.DOWNLOAD) }),
    route('/frames/:id/headers/', { get: on(frames.headers, told.HEADERS) }),
    route('/frames/:id/related/', { get: on(frames.related, told.RELATED) }),
    route('/frames/:id/calibrations/', {
      get: on(createCalibrationHandler(services), told.CALIBRATIONS),
    }),
    route('/frames/:id/solution/', { get: on(createSolutionHandler(services), told.SOLUTION) }),
    route('/frames/:id/preview/', { get: on(files.preview, told.PREVIEW) }),
    route('/frames/:id/catalog/', { get: on(files.table, told.TABLE) }),
    route('/frames/:id/funpack/', { get: on(files.unpack, told.UNPACK) }),
    route('/frame-funpack/:id/funpack/', { get: on(files.unpack, told.UNPACK_OLD) }),
    route('/frames/:id/cutout/', { get: on(files.cutout, told.CUTOUT) }),
    route('/frames/:id/verify/', { get: on(files.verify, told.VERIFY) }),
  ];
}

const route = (path: string, verbs: Route['verbs']): Route => ({ path, verbs });

const on = (
  run: Handlers,
  operation: told.Operation,
): told.Operation & { readonly run: Handlers } => ({ ...operation, run });

/** `POST /frames/` with files is an upload; other bodies there belong to a dialect not spoken yet. */
const onlyMultipart: RequestHandler = (req, _res, next) => {
  if (req.is('multipart/form-data') === 'multipart/form-data') next();
  else throw notAllowed(req, ['GET', 'HEAD', 'OPTIONS']);
};

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
      openapi: `${root}openapi.json`,
    });
  };
}

/**
 * For whoever starts a server again that does not answer: this one does. A disk that is away is no
 * reason to, and `/ready/` tells of it; so nothing is asked here that could wait for one.
 */
function createHealth({ version }: Services): RequestHandler {
  return (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ status: 'ok', version });
  };
}

/** `GET /openapi.json`: the same until the program, its settings or the address change. */
function createDocumentHandler(services: Services, describe: Api['describe']): RequestHandler {
  const texts = new WeakMap<ApiDocument, { readonly text: string; readonly etag: string }>();
  return (req, res) => {
    const document = describe(rootUrl(services, req));
    const { text, etag } = texts.get(document) ?? toText(document);
    texts.set(document, { text, etag });
    res.set({ ETag: etag, 'Cache-Control': 'no-cache' });
    if (req.fresh) res.status(304).end();
    else res.type('json').send(text);
  };
}

function toText(document: ApiDocument): { text: string; etag: string } {
  const text = JSON.stringify(document);
  const hash = createHash('sha256').update(text).digest('base64url');
  return { text, etag: `"${hash.slice(0, 27)}"` };
}
