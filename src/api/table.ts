import type { Response } from 'express';
import { Readable } from 'node:stream';
import { sendStream } from '../http/index.js';
import type { TableFormat, TableProduct } from '../products/index.js';

/**
 * Sends a table as CSV (RFC 4180) or JSON, run by run of rows: a catalogue of any length takes the
 * same memory. Without a table there is no text at all, as clients of the reference archive know it.
 */
export async function sendTable(
  res: Response,
  product: TableProduct | undefined,
  format: TableFormat,
): Promise<void> {
  res.type(format === 'json' ? 'application/json' : 'text/comma-separated-values');
  if (product === undefined) {
    if (format === 'json') res.json({ columns: [], rows: [] });
    else res.end();
    return;
  }
  try {
    await sendStream(Readable.from(format === 'json' ? eachJson(product) : eachCsv(product)), res);
  } finally {
    await product.close();
  }
}

async function* eachCsv({ table, read }: TableProduct): AsyncGenerator<Uint8Array | string> {
  yield table.csvHeader;
  yield* read('csv');
}

/** `{"columns": […], "rows": [{…}, …]}`; runs of rows come without the commas between them. */
async function* eachJson({ table, read }: TableProduct): AsyncGenerator<Uint8Array | string> {
  const { hdu, name, rows, columns } = table;
  const start = JSON.stringify({ hdu, name, count: rows, columns });
  yield `${start.slice(0, -1)},"rows":[`;
  let isFirst = true;
  for await (const run of read('json')) {
    if (!isFirst) yield ',\n';
    isFirst = false;
    yield run;
  }
  yield ']}\n';
}
