// Finds while one types; without this the form asks the server.

const field = document.getElementById('find');
const found = document.getElementById('found');
const parts = [...document.querySelectorAll('[data-part]')].map((part) => ({
  part,
  // Of an operation with all that it is made of, only the whole.
  rows: [...part.querySelectorAll('[data-row]')]
    .filter((row) => row.parentElement.closest('[data-row]') === null)
    .map((row) => ({ row, text: row.textContent.toLowerCase() })),
}));

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  let count = 0;
  for (const { part, rows } of parts) {
    for (const { row, text } of rows) {
      row.hidden = !has(text);
      if (!row.hidden && row.localName === 'details') count += 1;
    }
    part.hidden = rows.every(({ row }) => row.hidden);
  }
  found.textContent = `${count} ${count === 1 ? 'operation' : 'operations'}`;
}

/** A link within the page leads to what was found out of sight, too. */
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (target === null || target.closest('[hidden]') === null) return;
  field.value = '';
  show();
  const whole = target.closest('details');
  if (whole !== null) whole.open = true;
  target.scrollIntoView();
}

// What the server has found already stays as it is.
if (field.value === '') {
  field.addEventListener('input', show);
  addEventListener('hashchange', reveal);
}
