import type { Schema } from '../../openapi/index.js';

/** Short words for schemas, with an optional sentence each. */
export const text = described({ type: 'string' });
export const number = described({ type: 'number' });
export const integer = described({ type: 'integer' });
export const flag = described({ type: 'boolean' });
export const instant = described({ type: 'string', format: 'date-time' });
export const day = described({ type: 'string', format: 'date' });
export const address = described({ type: 'string', format: 'uri' });

function described(schema: Schema): (description?: string) => Schema {
  return (description) => (description === undefined ? schema : { ...schema, description });
}

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  const { type } = schema;
  // A list of words would still leave null out.
  if (typeof type === 'string' && schema.enum === undefined)
    return { ...schema, type: [type, 'null'] };
  return { anyOf: [schema, { type: 'null' }] };
}

export function listOf(items: Schema, description?: string): Schema {
  return { type: 'array', items, ...(description === undefined ? {} : { description }) };
}

/** One of some words. */
export function oneOf(words: readonly string[], description?: string): Schema {
  return { type: 'string', enum: words, ...(description === undefined ? {} : { description }) };
}

/** An object that has all of these, but for those that may be absent. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

/** An object of names that are not known before. */
export function mapOf(values: Schema, description?: string): Schema {
  return {
    type: 'object',
    additionalProperties: values,
    ...(description === undefined ? {} : { description }),
  };
}
