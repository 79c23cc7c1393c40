export type { Services } from './services.js';
export * from './params.js';
export { readBody, readForm, readJson } from './body.js';
export { allowPage, protect } from './protection.js';
export { isCalledLoopback, requireHost } from './hosts.js';
export { createPatientServer } from './patience.js';
export {
  adoptUser,
  allow,
  changesOf,
  clientOf,
  createAuthentication,
  hasSession,
  isVisitor,
  owesPassword,
  readerOf,
  renewViewer,
  requireAction,
  requireReader,
  SESSION_COOKIE,
  viewerOf,
  type Authentication,
} from './viewer.js';
export { readCookie } from './cookies.js';
export { CSRF_FIELD, issueCsrf, requireCsrf, verifyCsrf } from './csrf.js';
export { handleProblems, requestIdOf, STATUS, type Problem } from './problem.js';
export { trustedProxies } from './proxies.js';
export { reportReaderOf } from './report-reader.js';
export { notAllowed, otherVerbs } from './verbs.js';
export { basePath, downloadUrl, rootUrl, urlEpoch, versionUrl } from './links.js';
export {
  contentDisposition,
  markBegun,
  requireIntact,
  sendDownload,
  sendMade,
  sendStream,
  type Download,
} from './download.js';
export { takeTurns } from './turns.js';
export { receiveFiles, storeFiles } from './upload.js';
