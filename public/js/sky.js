// Targets: what lies under the cursor of a map is told in the line below it, and keys go along the list.

import { isCommand } from './common.js';

for (const figure of document.querySelectorAll('figure:has(.sky-map, .field-map)')) {
  const told = figure.querySelector('[data-map-told]');
  if (told === null) continue;
  const caption = told.textContent;
  figure.addEventListener('pointerover', (event) => {
    const link = event.target instanceof Element ? event.target.closest('svg a') : null;
    told.textContent = link?.getAttribute('aria-label') ?? caption;
  });
  figure.addEventListener('pointerleave', () => {
    told.textContent = caption;
  });
}

/** `J` and `K` go down and up; `Enter` opens, as it does any link. */
const links = [...document.querySelectorAll('[data-open]')];
document.addEventListener('keydown', (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (step === undefined || links.length === 0 || !isCommand(event)) return;
  const current = links.indexOf(document.activeElement);
  const next = current < 0 ? 0 : Math.max(0, Math.min(links.length - 1, current + step));
  links[next].focus();
});
