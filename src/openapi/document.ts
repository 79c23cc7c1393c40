import {
  VERBS,
  type ApiAnswer,
  type ApiDocument,
  type ApiFacts,
  type ApiOperation,
  type ApiParameter,
  type ApiRoute,
  type DocumentAnswer,
  type DocumentOperation,
  type DocumentParameter,
  type Schema,
  type Verb,
} from './types.js';

const JSON_TYPE = 'application/json';

/** The OpenAPI 3.1 document of some routes. */
export function toDocument(routes: readonly ApiRoute[], facts: ApiFacts): ApiDocument {
  const shared: Record<string, DocumentParameter> = {};
  const paths = routes.map(({ path, verbs }) => {
    const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
    const operations = VERBS.flatMap((verb) => {
      const operation = verbs[verb];
      if (operation === undefined) return [];
      const parameters = [
        ...names.map((name) => pathParameter(facts, name)),
        ...(operation.parameters ?? []).map((each) => sharedParameter(each, shared)),
      ];
      return [[verb, toOperation(operation, verb, parameters, facts)] as const];
    });
    return [path.replace(/:(\w+)/g, '{$1}'), Object.fromEntries(operations)] as const;
  });
  return {
    openapi: '3.1.0',
    info: {
      title: facts.title,
      version: facts.version,
      summary: facts.summary,
      description: facts.description,
    },
    servers: [{ url: facts.root.replace(/\/$/, '') }],
    tags: facts.tags,
    paths: Object.fromEntries(paths),
    components: {
      schemas: facts.schemas,
      parameters: shared,
      securitySchemes: facts.securitySchemes,
    },
  };
}

/** A reference to a schema of the document. */
export function refTo(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** What a reference of the document leads to. @throws TypeError if it leads nowhere */
export function parameterOf(
  document: ApiDocument,
  parameter: DocumentOperation['parameters'][number],
): DocumentParameter {
  if (!('$ref' in parameter)) return parameter;
  const name = parameter.$ref.replace('#/components/parameters/', '');
  const found = document.components.parameters[name];
  if (found === undefined) throw new TypeError(`no parameter ${parameter.$ref}`);
  return found;
}

function toOperation(
  operation: ApiOperation,
  verb: Verb,
  parameters: DocumentOperation['parameters'],
  facts: ApiFacts,
): DocumentOperation {
  const { id, tag, summary, description = '', body } = operation;
  const { sentence, security } = facts.accessOf(operation.who, verb);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: security.map((schemes) => Object.fromEntries(schemes.map((name) => [name, []]))),
    parameters,
    ...(body === undefined ? {} : { requestBody: { ...body, required: true } }),
    responses: { ...toAnswers(operation.answers), ...toProblems(operation, facts) },
    'x-access': sentence,
    'x-requests': operation.requests ?? [],
  };
}

function pathParameter(facts: ApiFacts, name: string): DocumentParameter {
  const parameter = facts.pathParameters[name];
  if (parameter === undefined) throw new TypeError(`no words about :${name} of a path`);
  return { ...toParameter(parameter), in: 'path', required: true };
}

/** The parameter itself, or a reference to it if others have it too. */
function sharedParameter(
  parameter: ApiParameter,
  shared: Record<string, DocumentParameter>,
): DocumentOperation['parameters'][number] {
  const { key } = parameter;
  if (key === undefined) return toParameter(parameter);
  shared[key] ??= toParameter(parameter);
  return { $ref: `#/components/parameters/${key}` };
}

function toParameter({
  name,
  description,
  schema,
  examples,
  variantOf,
  group,
}: ApiParameter): DocumentParameter {
  const named = examples.map((value) => [exampleName(value), { value }] as const);
  return {
    name,
    in: 'query',
    description,
    // Each property of an object is a parameter of its own.
    ...(schema.type === 'object' ? { style: 'form', explode: true } : {}),
    schema,
    examples: Object.fromEntries(named),
    ...(variantOf === undefined ? {} : { 'x-variant-of': variantOf }),
    ...(group === undefined ? {} : { 'x-group': group }),
  };
}

function exampleName(value: ApiParameter['examples'][number]): string {
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, text]) => `${name}=${text}`)
    .join('&');
}

function toAnswers(answers: ApiOperation['answers']): Record<string, DocumentAnswer> {
  const entries = Object.entries(answers).map(
    ([status, answer]) => [status, toAnswer(answer)] as const,
  );
  return Object.fromEntries(entries);
}

function toAnswer({ description, headers, content, example }: ApiAnswer): DocumentAnswer {
  const header = Object.entries(headers ?? {}).map(
    ([name, text]) => [name, { description: text, schema: { type: 'string' } }] as const,
  );
  const bodies = Object.entries(content ?? {}).map(([type, schema]) => {
    const isJson = type === JSON_TYPE && example !== undefined;
    return [
      type,
      { ...(schema === undefined ? {} : { schema }), ...(isJson ? { example } : {}) },
    ] as const;
  });
  return {
    description,
    ...(header.length === 0 ? {} : { headers: Object.fromEntries(header) }),
    ...(bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
  };
}

/** What goes wrong, by status: the sentences of all its codes. */
function toProblems(
  { who, problems = [], answers }: ApiOperation,
  facts: ApiFacts,
): Record<string, DocumentAnswer> {
  const codes = who === 'anyone' ? problems : ['unauthenticated', 'forbidden', ...problems];
  const sentences = new Map<string, string[]>();
  for (const code of codes) {
    const { status, sentence } = facts.problemOf(code);
    sentences.set(String(status), [...(sentences.get(String(status)) ?? []), sentence]);
  }
  return Object.fromEntries(
    [...sentences]
      .filter(([status]) => answers[status] === undefined)
      .map(([status, texts]) => {
        const schema = facts.problemSchemas[status] ?? facts.problemSchemas.default;
        const content = { [JSON_TYPE]: schema };
        return [status, toAnswer({ description: texts.join(' '), content })];
      }),
  );
}
