import { Router, type RequestHandler } from 'express';
import {
  allow,
  demandsJson,
  hasSession,
  otherVerbs,
  prefersHtml,
  readBody,
  readForm,
  receiveFiles,
  requireKnownFormat,
  viewerOf,
  type Services,
} from '../http/index.js';
import { createObjects } from '../objects/index.js';
import { sendLogo } from './brand.js';
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
import { showBlink } from './frame/blink.js';
import { showJs9 } from './frame/js9.js';
import { sendHistogram, sendPixels, sendSky, sendTile } from './frame/looks.js';
import { search, showFrames } from './frames/frames.js';
import { markFrames, takeSelection, undoMarks } from './frames/mark.js';
import { changeSearch } from './frames/searches.js';
import { showNight } from './night/night.js';
import { noteNight } from './night/note-form.js';
import { showReport } from './night/report.js';
import { showNights } from './nights/nights.js';
import { logIn, logOut, showLogin, showLogout } from './login.js';
import { showLog } from './admin/log.js';
import { showQueues } from './admin/queues.js';
import { showSettings } from './admin/settings.js';
import { revokeAnyToken, showTokens } from './admin/tokens.js';
import { createWebContext, goTo, sendPage, type Web } from './page.js';
import { showRefusedPicture } from './upload/picture.js';
import { changeQuarantine, showQuarantine } from './upload/quarantine.js';
import { showTarget } from './targets/target.js';
import { showTargets } from './targets/targets.js';
import { createShareFiles } from './shares/share-files.js';
import { showShare } from './shares/share.js';
import { askShare, endShare, makeShare, showShares } from './shares/shares.js';
import { switchTheme } from './theme.js';
import { changeTrash, showTrash } from './admin/trash.js';
import { showTonight } from './tonight/tonight.js';
import { receiveUpload, showUpload } from './upload/upload.js';
import {
  addUser,
  changeRole,
  changeSight,
  disableUser,
  logOutUser,
  showUsers,
} from './admin/users.js';

export { staticFolders } from './assets.js';
export { renderProblem } from './problem.js';
export { createViews } from './views.js';

/** Addresses of pages and of the API. */
const SHARED = [
  '/',
  '/nights/',
  '/nights/:night/',
  '/nights/:night/report/',
  '/frames/',
  '/frames/:id/',
  '/frames/:id/delete/',
  '/targets/',
  '/targets/:name/',
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
    requireKnownFormat(req, ['csv', 'votable']);
    next();
  });
  router.get('/', pageUnlessJson, showRoot(web));
  router.get('/nights/', knownFormat, pageOrElse, showNights(web));
  router.get('/nights/:night/', knownFormat, pageOrElse, showNight(web));
  router.get('/nights/:night/report/', knownReport, pageOrElse, showReport(web));
  router.post('/nights/:night/note/', form, noteNight(web));
  router.get('/frames/', pageOrElse, showFrames(web));
  router.get('/frames/:id/', digitsOrElse, knownFormat, pageOrElse, showFrame(web));
  router.get('/frames/:id/delete/', pageOrElse, digitsOrElse, askDelete(web));
  router.post('/frames/:id/delete/', form, digitsOrElse, removeFrame(web));
  router.post('/frames/:id/versions/:number/current/', form, makeCurrent(web));
  router.post('/frames/:id/correct/', form, digitsOrElse, correctFrame(web));
  router.post('/frames/:id/note/', form, digitsOrElse, noteFrame(web));
  router.post('/frames/:id/mark/', form, digitsOrElse, markFrame(web));
  router.post('/frames/mark/', ...readBody(), markFrames(web));
  router.post('/frames/selection/', ...readBody(), takeSelection(web));
  router.post('/frames/undo/', form, undoMarks(web));
  router.post('/frames/searches/', form, changeSearch(web));
  const objects = createObjects(services);
  router.get('/targets/', knownFormat, pageOrElse, showTargets(web, objects));
  router.get('/targets/:name/', knownFormat, pageOrElse, showTarget(web, objects));
  router.get('/frames/:id/tile/:level/:tile/', digitsOrElse, sendTile(web));
  router.get('/frames/:id/histogram/', digitsOrElse, sendHistogram(web));
  router.get('/frames/:id/pixels/', digitsOrElse, sendPixels(web));
  router.get('/frames/:id/sky/', digitsOrElse, sendSky(web));
  router.get('/frames/:id/js9/', digitsOrElse, showJs9(web));
  router.get('/blink/', showBlink(web));
  router.get('/shares/', showShares(web));
  router.post('/shares/', form, makeShare(web));
  router.get('/shares/new/', askShare(web));
  router.post('/shares/:id/revoke/', form, endShare(web));
  const shared = createShareFiles(web);
  router.get('/s/:token/', showShare(web));
  router.get('/s/:token/zip/', shared.zip);
  router.get('/s/:token/script/', shared.script);
  router.get('/s/:token/README.txt', shared.readme);
  router.get('/s/:token/SHA256SUMS', shared.sums);
  router.get('/s/:token/files/:number/', shared.file);
  router.get('/s/:token/files/:number/preview/', shared.preview);
  router.get('/search/', search(web));

  router.get('/trash/', pageOrElse, showTrash(web));
  router.post('/trash/', form, changeTrash(web));
  router.get('/quarantine/', pageOrElse, showQuarantine(web));
  router.get('/quarantine/:id/picture/', showRefusedPicture(web));
  router.post('/quarantine/', form, changeQuarantine(web));

  router.get('/tonight/', showTonight(web));

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
  router.get('/admin/tokens/', showTokens(web));
  router.post('/admin/tokens/:id/revoke/', form, revokeAnyToken(web));
  router.get('/admin/jobs/', showQueues(web));
  router.get('/admin/settings/', showSettings(web));
  router.get('/admin/log/', showLog(web));

  router.get('/accounts/login/', showLogin(web));
  router.post('/accounts/login/', form, logIn(web));
  router.get('/accounts/logout/', showLogout(web));
  router.post('/accounts/logout/', form, logOut(web));

  router.get('/keys/', showKeys(web));
  router.get('/logo/', sendLogo(services.config));
  router.get('/docs/api/', showApi(web, describeApi));
  router.post('/theme/', form, switchTheme(services, web.base));

  for (const [path, verbs] of verbsOf(router)) {
    if (!SHARED.includes(path)) router.all(path, otherVerbs(verbs));
  }
  return router;
}

/** Which verbs are there, by address; rules for several addresses at once are none of them. */
function verbsOf({ stack }: Router): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { route } of stack) {
    const path: unknown = route?.path;
    if (route === undefined || typeof path !== 'string') continue;
    const verbs = route.stack.map(({ method }) => method);
    found.set(path, [...new Set([...(found.get(path) ?? []), ...verbs])]);
  }
  return found;
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

const knownReport: RequestHandler = (req, _res, next) => {
  requireKnownFormat(req, ['text']);
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
    else if (prefersHtml(req)) goTo(web, req, res, `${web.base}/nights/`);
    else await list(req, res, next);
  };
}

function showKeys(web: Web): RequestHandler {
  return (req, res) => sendPage(web, req, res, 'keys', { title: 'Keys' });
}
