import type { Report } from './compose.js';
import type { Piece } from './lines.js';

/** Where a report is to be looked at. @param root of the archive, with a slash at its end */
export function reportUrl(root: string, { night }: Pick<Report, 'night'>): string {
  return `${root}nights/${night}/report/`;
}

/** A report as plain text: a heading, and a line each; `!` stands before what needs a hand. */
export function formatReport(report: Report, root?: string): string {
  const { subject, lines } = report;
  const told = lines.map(({ text, needsHand }) => `${needsHand ? '!' : ' '} ${text}`);
  const link = root === undefined ? [] : ['', reportUrl(root, report)];
  return [subject, '', ...told, ...link, ''].join('\n');
}

/** The same for mail programs that show pages; with links where the address of the archive is known. */
export function formatReportPage(report: Report, root?: string): string {
  const { subject, lines, night } = report;
  const told = lines.map(({ heading, pieces, needsHand }) => {
    const words = [{ text: heading === '' ? '' : `${heading}: ` }, ...pieces]
      .map((piece: Piece) => toHtml(piece, root))
      .join('');
    return `<li>${needsHand ? `<strong>${words}</strong>` : words}</li>`;
  });
  const links =
    root === undefined
      ? ''
      : `<p>${link(`${root}nights/${night}/`, 'The night')} · ${link(reportUrl(root, report), 'This report')}</p>`;
  return `<!doctype html><html lang="en"><body><h1>${escapeText(subject)}</h1><ul>${told.join('')}</ul>${links}</body></html>`;
}

/** The same for programs. @param root undefined if nobody has said what the archive is called */
export function toReportShape(report: Report, root: string | undefined): Record<string, unknown> {
  const { night, subject, lines } = report;
  return {
    night,
    subject,
    lines: lines.map(({ text, needsHand, pieces }) => ({
      text,
      needs_hand: needsHand,
      links: pieces.flatMap((piece) => {
        if (root === undefined || piece.path === undefined) return [];
        return [{ text: piece.text, url: root + piece.path }];
      }),
    })),
    url: root === undefined ? null : `${root}nights/${night}/`,
  };
}

function toHtml({ text, path }: Piece, root: string | undefined): string {
  return root === undefined || path === undefined ? escapeText(text) : link(root + path, text);
}

function link(url: string, text: string): string {
  return `<a href="${escapeText(url)}">${escapeText(text)}</a>`;
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
