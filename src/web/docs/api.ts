import type { RequestHandler } from 'express';
import { CONE_PARAMETERS } from '../../catalog/index.js';
import { parameter, queryParameters, rootUrl } from '../../http/index.js';
import {
  parameterOf,
  VERBS,
  type ApiDocument,
  type DocumentAnswer,
  type DocumentOperation,
  type DocumentParameter,
  type Schema,
  type Verb,
} from '../../openapi/index.js';
import { curlCommand, queryText } from './api-curl.js';
import { sendPage, type Web } from '../page.js';

/** Gives the document of the API as a client reaches it at `root`. */
export type DescribeApi = (root: string) => ApiDocument;

/** Text in pieces; those in backquotes are code. */
type Words = readonly { readonly text: string; readonly isCode: boolean }[];

/** Examples of a parameter that stand in its row. */
const MAX_EXAMPLES = 4;

interface ParameterRow {
  readonly name: string;
  readonly type: string;
  readonly words: Words;
  /** `address` is '' where there is nothing to go to. */
  readonly examples: readonly { readonly text: string; readonly address: string }[];
}

interface AnswerRow {
  readonly status: string;
  readonly words: Words;
  readonly headers: readonly { readonly name: string; readonly words: Words }[];
  readonly bodies: readonly { readonly type: string; readonly schemas: readonly string[] }[];
}

interface OperationRow {
  readonly id: string;
  readonly tag: string;
  readonly verb: string;
  readonly path: string;
  readonly summary: string;
  readonly words: Words;
  readonly access: string;
  readonly parameters: readonly ParameterRow[];
  /** Names of groups of parameters that are told once for all. */
  readonly groups: readonly string[];
  readonly body: { readonly words: Words; readonly types: readonly string[] } | null;
  /** `address` is '' where trying is more than reading. */
  readonly requests: readonly {
    readonly summary: string;
    readonly curl: string;
    readonly address: string;
  }[];
  readonly answers: readonly AnswerRow[];
}

interface SchemaRow {
  readonly name: string;
  readonly words: Words;
  readonly rows: readonly ParameterRow[];
}

/**
 * `GET /docs/api/`: the OpenAPI document as a page. `q` leaves those operations and filters that have
 * all of its words.
 */
export function showApi(web: Web, describe: DescribeApi): RequestHandler {
  // Made once for a document: it takes longer than writing the page.
  const made = new WeakMap<ApiDocument, ApiRows>();
  return async (req, res) => {
    const document = describe(rootUrl(web.services, req));
    const rows = made.get(document) ?? toRows(web.base, document);
    made.set(document, rows);
    const q = parameter(queryParameters(req), 'q').slice(0, 200);
    const words = q
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const tags = rows.tags.map((tag) => ({ ...tag, operations: found(tag.operations, words) }));
    const groups = rows.groups.map((group) => ({ ...group, rows: found(group.rows, words) }));
    const model = {
      ...rows,
      q,
      count: tags.reduce((sum, { operations }) => sum + operations.length, 0),
      tags: tags.filter(({ operations }) => operations.length > 0),
      groups: groups.filter((group) => group.rows.length > 0),
    };
    await sendPage(web, req, res, 'api', { title: 'API', place: 'account' }, model);
  };
}

/** Everything that the page can show. */
interface ApiRows {
  readonly about: readonly Words[];
  readonly root: string;
  readonly tags: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly operations: readonly Findable<OperationRow>[];
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly rows: readonly Findable<ParameterRow>[];
  }[];
  readonly schemas: readonly SchemaRow[];
}

/** A row with all of its text, in small letters. */
type Findable<Row> = Row & { readonly text: string };

function toFindable<Row extends object>(row: Row): Findable<Row> {
  return { ...row, text: JSON.stringify(row).toLowerCase() };
}

function found<Row>(
  rows: readonly Findable<Row>[],
  words: readonly string[],
): readonly Findable<Row>[] {
  return rows.filter(({ text }) => words.every((word) => text.includes(word)));
}

function toRows(base: string, document: ApiDocument): ApiRows {
  const operations = listOperations(base, document);
  return {
    about: document.info.description.split('\n\n').map(toWords),
    root: document.servers[0]?.url ?? '',
    tags: document.tags.map(({ name, description }) => ({
      id: `part-${name.replaceAll(' ', '-')}`,
      name,
      description,
      operations: operations.filter(({ tag }) => tag === name).map(toFindable),
    })),
    groups: groupsOf(base, document).map(({ name, rows }) => ({
      name,
      rows: rows.map(toFindable),
    })),
    schemas: listSchemas(document),
  };
}

function listOperations(base: string, document: ApiDocument): OperationRow[] {
  return Object.entries(document.paths).flatMap(([path, verbs]) =>
    VERBS.flatMap((verb) => {
      const operation = verbs[verb];
      if (operation === undefined) return [];
      return [toRow(base, document, { path, verb, operation })];
    }),
  );
}

function toRow(
  base: string,
  document: ApiDocument,
  { path, verb, operation }: { path: string; verb: Verb; operation: DocumentOperation },
): OperationRow {
  const parameters = operation.parameters.map((each) => parameterOf(document, each));
  const own = parameters.filter((each) => each['x-group'] === undefined);
  const body = operation.requestBody;
  return {
    id: operation.operationId,
    tag: operation.tags[0] ?? '',
    verb: verb.toUpperCase(),
    path,
    summary: operation.summary,
    words: toWords(operation.description),
    access: operation['x-access'],
    parameters: toParameterRows(own),
    groups: [...new Set(parameters.flatMap((each) => each['x-group'] ?? []))],
    body:
      body === undefined
        ? null
        : { words: toWords(body.description), types: Object.keys(body.content) },
    requests: toRequests(base, { path, verb, operation, parameters }),
    answers: Object.entries(operation.responses).map(toAnswerRow),
  };
}

function toAnswerRow([status, answer]: [string, DocumentAnswer]): AnswerRow {
  const { description, headers = {}, content = {} } = answer;
  return {
    status,
    words: toWords(description),
    headers: Object.entries(headers).map(([name, header]) => ({
      name,
      words: toWords(header.description),
    })),
    bodies: Object.entries(content).map(([type, { schema }]) => ({
      type,
      schemas: schema === undefined ? [] : namesIn(schema),
    })),
  };
}

function toRequests(
  base: string,
  asked: {
    path: string;
    verb: Verb;
    operation: DocumentOperation;
    parameters: readonly DocumentParameter[];
  },
): OperationRow['requests'] {
  const { verb, operation, parameters } = asked;
  const path = asked.path.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const found = parameters.find((each) => each.in === 'path' && each.name === name);
    const [example] = Object.values(found?.examples ?? {});
    return typeof example?.value === 'object' ? whole : String(example?.value ?? whole);
  });
  const given = operation['x-requests'];
  const requests = given.length > 0 ? given : [{ summary: operation.summary, query: {} }];
  // A browser that follows a link gets the page, unless it asks for what programs get.
  const hasPage = parameters.some(
    ({ name, schema }) => name === 'format' && schema.enum?.includes('html') === true,
  );
  return requests.map(({ summary, query }) => ({
    summary,
    curl: curlCommand({ path, verb, query, operation }),
    address:
      verb === 'get'
        ? `${base}${path}${queryText(hasPage ? { ...query, format: 'json' } : query)}`
        : '',
  }));
}

/** A row each, but other names of a parameter stand in its row. */
function toParameterRows(parameters: readonly DocumentParameter[]): ParameterRow[] {
  return parameters
    .filter((each) => each['x-variant-of'] === undefined)
    .map(({ name, schema, description, examples }) => ({
      name,
      type: typeText(schema),
      words: toWords(description),
      examples: Object.keys(examples)
        .slice(0, MAX_EXAMPLES)
        .map((text) => ({ text, address: '' })),
    }));
}

/** Groups of parameters, each told once; their examples are whole queries. */
function groupsOf(
  base: string,
  document: ApiDocument,
): { readonly name: string; readonly rows: readonly ParameterRow[] }[] {
  const all = Object.values(document.components.parameters);
  const names = [...new Set(all.flatMap((each) => each['x-group'] ?? []))];
  const asked = document.paths['/frames/']?.get?.['x-requests'].map(({ query }) => query) ?? [];
  return names.map((name) => {
    const members = all.filter((each) => each['x-group'] === name);
    const rows = toParameterRows(members).map((row) => {
      const family = members.filter(
        (each) => each.name === row.name || each['x-variant-of'] === row.name,
      );
      const queries = family.flatMap((each) =>
        Object.values(each.examples).map(({ value }) =>
          typeof value === 'object' ? value : { [each.name]: String(value) },
        ),
      );
      return {
        ...row,
        examples: queries.map((query) => toExample(base, wholeQuery(query, asked))),
      };
    });
    return { name, rows };
  });
}

/** An example that somebody can try: a part of a cone alone is no question. */
function wholeQuery(
  query: Readonly<Record<string, string>>,
  requests: readonly Readonly<Record<string, string>>[],
): Readonly<Record<string, string>> {
  const part = CONE_PARAMETERS.find((name) => name in query);
  const whole = part === undefined ? undefined : requests.find((each) => part in each);
  return { ...whole, ...query };
}

function toExample(
  base: string,
  query: Readonly<Record<string, string>>,
): ParameterRow['examples'][number] {
  const text = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return { text: text.join('&'), address: `${base}/frames/${queryText(query)}` };
}

function listSchemas(document: ApiDocument): SchemaRow[] {
  return Object.entries(document.components.schemas).map(([name, schema]) => ({
    name,
    words: toWords(schema.description ?? ''),
    rows: Object.entries(schema.properties ?? {}).map(([key, value]) => ({
      name: key,
      type: typeText(value),
      words: toWords(descriptionOf(value)),
      examples: [],
    })),
  }));
}

function descriptionOf({ description, anyOf }: Schema): string {
  return description ?? anyOf?.find((each) => each.description !== undefined)?.description ?? '';
}

/** A type in words: `text`, `number or null`, `list of Frame`. */
function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace(/^.*\//, '');
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map(typeText))].join(' or ');
  }
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return schema.enum.filter((each) => each !== '').join(', ');
  const types = [schema.type ?? 'any'].flat();
  const words = types.map((type) => {
    if (type === 'string') return schema.format ?? 'text';
    if (type === 'array')
      return schema.items === undefined ? 'list' : `list of ${typeText(schema.items)}`;
    return type;
  });
  const { minimum, maximum } = schema;
  const range =
    minimum === undefined
      ? ''
      : maximum === undefined
        ? ` from ${minimum}`
        : ` ${minimum} to ${maximum}`;
  return `${words.join(' or ')}${range}`;
}

/** Schemas that an answer refers to. */
function namesIn(schema: Schema): string[] {
  if (schema.$ref !== undefined) return [schema.$ref.replace(/^.*\//, '')];
  return [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])].flatMap(
    namesIn,
  );
}

function toWords(text: string): Words {
  return text
    .split('`')
    .map((piece, index) => ({ text: piece, isCode: index % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}
