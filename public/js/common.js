// What several pages share.

/** Bytes as the server writes them: three figures, decimal units, narrow blank. */
export function formatBytes(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals)}\u202f${units[unit]}`;
}

/** Keys that print something; some people and programs type them without meaning a command. */
const isLetter = ({ key }) => key.length === 1;

/**
 * True if a key is meant for the page: no modifier of the system, not where letters are text, and no
 * letter for those who have switched letters off.
 */
export function isCommand(event) {
  if (document.body.dataset.letters === 'off' && isLetter(event)) return false;
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return false;
  if (document.querySelector('dialog[open]') !== null) return '?R'.includes(event.key);
  // With shift, arrows extend a selection of text.
  if (event.shiftKey && event.key.startsWith('Arrow')) return false;
  const target = event.target instanceof Element ? event.target : document.body;
  const field = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]';
  return target.closest(field) === null;
}
