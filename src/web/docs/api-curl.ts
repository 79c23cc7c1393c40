import type { DocumentOperation, Verb } from '../../openapi/index.js';

/** A request as it would be typed, with `$URL` and `$TOKEN` left to the shell. */
export function curlCommand({
  path,
  verb,
  query,
  operation,
}: {
  readonly path: string;
  readonly verb: Verb;
  readonly query: Readonly<Record<string, string>>;
  readonly operation: DocumentOperation;
}): string {
  const words = ['curl -sS'];
  if (operation.security.length > 0) words.push('-H "Authorization: Token $TOKEN"');
  if (verb === 'delete') words.push('-X DELETE');
  words.push(...bodyWords(operation));
  // What is not text is kept under the name that the archive gives it.
  const types = Object.keys(operation.responses['200']?.content ?? {});
  if (types.length > 0 && !types.some(isText)) words.push('-O -J');
  words.push(`"$URL${path}${queryText(query)}"`);
  return words.join(' ');
}

function bodyWords({ requestBody }: DocumentOperation): string[] {
  if (requestBody === undefined) return [];
  if (requestBody.content['multipart/form-data'] !== undefined) return ['-F "file=@frame.fits"'];
  const example = requestBody.content['application/json']?.example ?? {};
  return ['-H "Content-Type: application/json"', `-d '${JSON.stringify(example)}'`];
}

function isText(type: string): boolean {
  return /^(?:text\/comma|application\/json)/.test(type);
}

/** A query, with a question mark before it; '' for none. Nothing in it means anything to a shell. */
export function queryText(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(?:2C|3A)/g, decodeURIComponent)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
