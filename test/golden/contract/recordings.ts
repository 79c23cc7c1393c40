import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../support/archive.js';

/**
 * What a pyobs-archive 2.0.0.dev8 answered to 306 requests, one after the other. The recordings lie
 * outside the repository (CONTRACT_DIR, default ../shared/contract); golden/README.md there says how
 * they were made.
 */
export const contractDir = process.env.CONTRACT_DIR ?? join(PROJECT_DIR, '../shared/contract');
const golden = join(contractDir, 'golden');
export const hasRecordings = existsSync(join(golden, 'responses'));

/** `test`, skipped where there are no recordings. */
export const contractTest = hasRecordings ? test : test.skip;

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Names in lower case; several cookies are a list. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An answer, recorded or just received. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The body, if it is JSON. */
  readonly json?: Json;
}

export interface Recording {
  /** Place in the order of the requests, from 1. */
  readonly number: number;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** `admin`, `reader`, `bad` (a token that does not exist), another `Authorization` header, or none. */
  readonly auth: string | null;
  /** What was sent, in words. */
  readonly sent: string;
  readonly answer: Answer;
}

interface Stored {
  readonly id: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly auth: string | null;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Headers;
    readonly json?: Json;
    readonly raw?: string;
    readonly body?: string;
    readonly bodyFile?: string;
  };
}

/** All recordings, in the order in which they were made. */
export function readRecordings(): Recording[] {
  const folder = join(golden, 'responses');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const { id, request, response } = JSON.parse(
      readFileSync(join(folder, name), 'utf8'),
    ) as Stored;
    const body =
      response.bodyFile === undefined
        ? Buffer.from(response.raw ?? response.body ?? '')
        : readFileSync(join(folder, response.bodyFile));
    return {
      number: Number(id.slice(0, 3)),
      name: id.slice(4),
      method: request.method,
      path: request.path,
      auth: request.auth,
      sent: request.body ?? '',
      answer: {
        status: response.status,
        headers: response.headers,
        body,
        ...(response.json === undefined ? {} : { json: response.json }),
      },
    };
  });
}

/** A file that was uploaded, as it was before. */
export function readUpload(name: string): Buffer {
  return readFileSync(join(golden, 'frames', name));
}

/** Requests of the table of intended differences, each with what has to be seen. */
export function readIntended(): { readonly must: string[]; readonly allowed: string[] } {
  const [must = '', allowed = ''] = readFileSync(join(golden, 'INTENDED.md'), 'utf8').split(
    '# Allowed differences',
  );
  const requestsOf = (text: string): string[] =>
    [...text.matchAll(/^\| ([^|]+) \|/gm)]
      .map((match) => String(match[1]))
      .filter((request) => request !== 'request' && !request.startsWith('--'));
  return { must: requestsOf(must), allowed: requestsOf(allowed) };
}
