// The front page: keys in the calendar and the list, and what is looked for while one reads.

import { isCommand } from './common.js';

const DAY_MS = 86_400_000;
const STEPS = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 };

startCalendar(document.getElementById('calendar-cells'), document.getElementById('calendar-says'));
startList([...document.querySelectorAll('[data-row]')]);
startMenus();
if (document.querySelector('[data-pending]') !== null) lookAgain(1);

/** One tab stop; arrows go by day and by week to the next night that has something. */
function startCalendar(cells, says) {
  if (cells === null) return;
  const links = [...cells.querySelectorAll('a')];
  const byDay = new Map(links.map((link) => [dayOf(link), link]));
  const days = [...byDay.keys()].sort((a, b) => a - b);

  const goTo = (link) => {
    if (link === undefined) return;
    for (const other of links) other.setAttribute('tabindex', other === link ? '0' : '-1');
    link.focus();
    link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const say = (event) => {
    says.textContent = event.target.closest('a')?.getAttribute('aria-label') ?? '';
  };

  cells.addEventListener('keydown', (event) => {
    const link = event.target.closest('a');
    if (link === null || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) goTo(next(dayOf(link), step));
    else if (event.key === 'Home') goTo(byDay.get(days[0]));
    else if (event.key === 'End') goTo(byDay.get(days.at(-1)));
    else return;
    event.preventDefault();
  });
  // Of what is drawn, all that listens to the focus would be a tab stop.
  cells.ownerSVGElement.parentElement.addEventListener('focusin', say);
  cells.addEventListener('pointerover', say);
  cells.addEventListener('pointerleave', () => {
    says.textContent = '';
  });

  /** The nearest night that way: of the same weekday for weeks, if there is one. */
  function next(day, step) {
    for (let at = day + step; at >= days[0] && at <= days.at(-1); at += step) {
      if (byDay.has(at)) return byDay.get(at);
    }
    return undefined;
  }
}

function dayOf(link) {
  return Math.round(Date.parse(link.dataset.night) / DAY_MS);
}

/** `J` and `K` go down and up, `Enter` opens. */
function startList(rows) {
  if (rows.length === 0) return;
  let current = -1;
  document.getElementById('key-hint').hidden = false;
  document.addEventListener('keydown', (event) => {
    if (!isCommand(event)) return;
    const { key } = event;
    const isIdle = event.target === document.body || event.target.closest('[data-row]') !== null;
    if (key === 'j') choose(Math.min(current + 1, rows.length - 1));
    else if (key === 'k') choose(Math.max(current - 1, 0));
    else if (key === 'Enter' && isIdle && current >= 0 && event.target.closest('a') === null) {
      rows[current].querySelector('[data-open]').click();
    } else return;
    event.preventDefault();
  });

  function choose(at) {
    rows[current]?.classList.remove('is-current');
    current = at;
    rows[current].classList.add('is-current');
    rows[current].querySelector('[data-open]').focus();
    rows[current].scrollIntoView({ block: 'nearest' });
  }
}

/** A menu closes when one goes elsewhere. */
function startMenus() {
  for (const menu of document.querySelectorAll('details.menu')) {
    const close = (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('focusin', close);
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.open = false;
      menu.querySelector('summary').focus();
      event.preventDefault();
    });
  }
}

/** Asks for the page again until it is known what calibrations its nights lack; gives up after a while. */
function lookAgain(tries) {
  const WAIT_MS = 1200;
  const MOST = 6;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      takeOver(page, '.hero-todo');
      for (const cell of document.querySelectorAll('.night-state[data-pending]')) {
        const url = cell.closest('[data-row]').querySelector('[data-open]').href;
        const same = [...page.querySelectorAll('[data-row]')].find(
          (row) => row.querySelector('[data-open]').href === url,
        );
        const fresh = same?.querySelector('.night-state');
        if (fresh) cell.replaceWith(document.adoptNode(fresh));
      }
      const isDone = document.querySelector('[data-pending]') === null;
      if (!isDone && tries < MOST) lookAgain(tries + 1);
    } catch {
      // Without a connection the page stays as it is; it says itself what is not known.
    }
  }, WAIT_MS * tries);
}

function takeOver(page, selector) {
  const here = document.querySelector(`${selector}[data-pending]`);
  const there = page.querySelector(selector);
  if (here !== null && there !== null) here.replaceWith(document.adoptNode(there));
}
