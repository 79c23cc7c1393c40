// One frame: the tool bar without reloading the page, cards filtered as one types, flags, keys.

import { isCommand } from './common.js';

const find = document.getElementById('find-card');
const rows = [...document.querySelectorAll('#cards tbody tr')];
const count = document.getElementById('card-count');
const texts = rows.map((row) => row.textContent.toLowerCase());
const isPhone = matchMedia('(max-width: 760px)').matches;

// On a phone the parts are rows that open; what a link or an error points to is open.
if (isPhone) {
  for (const part of document.querySelectorAll('details.part')) {
    const isWanted = part.id !== '' && `#${part.id}` === location.hash;
    part.open = isWanted || part.querySelector('[role="alert"]') !== null || find?.value !== '';
  }
}

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

const askPage = async (url, options = {}) => {
  const answer = await fetch(url, { ...options, headers: { Accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return { ok: answer.ok, page };
};

let asked = 0;

/** Takes over tools, picture and what is said of it from another answer of the same page. */
function takeOver(viewer, next) {
  const stage = viewer.querySelector('#stage');
  const other = next.querySelector('#stage');
  const isOtherImage = ['hdu', 'plane'].some((name) => stage.dataset[name] !== other.dataset[name]);
  const isOtherPicture = stage.dataset.look !== other.dataset.look;
  const { ready } = stage.dataset;
  for (const [name, value] of Object.entries(other.dataset)) stage.dataset[name] = value;
  if (ready !== undefined) stage.dataset.ready = ready;
  for (const part of ['#tools', '.plate', '#read-wcs']) {
    const [old, now] = [viewer.querySelector(part), next.querySelector(part)];
    if (old !== null && now !== null) old.replaceWith(now);
  }
  const detail = { isOtherImage, isOtherPicture };
  document.dispatchEvent(new CustomEvent('look:changed', { detail }));
}

/** The choices that are shown: the address without where one looks and which part is in sight. */
const choicesOf = (href) => {
  const url = new URL(href, location.href);
  url.searchParams.delete('at');
  return url.search;
};
let shown = choicesOf(location.href);

/**
 * Fetches the page with another choice and takes over its viewer; the address follows.
 *
 * @param how `push` for a choice, which "back" undoes; `replace` for what is dragged; `stay` if the
 *            address is there already
 */
async function swap(url, how) {
  const viewer = document.getElementById('viewer');
  const turn = (asked += 1);
  const label = document.activeElement?.textContent;
  viewer.dataset.busy = '';
  try {
    const { ok, page } = await askPage(url);
    const next = page.getElementById('viewer');
    const picture = next?.querySelector('.picture img');
    if (turn !== asked) return;
    if (!ok || !picture) throw new Error('no picture');
    // The old picture stays until the new one is there, so nothing flashes white at night.
    await picture.decode().catch(() => undefined);
    if (turn !== asked) return;
    const here = new URL(url, location.href);
    const at = new URL(location.href).searchParams.get('at');
    if (at !== null && !here.searchParams.has('hdu')) here.searchParams.set('at', at);
    const isNew = choicesOf(here) !== shown;
    shown = choicesOf(here);
    if (how === 'push' && isNew) history.pushState(null, '', here);
    else if (how !== 'stay') history.replaceState(null, '', here);
    takeOver(viewer, next);
    delete viewer.dataset.busy;
    [...document.querySelectorAll('[data-swap]')]
      .find((link) => link.textContent === label)
      ?.focus();
  } catch {
    location.href = url;
  }
}

let before = Promise.resolve();

/** One choice after the other: each is made from what the one before it has led to. */
function choose(find) {
  before = before.then(() => {
    const link = find();
    return link && swap(link.href, 'push');
  });
}

/** The link that a click was meant for, in a tool bar that may have been replaced meanwhile. */
function sameLink(link) {
  if (link.isConnected) return link;
  const nameOf = (each) => each.closest('[aria-label]')?.getAttribute('aria-label');
  const isSame = (each) => nameOf(each) === nameOf(link) && each.textContent === link.textContent;
  return [...document.querySelectorAll('a[data-swap]')].find(isSame) ?? link;
}

document.addEventListener('look:choose', ({ detail }) => void swap(detail, 'replace'));

addEventListener('popstate', () => {
  if (document.getElementById('stage') !== null && choicesOf(location.href) !== shown)
    void swap(location.href, 'stay');
});

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  for (const menu of document.querySelectorAll('details.pick[open]')) {
    if (!menu.contains(target)) menu.open = false;
  }
  const link = target?.closest('a[data-swap]') ?? null;
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)
    return;
  event.preventDefault();
  link.focus();
  choose(() => sameLink(link));
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    for (const menu of document.querySelectorAll('details.pick[open]')) menu.open = false;
  }
  if (event.shiftKey || !isCommand(event)) return;
  if (event.key === 'n') {
    const field = document.querySelector('#notes textarea');
    if (field === null) return;
    event.preventDefault();
    field.closest('details')?.setAttribute('open', '');
    field.focus();
    return;
  }
  const name = `[data-cycle="${CSS.escape(event.key.toUpperCase())}"]`;
  if (document.querySelector(name) === null) return;
  event.preventDefault();
  if (event.repeat) return;
  choose(() => {
    const links = [...document.querySelectorAll(`${name} a`)];
    const at = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
    return links[(at + 1) % links.length];
  });
});

// A flag is given without leaving the picture.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.id !== 'flags' || event.submitter === null) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  void giveFlag(form, body);
});

async function giveFlag(form, body) {
  const pressed = document.activeElement?.dataset.key;
  try {
    const { ok, page } = await askPage(form.action, { method: 'POST', body });
    const [flags, said] = ['flags', 'flag-now'].map((id) => page.getElementById(id));
    if (!ok || flags === null || said === null) throw new Error('not flagged');
    form.replaceWith(flags);
    document.getElementById('flag-now').replaceWith(said);
    flags.querySelector(`[data-key="${pressed}"]`)?.focus();
  } catch {
    // The usual way, which shows what is the matter.
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name: 'flag', value: body.get('flag') });
    form.append(field);
    form.submit();
  }
}

// The strip shows this frame in its middle.
const strip = document.querySelector('.strip');
const here = strip?.querySelector('[aria-current]');
if (strip && here)
  strip.scrollLeft =
    here.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + here.clientWidth / 2;

// A swipe along the line below the picture goes to the neighbour.
const steps = document.querySelector('.phone-steps');
let from;
steps?.addEventListener('touchstart', (event) => (from = event.touches[0].clientX), {
  passive: true,
});
steps?.addEventListener('touchend', (event) => {
  const way = event.changedTouches[0].clientX - from;
  if (Math.abs(way) < 60) return;
  steps.querySelector(way > 0 ? 'a:first-child' : 'a:last-child')?.click();
});
