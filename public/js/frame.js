// One frame: the tool bar without reloading the page, cards filtered as one types, keys.

import { isCommand } from './common.js';

const find = document.getElementById('find-card');
const rows = [...document.querySelectorAll('#cards tbody tr')];
const count = document.getElementById('card-count');
const texts = rows.map((row) => row.textContent.toLowerCase());

// The server has already left out what does not fit its word; only a full list is filtered here.
if (find !== null && find.value === '') {
  find.addEventListener('input', () => {
    const word = find.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !texts[index].includes(word);
      if (!row.hidden) shown += 1;
    });
    count.textContent = word === '' ? `${rows.length} cards` : `${shown} of ${rows.length} cards`;
  });
  find.form.addEventListener('submit', (event) => {
    event.preventDefault();
  });
}

let asked = 0;

/** Fetches the page with another choice and takes over its viewer; the address follows. */
async function swap(url) {
  const viewer = document.getElementById('viewer');
  const turn = (asked += 1);
  const label = document.activeElement?.textContent;
  viewer.dataset.busy = '';
  try {
    const answer = await fetch(url, { headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = page.getElementById('viewer');
    if (turn !== asked) return;
    if (!answer.ok || next === null) throw new Error(`status ${answer.status}`);
    // The old picture stays until the new one is there, so nothing flashes white at night.
    const picture = next.querySelector('.picture img');
    await picture.decode().catch(() => undefined);
    if (turn !== asked) return;
    const strip = viewer.querySelector('.strip');
    if (strip !== null) next.querySelector('.strip')?.replaceWith(strip);
    viewer.replaceWith(next);
    history.replaceState(null, '', url);
    [...next.querySelectorAll('[data-swap]')].find((link) => link.textContent === label)?.focus();
  } catch {
    location.href = url;
  }
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-swap]') : null;
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)
    return;
  event.preventDefault();
  link.focus();
  void swap(link.href);
});

document.addEventListener('keydown', (event) => {
  if (event.shiftKey || !isCommand(event)) return;
  const group = document.querySelector(`[data-cycle="${CSS.escape(event.key.toUpperCase())}"]`);
  if (group === null) return;
  event.preventDefault();
  const links = [...group.querySelectorAll('a')];
  const at = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
  void swap(links[(at + 1) % links.length].href);
});

// The strip shows this frame in its middle.
const strip = document.querySelector('.strip');
const here = strip?.querySelector('[aria-current]');
if (strip && here)
  strip.scrollLeft =
    here.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + here.clientWidth / 2;
