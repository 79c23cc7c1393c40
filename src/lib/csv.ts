/**
 * One text as a field of CSV (RFC 4180). A spreadsheet would run a text that begins like a formula; an
 * apostrophe makes it text again.
 */
export function formatCsvText(text: string): string {
  const harmless = /^(?:\s*[=+\-@]|[\t\r])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
