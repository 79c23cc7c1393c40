import type { Config } from '../../config/index.js';
import { STATUS } from '../../http/index.js';
import { ERROR_CODES, type ErrorCode } from '../../lib/errors.js';
import {
  refTo,
  toDocument,
  type ApiDocument,
  type ApiRoute,
  type Verb,
} from '../../openapi/index.js';
import { accessOf, SECURITY_SCHEMES, type Who } from './access.js';
import { TAGS, type Operation } from './operations.js';
import { MARK_PATH, MARK_SCHEMAS } from './mark-operations.js';
import { PATH_IDS } from './keeping-operations.js';
import { FRAME_ID } from './parameters.js';
import { SCHEMAS } from './schemas.js';
import { NIGHT_SCHEMAS } from './night-operations.js';
import { TARGET_PATH, TARGET_SCHEMAS } from './target-operations.js';

export * from './account-operations.js';
export { EVENTS } from './event-operations.js';
export * from './file-operations.js';
export * from './keeping-operations.js';
export * from './mark-operations.js';
export * from './night-operations.js';
export * from './operations.js';
export * from './service-operations.js';
export * from './target-operations.js';
export { REPORT } from './report-operations.js';
export { SOLUTION } from './solving-operations.js';

/** An address of the route table with what is told about it. */
export interface ToldRoute extends ApiRoute {
  readonly verbs: Readonly<Partial<Record<Verb, Operation>>>;
}

const DESCRIPTION = `The API of pyobs-archive and the reading side of the OCS archive, at one root.

Every address works with and without its last slash. GET includes HEAD; OPTIONS tells the verbs, and other verbs are answered 405. Errors are JSON with \`detail\`, unless a page is asked for. Addresses that pages share with the API tell them apart by \`Accept\` and \`format\`. Of a repeated parameter that takes no list the last counts.`;

/** The OpenAPI document of the archive, as a client reaches it at `root`. */
export function describeApi(
  routes: readonly ToldRoute[],
  { config, version, root }: { config: Config; version: string; root: string },
): ApiDocument {
  return toDocument(routes, {
    title: config.SITE_NAME === '' ? 'Platevault' : `Platevault, ${config.SITE_NAME}`,
    version,
    summary: 'An archive for the FITS files of an observatory',
    description: DESCRIPTION,
    root,
    tags: TAGS,
    pathParameters: { id: FRAME_ID, ...PATH_IDS, ...MARK_PATH, ...TARGET_PATH },
    schemas: { ...SCHEMAS, ...MARK_SCHEMAS, ...TARGET_SCHEMAS, ...NIGHT_SCHEMAS },
    securitySchemes: SECURITY_SCHEMES,
    problemSchemas: { 400: refTo('ParameterProblem'), default: refTo('Problem') },
    accessOf: (who, verb) => accessOf(who as Who, verb, config),
    problemOf: (code) => ({
      status: STATUS[code as ErrorCode],
      sentence: ERROR_CODES[code as ErrorCode],
    }),
  });
}
