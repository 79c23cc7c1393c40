import type { Response } from 'express';
import { Readable } from 'node:stream';
import { sendStream } from '../http/index.js';
import type { TableFormat, TableProduct } from '../products/index.js';

/**
 * Sends a table as CSV (RFC 4180) or JSON, run by run of rows: a catalogue of any length takes the
 * same memory. Without a table there is no text at all, as clients of the reference archive know it.
 *
 * @throws as the codec if the first rows cannot be read; later the connection ends
 */
export async function sendTable(
  res: Response,
  product: TableProduct | undefined,
  format: TableFormat,
): Promise<void> {
  if (product === undefined) {
    setType(res, format);
    if (format === 'json') res.json({ columns: [], rows: [] });
    else res.end();
    return;
  }
  try {
    const runs = await startRuns(product.read(format));
    setType(res, format);
    const text = format === 'json' ? eachJson(product, runs) : eachCsv(product, runs);
    await sendStream(Readable.from(text), res);
  } finally {
    await product.close();
  }
}

function setType(res: Response, format: TableFormat): void {
  res.type(format === 'json' ? 'application/json' : 'text/comma-separated-values');
}

/** The same runs, the first of them made already: a fault in it is still told with its status. */
async function startRuns(runs: AsyncIterable<Uint8Array>): Promise<AsyncGenerator<Uint8Array>> {
  const rest = runs[Symbol.asyncIterator]();
  const first = await rest.next();
  return (async function* () {
    for (let run = first; run.done !== true; run = await rest.next()) yield run.value;
  })();
}

async function* eachCsv(
  { table }: TableProduct,
  runs: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array | string> {
  yield table.csvHeader;
  yield* runs;
}

/** `{"columns": […], "rows": [{…}, …]}`; runs of rows come without the commas between them. */
async function* eachJson(
  { table }: TableProduct,
  runs: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array | string> {
  const { hdu, name, rows, columns } = table;
  const start = JSON.stringify({ hdu, name, count: rows, columns });
  yield `${start.slice(0, -1)},"rows":[`;
  let isFirst = true;
  for await (const run of runs) {
    if (!isFirst) yield ',\n';
    isFirst = false;
    yield run;
  }
  yield ']}\n';
}
