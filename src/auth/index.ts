export { hashPassword, verifyPassword, makePassword } from './password.js';
export { makeToken, hashSecret, createSigner, type Signer } from './token.js';
export { may, type Action } from './policy.js';
export { createPassport, checkPassword } from './passport.js';
export { CatalogSessions } from './session.js';
