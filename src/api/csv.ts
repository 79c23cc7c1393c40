import type { Response } from 'express';
import { Readable } from 'node:stream';
import type { CellValue } from '../fits/index.js';
import { sendStream } from '../http/index.js';

const LINES_PER_CHUNK = 500;

/** Sends a table as CSV (RFC 4180), row by row: a catalogue of any length takes the same memory. */
export async function sendCsv(
  res: Response,
  columns: readonly { readonly name: string }[],
  rows: AsyncIterable<Readonly<Record<string, CellValue>>>,
): Promise<void> {
  const names = columns.map((column) => column.name);
  await sendStream(Readable.from(toLines(names, rows)), res);
}

async function* toLines(
  names: readonly string[],
  rows: AsyncIterable<Readonly<Record<string, CellValue>>>,
): AsyncIterable<string> {
  let lines = [names.map(formatCell).join(',')];
  for await (const row of rows) {
    lines.push(names.map((name) => formatCell(row[name] ?? null)).join(','));
    if (lines.length < LINES_PER_CHUNK) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

function formatCell(value: CellValue): string {
  if (value === null) return '';
  if (typeof value === 'object') return quote(value.map(formatCell).join(' '));
  if (typeof value !== 'string') return String(value);
  // A spreadsheet would run a text that begins like a formula; an apostrophe makes it text again.
  return quote(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
