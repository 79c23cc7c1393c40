import { json, text, urlencoded, type RequestHandler } from 'express';
import multer, { MulterError, type Options } from 'multer';
import { AppError } from '../lib/errors.js';
import { LIMITS } from './limits.js';
import { parseParameters, refuseOddForm } from './params.js';

const FORM = 'application/x-www-form-urlencoded';
const PARTS = 'multipart/form-data';

const verifyForm = (_req: unknown, _res: unknown, bytes: Buffer): void => {
  refuseOddForm(bytes);
};

/**
 * Reads a form, of either kind, or JSON body of the API into `req.body`: of a form an object without
 * prototype, whose repeated fields are lists.
 *
 * @throws 'bad_request', 'too_large'
 */
export function readBody(): RequestHandler[] {
  const { bodyBytes } = LIMITS;
  return [
    // The parser of Express copies the list of a repeated field for each of its values.
    text({ type: FORM, limit: bodyBytes, verify: verifyForm }),
    parseForm,
    readParts(bodyBytes),
    readJson(bodyBytes),
  ];
}

/** Reads the form of a page, of at most 64 KB. @throws 'bad_request', 'too_large' */
export function readForm(): RequestHandler {
  return urlencoded({ type: FORM, extended: false, limit: '64kb', verify: verifyForm });
}

/** Reads a JSON body, and no other, of at most `limit` bytes. @throws 'bad_request', 'too_large' */
export function readJson(limit: number): RequestHandler {
  return json({
    limit,
    verify: (_req, _res, bytes) => {
      refuseDeepJson(bytes);
    },
  });
}

const parseForm: RequestHandler = (req, _res, next) => {
  if (typeof req.body === 'string') {
    requireFewFields(req.body.split('&').length);
    req.body = toFields(parseParameters(req.body));
  }
  next();
};

/** A form in parts, which some clients send where a plain one would do; it has no files. */
function readParts(limit: number): RequestHandler {
  const { bodyFields, fieldNameBytes, fieldBytes, fieldNesting } = LIMITS;
  const limits = {
    fields: bodyFields,
    parts: bodyFields,
    fieldNameSize: fieldNameBytes,
    fieldSize: fieldBytes,
    fieldNestingDepth: fieldNesting,
    fieldArrayIndexLimit: bodyFields,
  } as Options['limits']; // the types do not know of all
  const receive = multer({ limits }).none();
  return (req, res, next) => {
    if (req.is(PARTS) === PARTS && !(Number(req.get('content-length')) <= limit)) {
      const message = `A form in parts has a Content-Length of at most ${limit} bytes.`;
      throw new AppError('too_large', message);
    }
    receive(req, res, (error: unknown) => {
      next(error === undefined ? undefined : toFormError(error));
    });
  };
}

function toFormError(error: unknown): AppError {
  const isTooMuch = error instanceof MulterError && error.code.startsWith('LIMIT_');
  const isFile = isTooMuch && error.code === 'LIMIT_UNEXPECTED_FILE';
  const reason = isFile ? 'it has files' : error instanceof Error ? error.message : String(error);
  const code = isTooMuch && !isFile ? 'too_large' : 'bad_request';
  return new AppError(code, `The form cannot be read: ${reason}.`, {}, error);
}

function requireFewFields(fields: number): void {
  if (fields <= LIMITS.bodyFields) return;
  throw new AppError('too_large', `More than ${LIMITS.bodyFields} fields in one request.`);
}

function toFields(
  parameters: ReadonlyMap<string, readonly string[]>,
): Record<string, string | readonly string[]> {
  const form = Object.create(null) as Record<string, string | readonly string[]>;
  for (const [name, values] of parameters) {
    const [first = ''] = values;
    form[name] = values.length === 1 ? first : values;
  }
  return form;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPEN: ReadonlySet<number> = new Set(Buffer.from('[{'));
const CLOSE: ReadonlySet<number> = new Set(Buffer.from(']}'));

/** Counts brackets outside of strings, before anything is built from them. @throws 'bad_request' */
export function refuseDeepJson(bytes: Uint8Array, maxDepth: number = LIMITS.jsonDepth): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (OPEN.has(byte)) depth += 1;
    else if (CLOSE.has(byte)) depth -= 1;
    if (depth > maxDepth) {
      const message = `The JSON is nested more than ${maxDepth} deep.`;
      throw new AppError('bad_request', message);
    }
  }
}
