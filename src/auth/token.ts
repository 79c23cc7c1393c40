import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new API token: 40 hexadecimal digits, as clients of the reference archive expect. */
export function makeToken(): string {
  return randomBytes(20).toString('hex');
}

/**
 * What is kept of a token or session id. One round is enough: both are random with ≥ 160 bits, so
 * there is nothing to guess from a stolen database.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Signatures with the secret key of the archive: each `purpose` has a key of its own. */
export interface Signer {
  sign(purpose: string, text: string): string;
  verify(purpose: string, text: string, signature: string): boolean;
}

export function createSigner(secretKey: string): Signer {
  const sign = (purpose: string, text: string): string =>
    createHmac('sha256', secretKey).update(`${purpose}\n${text}`).digest('base64url');
  return {
    sign,
    verify(purpose, text, signature) {
      const expected = Buffer.from(sign(purpose, text));
      const actual = Buffer.from(signature);
      return expected.length === actual.length && timingSafeEqual(expected, actual);
    },
  };
}
