import { dirname, join } from 'node:path';
import { isLockHeld } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { systemCode } from '../lib/errors.js';
import { markerPath } from '../store/index.js';
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
    const text = `${url.href} cannot be reached from here (${reasonOf(error)}).`;
    return [warn(text, 'Is the server running? From some networks a public name leads nowhere.')];
  }
}

/** What a proxy would say of a client; no host has this name (RFC 6761 §6.4). */
const FORWARDED_HOST = 'forwarded.invalid';
const FORWARDED = {
  'X-Forwarded-For': '192.0.2.1', // RFC 5737: an address of nobody
  'X-Forwarded-Proto': 'https',
};

/**
 * Asks the server on this machine, past all proxies, which address links get, and whether it believes
 * what a proxy says of clients when this machine says it.
 */
export async function checkProxyHeaders(config: Config): Promise<Finding[]> {
  const proxy = about('proxy');
  const url = localUrl(config);
  const plain = await askRoot(url, {});
  if (typeof plain === 'string') {
    const text = `No server answers as Platevault at ${url} (${plain}): what it makes of proxy headers was not asked.`;
    if (!(await isServing(config))) return [proxy.ok(text)];
    return [proxy.warn(text, 'Run this with the settings (HOST, PORT) that the server has.')];
  }
  // A name that the settings do not name is answered by nothing.
  const isOpen = config.ALLOWED_HOSTS.length === 0;
  const host = isOpen ? { 'X-Forwarded-Host': FORWARDED_HOST } : {};
  const forged = await askRoot(url, { ...FORWARDED, ...host });
  if (typeof forged === 'string') {
    const advice = 'Look at ALLOWED_HOSTS, TRUST_PROXY and the log of the server.';
    return [proxy.warn(`With the headers of a proxy ${url} gives no answer (${forged}).`, advice)];
  }
  return [judgeLinks(config, plain.root), judgeTrust(config, forged)];
}

function judgeLinks({ HTTP_ROOT }: Config, root: string): Finding {
  const proxy = about('proxy');
  if (HTTP_ROOT === '') {
    return proxy.ok(`Links begin as the client calls the archive; from here with ${root}.`);
  }
  if (root === HTTP_ROOT.replace(/\/*$/, '/')) return proxy.ok(`Links begin with ${root}.`);
  const text = `Links begin with ${root}, and HTTP_ROOT is ${HTTP_ROOT}.`;
  return proxy.warn(text, 'Start the server again: it has other settings than these.');
}

function judgeTrust({ TRUST_PROXY }: Config, forged: Root): Finding {
  const proxy = about('proxy');
  const isBelieved = forged.knowsTls || forged.root.includes(FORWARDED_HOST);
  if (TRUST_PROXY.length === 0) {
    if (!isBelieved) return proxy.ok('No X-Forwarded header is believed, whoever sends it.');
    const text = 'The server believes X-Forwarded headers, and TRUST_PROXY names nobody.';
    return proxy.warn(text, 'Start the server again: it has other settings than these.');
  }
  if (isBelieved) {
    return proxy.ok('X-Forwarded headers from this machine are believed: TRUST_PROXY names it.');
  }
  const text =
    'X-Forwarded headers from this machine are not believed: TRUST_PROXY does not name it.';
  return proxy.ok(`${text} A proxy that runs here needs \`loopback\` in it.`);
}

/** Where a server with these settings listens, for programs of this machine. */
function localUrl({ HOST, PORT }: Config): string {
  const host = HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '::1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/`;
}

async function isServing({ ARCHIVE_ROOT }: Config): Promise<boolean> {
  const path = join(dirname(markerPath(ARCHIVE_ROOT)), 'server.lock');
  // Where that cannot be told, the finding on the server says so.
  return isLockHeld(path).catch(() => false);
}

interface Root {
  /** With what links begin. */
  readonly root: string;
  /** Whether the server took the request for one over TLS. */
  readonly knowsTls: boolean;
}

/** What the root of an archive tells; a word on why it tells nothing. */
async function askRoot(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Root | string> {
  try {
    const answer = await fetch(url, {
      headers: { Accept: 'application/json', ...headers },
      signal: AbortSignal.timeout(WAIT_MS),
      redirect: 'manual',
    });
    const { name, frames } = (await readObject(answer)) ?? {};
    if (name !== 'Platevault' || typeof frames !== 'string') return `status ${answer.status}`;
    const knowsTls = answer.headers.has('strict-transport-security');
    return { root: frames.replace(/frames\/$/, ''), knowsTls };
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

async function readObject(answer: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = JSON.parse(await answer.text());
    return typeof body === 'object' && body !== null
      ? (body as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function readBody(answer: Response): Promise<{ version: string } | undefined> {
  const { status, version } = (await readObject(answer)) ?? {};
  return status === 'ok' && typeof version === 'string' ? { version } : undefined;
}
