import { Router, type RequestHandler } from 'express';
import {
  allow,
  demandsJson,
  hasSession,
  prefersHtml,
  readForm,
  receiveFiles,
  requireKnownFormat,
  viewerOf,
  type Services,
} from '../http/index.js';
import { showApi, type DescribeApi } from './docs/api.js';
import { retryFailedJobs, showAdmin } from './admin/admin.js';
import {
  changePassword,
  createToken,
  logOutEverywhere,
  revokeToken,
  showAccount,
} from './account.js';
import { askDelete, removeFrame, showFrame } from './frame/frame.js';
import { correctFrame, markFrame, noteFrame } from './frame/frame-forms.js';
import { makeCurrent } from './frame/frame-versions.js';
import { search, showFrames } from './frames/frames.js';
import { logIn, logOut, showLogin, showLogout } from './login.js';
import { showLog } from './admin/log.js';
import { createWebContext, goTo, sendPage, type Web } from './page.js';
import { changeQuarantine, showQuarantine } from './upload/quarantine.js';
import { switchTheme } from './theme.js';
import { changeTrash, showTrash } from './admin/trash.js';
import { receiveUpload, showUpload } from './upload/upload.js';
import { addUser, changeRole, changeSight, disableUser, logOutUser, showUsers } from './admin/users.js';

export { staticFolders } from './assets.js';
export { renderProblem } from './problem.js';

/** Addresses of pages and of the API. */
const SHARED = [
  '/',
  '/frames/',
  '/frames/:id/',
  '/frames/:id/delete/',
  '/trash/',
  '/quarantine/',
  '/admin/',
];

/** Those whose answer `format=` chooses; each frame is one of them as well. */
const FORMATTED = ['/', '/trash/', '/quarantine/', '/admin/'];

/**
 * The pages. `/`, `/frames/` and `/frames/<id>/` are addresses of the API as well: a request that
 * does not prefer HTML is left to the routes behind.
 *
 * @param describeApi gives the document of the API, for the page about it
 */
export function createWeb(services: Services, describeApi: DescribeApi): Router {
  const web = createWebContext(services);
  const form = readForm();
  const router = Router();

  // What the API answers as well is left to it: only there is it known which verbs there are.
  router.options([...SHARED, ...FORMATTED], (_req, _res, next) => {
    next('router');
  });
  for (const path of FORMATTED) router.get(path, knownFormat);
  router.get('/frames/', (req, _res, next) => {
    requireKnownFormat(req, ['csv']);
    next();
  });
  router.get('/', pageUnlessJson, showRoot(web));
  router.get('/frames/', pageOrElse, showFrames(web));
  router.get('/frames/:id/', digitsOrElse, knownFormat, pageOrElse, showFrame(web));
  router.get('/frames/:id/delete/', pageOrElse, digitsOrElse, askDelete(web));
  router.post('/frames/:id/delete/', form, digitsOrElse, removeFrame(web));
  router.post('/frames/:id/versions/:number/current/', form, makeCurrent(web));
  router.post('/frames/:id/correct/', form, digitsOrElse, correctFrame(web));
  router.post('/frames/:id/note/', form, digitsOrElse, noteFrame(web));
  router.post('/frames/:id/mark/', form, digitsOrElse, markFrame(web));
  router.get('/search/', search(web));

  router.get('/trash/', pageOrElse, showTrash(web));
  router.post('/trash/', form, changeTrash(web));
  router.get('/quarantine/', pageOrElse, showQuarantine(web));
  router.post('/quarantine/', form, changeQuarantine(web));

  router.get('/upload/', showUpload(web));
  router.post('/upload/', allow('upload'), receiveFiles(services), receiveUpload(web));

  router.get('/account/', showAccount(web));
  router.post('/account/tokens/', form, createToken(web));
  router.post('/account/tokens/:id/revoke/', form, revokeToken(web));
  router.post('/account/password/', form, changePassword(web));
  router.post('/account/logout/', form, logOutEverywhere(web));

  router.get('/admin/', pageUnlessJson, showAdmin(web));
  router.post('/admin/jobs/', form, retryFailedJobs(web));
  router.get('/admin/users/', showUsers(web));
  router.post('/admin/users/', form, addUser(web));
  router.post('/admin/users/:id/disable/', form, disableUser(web));
  router.post('/admin/users/:id/role/', form, changeRole(web));
  router.post('/admin/users/:id/sees/', form, changeSight(web));
  router.post('/admin/users/:id/logout/', form, logOutUser(web));
  router.get('/admin/log/', showLog(web));

  router.get('/accounts/login/', showLogin(web));
  router.post('/accounts/login/', form, logIn(web));
  router.get('/accounts/logout/', showLogout(web));
  router.post('/accounts/logout/', form, logOut(web));

  router.get('/keys/', showKeys(web));
  router.get('/docs/api/', showApi(web, describeApi));
  router.post('/theme/', form, switchTheme(web.base));

  return router;
}

/** Goes on only for those who would rather see a page; caches are told that it depends on that. */
const pageOrElse: RequestHandler = (req, res, next) => {
  res.vary('Accept');
  if (prefersHtml(req)) next();
  else next('route');
};

const knownFormat: RequestHandler = (req, _res, next) => {
  requireKnownFormat(req);
  next();
};

/** Goes on unless the client wants JSON: what takes anything gets what the reference archive gives. */
const pageUnlessJson: RequestHandler = (req, res, next) => {
  res.vary('Accept');
  if (demandsJson(req)) next('route');
  else next();
};

/** Other words in the place of an id (`/frames/zip/`) are addresses of the API. */
const digitsOrElse: RequestHandler = (req, _res, next) => {
  if (/^\d+$/.test(String(req.params.id))) next();
  else next('route');
};

/**
 * The root: the list for those who may see it, else the login. Browsers are sent on to the one address
 * of the list; programs, which may not follow, get it at once, as from the reference archive.
 */
function showRoot(web: Web): RequestHandler {
  const list = showFrames(web);
  return async (req, res, next) => {
    const mayLook =
      hasSession(res) || (viewerOf(res).role === 'anonymous' && viewerOf(res).seesPublic);
    if (!mayLook) goTo(web, req, res, `${web.base}/accounts/login/?next=/`);
    else if (prefersHtml(req)) goTo(web, req, res, `${web.base}/frames/`);
    else await list(req, res, next);
  };
}

function showKeys(web: Web): RequestHandler {
  return (req, res) => sendPage(web, req, res, 'keys', { title: 'Keys' });
}
