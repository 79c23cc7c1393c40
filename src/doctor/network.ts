import type { Config } from '../config/index.js';
import { systemCode } from '../lib/errors.js';
import { about, type Finding } from './finding.js';

const { ok, warn } = about('address');
const WAIT_MS = 5_000;

/** Asks the public address whether it leads here, and whether the server knows how it is reached. */
export async function checkAddress({ HTTP_ROOT }: Config): Promise<Finding[]> {
  if (HTTP_ROOT === '') return [ok('HTTP_ROOT is empty: addresses are made from each request.')];
  const url = new URL('health/', HTTP_ROOT.replace(/\/*$/, '/'));
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS), redirect: 'manual' });
    const body = await readBody(answer);
    if (!answer.ok || body === undefined) {
      const text = `${url.href} answers ${answer.status}${answer.ok ? ', but not as Platevault does' : ''}.`;
      return [warn(text, 'Is the server running, and does the proxy lead to it? See nginx.conf.')];
    }
    // The server sends this header when it takes a request for one over TLS.
    const knowsTls = answer.headers.has('strict-transport-security');
    if (url.protocol === 'https:' && !knowsTls) {
      const text = `${url.href} answers, but the server does not know that it is reached by https.`;
      return [warn(text, 'Let the proxy set X-Forwarded-Proto, and set TRUST_PROXY.')];
    }
    return [ok(`${url.href} answers, version ${body.version}.`)];
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const reason = systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    const text = `${url.href} cannot be reached from here (${reason}).`;
    return [warn(text, 'Is the server running? From some networks a public name leads nowhere.')];
  }
}

async function readBody(answer: Response): Promise<{ version: string } | undefined> {
  try {
    const body: unknown = JSON.parse(await answer.text());
    const { status, version } = body as { status?: unknown; version?: unknown };
    return status === 'ok' && typeof version === 'string' ? { version } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
