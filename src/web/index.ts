import { Router, urlencoded, type RequestHandler } from 'express';
import {
  allow,
  hasSession,
  prefersHtml,
  receiveFiles,
  viewerOf,
  type Services,
} from '../http/index.js';
import { changePassword, createToken, revokeToken, showAccount } from './account.js';
import { askDelete, removeFrame, showFrame } from './frame.js';
import { search, showFrames } from './frames.js';
import { logIn, logOut, showLogin, showLogout } from './login.js';
import { createWebContext, goTo, sendPage, type Web } from './page.js';
import { switchTheme } from './theme.js';
import { receiveUpload, showUpload } from './upload.js';
import { addUser, disableUser, showUsers } from './users.js';

export { renderProblem } from './problem.js';

/**
 * The pages. `/`, `/frames/` and `/frames/<id>/` are addresses of the API as well: a request that
 * does not prefer HTML is left to the routes behind.
 */
export function createWeb(services: Services): Router {
  const web = createWebContext(services);
  const form = urlencoded({ extended: false, limit: '64kb' });
  const router = Router();

  router.get('/', pageOrElse, showRoot(web));
  router.get('/frames/', pageOrElse, showFrames(web));
  router.get('/frames/:id/', pageOrElse, digitsOrElse, showFrame(web));
  router.get('/frames/:id/delete/', pageOrElse, digitsOrElse, askDelete(web));
  router.post('/frames/:id/delete/', form, digitsOrElse, removeFrame(web));
  router.get('/search/', search(web));

  router.get('/upload/', showUpload(web));
  router.post('/upload/', allow('upload'), receiveFiles(services), receiveUpload(web));

  router.get('/account/', showAccount(web));
  router.post('/account/tokens/', form, createToken(web));
  router.post('/account/tokens/:id/revoke/', form, revokeToken(web));
  router.post('/account/password/', form, changePassword(web));

  router.get('/admin/users/', showUsers(web));
  router.post('/admin/users/', form, addUser(web));
  router.post('/admin/users/:id/disable/', form, disableUser(web));

  router.get('/accounts/login/', showLogin(web));
  router.post('/accounts/login/', form, logIn(web));
  router.get('/accounts/logout/', showLogout(web));
  router.post('/accounts/logout/', form, logOut(web));

  router.get('/keys/', showKeys(web));
  router.post('/theme/', form, switchTheme(web.base));

  return router;
}

/** Goes on only for those who would rather see a page; caches are told that it depends on that. */
const pageOrElse: RequestHandler = (req, res, next) => {
  res.vary('Accept');
  if (prefersHtml(req)) next();
  else next('route');
};

/** Other words in the place of an id (`/frames/zip/`) are addresses of the API. */
const digitsOrElse: RequestHandler = (req, _res, next) => {
  if (/^\d+$/.test(String(req.params.id))) next();
  else next('route');
};

/** The root has no page of its own. A token is not a person with a browser, so it does not count. */
function showRoot(web: Web): RequestHandler {
  return (req, res) => {
    const mayLook =
      hasSession(res) || (viewerOf(res).role === 'anonymous' && viewerOf(res).seesPublic);
    goTo(web, req, res, `${web.base}${mayLook ? '/frames/' : '/accounts/login/?next=/'}`);
  };
}

function showKeys(web: Web): RequestHandler {
  return (req, res) => sendPage(web, req, res, 'keys', { title: 'Keys' });
}
