/** The part of JSON Schema 2020-12 that is used here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: SchemaType | readonly SchemaType[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number | null)[];
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
}

export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

export type Example = string | number | boolean | Readonly<Record<string, string>>;

/** A parameter of the query or of the path. */
export interface ApiParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  /** Values that may be sent as they stand, the plainest first; each is tried by a test. */
  readonly examples: readonly Example[];
  /** Name under which all operations share it; without it each has its own. */
  readonly key?: string;
  /** The parameter that this is another name or another comparison of. */
  readonly variantOf?: string;
  /** What it belongs to together with others, for those who show it. */
  readonly group?: string;
}

export interface ApiBody {
  readonly description: string;
  /** By media type. */
  readonly content: Readonly<
    Record<string, { readonly schema: Schema; readonly example?: object }>
  >;
}

/** What an operation answers when it does what it was asked to. */
export interface ApiAnswer {
  readonly description: string;
  /** Name → what it tells. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By media type; without a schema the answer is a file. */
  readonly content?: Readonly<Record<string, Schema | undefined>>;
  readonly example?: unknown;
}

/** A query that works as it stands. */
export interface ApiRequest {
  readonly summary: string;
  readonly query: Readonly<Record<string, string>>;
}

/** One verb of one address: what is told about it. `Who` names who may, `Problem` what can go wrong. */
export interface ApiOperation<Who extends string = string, Problem extends string = string> {
  /** Unique; what a generated client calls it. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** Markdown of the plainest kind: `code` and paragraphs. */
  readonly description?: string;
  readonly who: Who;
  readonly parameters?: readonly ApiParameter[];
  readonly body?: ApiBody;
  /** By status. */
  readonly answers: Readonly<Record<string, ApiAnswer>>;
  readonly problems?: readonly Problem[];
  readonly requests?: readonly ApiRequest[];
}

export type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
export const VERBS: readonly Verb[] = ['get', 'post', 'put', 'patch', 'delete'];

/** An address, as Express writes it (`/frames/:id/`), and what it does. */
export interface ApiRoute {
  readonly path: string;
  readonly verbs: Readonly<Partial<Record<Verb, ApiOperation>>>;
}

/** Credentials of which one is enough; each is a list of schemes that go together. */
export interface Access {
  /** Who may, as a sentence. */
  readonly sentence: string;
  readonly security: readonly (readonly string[])[];
}

/** What an operation can be refused with. */
export interface ApiProblem {
  readonly status: number;
  readonly sentence: string;
}

/** Everything of a document that is not about one address. */
export interface ApiFacts {
  readonly title: string;
  readonly version: string;
  readonly summary: string;
  readonly description: string;
  /** Public address, with a slash at its end. */
  readonly root: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly pathParameters: Readonly<Record<string, ApiParameter>>;
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly securitySchemes: Readonly<Record<string, object>>;
  /** The schema of an error, by status; `default` for the others. */
  readonly problemSchemas: Readonly<Record<string, Schema>>;
  readonly accessOf: (who: string, verb: Verb) => Access;
  readonly problemOf: (code: string) => ApiProblem;
}

/** A document of OpenAPI 3.1, as far as it is read again here. */
export interface ApiDocument {
  readonly openapi: '3.1.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Verb, DocumentOperation>>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, DocumentParameter>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

export interface DocumentOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly (DocumentParameter | { readonly $ref: string })[];
  readonly requestBody?: {
    readonly description: string;
    readonly required: true;
    readonly content: ApiBody['content'];
  };
  readonly responses: Readonly<Record<string, DocumentAnswer>>;
  /** Who may, in words. */
  readonly 'x-access': string;
  /** Queries that work as they stand. */
  readonly 'x-requests': readonly ApiRequest[];
}

export interface DocumentParameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description: string;
  readonly required?: true;
  readonly style?: 'form';
  readonly explode?: true;
  readonly schema: Schema;
  readonly examples: Readonly<Record<string, { readonly value: Example }>>;
  readonly 'x-variant-of'?: string;
  readonly 'x-group'?: string;
}

export interface DocumentAnswer {
  readonly description: string;
  readonly headers?: Readonly<
    Record<string, { readonly description: string; readonly schema: Schema }>
  >;
  readonly content?: Readonly<
    Record<string, { readonly schema?: Schema; readonly example?: unknown }>
  >;
}
