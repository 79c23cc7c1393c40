// A night: the card of a bar, arrow keys on the timeline, the log sheet, the note. All works without.

import { inOrderOfTime, startStops } from './stops.js';

const box = document.getElementById('timeline-box');
const card = document.getElementById('bar-card');
const bars = box === null ? [] : [...box.querySelectorAll('a')];
const byId = new Map(bars.map((bar) => [bar.dataset.id, bar]));
let shown;

function line(text, className = '') {
  const p = document.createElement('p');
  p.textContent = text;
  p.className = className;
  return p;
}

/** Fills the card from the words of the bar: number, target, what, start, what is odd. */
function fill(bar) {
  const [number, target, what, start, ...odd] = bar.getAttribute('aria-label').split(' · ');
  const head = document.createElement('p');
  const name = document.createElement('b');
  name.textContent = `${number} · ${target}`;
  head.append(name);
  card.replaceChildren();
  card.classList.toggle('is-run', bar.dataset.id === undefined);
  if (bar.dataset.id !== undefined) {
    const picture = document.createElement('img');
    picture.alt = '';
    picture.width = 72;
    picture.height = 72;
    const version = `width=200&limits=zscale&v=${bar.dataset.v}`;
    picture.src = `${box.dataset.preview}${bar.dataset.id}/preview/?${version}`;
    card.append(picture);
  }
  card.append(head, line(what), line(start), ...odd.map((text) => line(text, 'is-odd')));
}

/** Shows the card below what it is about, within the timeline. */
function show(bar, anchor = bar) {
  if (shown === anchor) return;
  hide();
  shown = anchor;
  fill(bar);
  card.hidden = false;
  place(anchor.getBoundingClientRect());
  if (anchor === bar) bar.classList.add('is-shown');
}

function place(at) {
  const room = box.getBoundingClientRect();
  const { width } = card.getBoundingClientRect();
  const left = at.left + at.width / 2 - room.left - width / 2;
  const seen = box.scrollLeft;
  card.style.left = `${Math.max(0, Math.min(room.width - width, left)) + seen}px`;
  card.style.top = `${at.bottom - room.top + 10}px`;
}

function hide() {
  shown?.classList.remove('is-shown');
  shown = undefined;
  if (card !== null) card.hidden = true;
}

for (const bar of bars) {
  bar.addEventListener('pointerenter', () => {
    show(bar);
  });
  bar.addEventListener('pointerleave', hide);
  bar.addEventListener('focus', () => {
    show(bar);
  });
  bar.addEventListener('blur', hide);
}

// Points of the plots show the same card, and lead to the same frame.
for (const point of document.querySelectorAll('.plot use[data-id]')) {
  const bar = byId.get(point.dataset.id);
  if (bar === undefined) continue;
  point.addEventListener('pointerenter', () => {
    show(bar, point);
  });
  point.addEventListener('pointerleave', hide);
  point.addEventListener('click', () => {
    location.href = bar.href.baseVal;
  });
}

if (box !== null) {
  startStops(box, inOrderOfTime(bars));
  box.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') hide();
  });
}

document.getElementById('log-sheet')?.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  print();
});

const note = document.querySelector('.note-edit');
note?.addEventListener('toggle', () => {
  const field = note.querySelector('textarea');
  if (!note.open) return;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
});

// A menu closes when something else is chosen.
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});
