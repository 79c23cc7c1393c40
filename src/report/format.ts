import type { Report } from './compose.js';

/** A report as plain text: a heading, and a line each; `!` stands before what needs a hand. */
export function formatReport({ subject, lines }: Report, url?: string): string {
  const told = lines.map(({ text, needsHand }) => `${needsHand ? '!' : ' '} ${text}`);
  return [subject, '', ...told, ...(url === undefined ? [] : ['', url]), ''].join('\n');
}

/** The same for mail programs that show pages. */
export function formatReportPage({ subject, lines }: Report, url?: string): string {
  const told = lines.map(({ text, needsHand }) => {
    const words = escapeText(text);
    return `<li>${needsHand ? `<strong>${words}</strong>` : words}</li>`;
  });
  const link = url === undefined ? '' : `<p><a href="${escapeText(url)}">The night</a></p>`;
  return `<!doctype html><html lang="en"><body><h1>${escapeText(subject)}</h1><ul>${told.join('')}</ul>${link}</body></html>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
