/**
 * Bounds of what one request may bring. None of them is met by a client that means well; those that an
 * admin may want to change are settings (`MAX_UPLOAD_*`, `MAX_REQUEST_BYTES`, …) instead.
 */
export const LIMITS = {
  /** Bytes of the request line and all headers; Node answers 431 beyond. Bounds addresses and cookies too. */
  headerBytes: 16 * 1024,
  /** Parameters of one query. */
  parameters: 1000,
  /** Bytes of a form or JSON body of the API: the ids of the frames of a zip. */
  bodyBytes: 8 * 1024 * 1024,
  /** Fields of such a form. */
  bodyFields: 200_000,
  /** Lists and objects within one another in a JSON body. */
  jsonDepth: 16,
  /** Text fields of an upload form beside its files. */
  fields: 100,
  fieldNameBytes: 300,
  fieldBytes: 64 * 1024,
  /** `a[b][c]`: groups of brackets in the name of a field, and the largest number in one. */
  fieldNesting: 4,
  fieldIndex: 1000,
  /** Headers of one part of an upload, and their bytes. */
  partHeaders: 100,
  partHeaderBytes: 16 * 1024,
} as const;
