export {
  findPasswordFault,
  hashPassword,
  isOneTime,
  makePassword,
  MIN_PASSWORD,
  USER_NAME,
  verifyPassword,
} from './password.js';
export { makeToken, hashSecret, createSigner, type Signer } from './token.js';
export { makeSecretKey, readSecretKey } from './secret-key.js';
export { may, type Action } from './policy.js';
export { createPassport } from './passport.js';
export { createLogins, type Logins } from './logins.js';
export { createDeedLog, type DeedLog } from './deed-log.js';
export { createGuesses, networkOf, tooMany, type Guesses } from './guesses.js';
export { createTally, type Tally } from './tally.js';
export { CatalogSessions } from './session.js';
