// The panel of filters and everything that leads to another list: fetched, and put in the place of
// this one. Without this script all of it are plain links and forms.

import { isCommand } from './common.js';

const YEAR_SEC = 31_536_000;
/** What marks a link or form that leads to a list. */
const SWAP = '[data-swap]';

let onShown = () => undefined;
let pending;
let shown = addressOf(location.href);

/** @param {() => void} then called when another list stands in the page */
export function startFilters(then) {
  onShown = then;
  startPanel();
  dropDone();
  document.addEventListener('click', followLink);
  document.addEventListener('submit', sendForm);
  document.addEventListener('click', closeMenus);
  document.addEventListener('input', sizePlates);
  document.addEventListener('change', sendPlates);
  document.addEventListener('keydown', onKey);
  window.addEventListener('popstate', () => {
    // A place within the page is no other list.
    if (addressOf(location.href) !== shown) show(location.href, { isBack: true });
  });
}

function addressOf(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}

function startPanel() {
  const filters = document.getElementById('filters');
  filters.addEventListener('toggle', () => {
    const age = filters.open ? 0 : YEAR_SEC;
    document.cookie = `filters=closed; path=/; max-age=${age}; samesite=lax`;
  });
  startForm();
}

function startForm() {
  const form = document.getElementById('filter-form');
  form.addEventListener('change', (event) => {
    // Texts are sent when they are finished, with Enter; choices at once.
    if (['checkbox', 'radio'].includes(event.target.type)) send(form);
  });
}

/** What was done is told once: a reload does not tell it again. */
function dropDone() {
  const url = new URL(location.href);
  if (!url.searchParams.has('done')) return;
  for (const name of ['done', 'undo']) url.searchParams.delete(name);
  history.replaceState(null, '', url);
  shown = addressOf(url.href);
}

function isPlainClick(event) {
  const { button, ctrlKey, metaKey, shiftKey, altKey, defaultPrevented } = event;
  return button === 0 && !(ctrlKey || metaKey || shiftKey || altKey || defaultPrevented);
}

function followLink(event) {
  const link = event.target.closest(`a${SWAP}`);
  if (link === null || !isPlainClick(event)) return;
  event.preventDefault();
  show(link.href, { isPage: link.rel === 'next' || link.rel === 'prev' });
}

function sendForm(event) {
  const form = event.target;
  if (form.id !== 'filter-form' && !form.matches(`form${SWAP}`)) return;
  event.preventDefault();
  send(form);
  // On the phone the panel covers the list: whoever sends it wants to see that.
  if (form.id === 'filter-form' && location.hash === '#filters') location.hash = '#results';
}

/** The pictures of the sheet follow the slider at once; sharper ones come when it is let go. */
function sizePlates({ target }) {
  if (target.id !== 'plates') return;
  document.getElementById('selection').className = `plates-${target.value}`;
  target.setAttribute('aria-valuetext', target.dataset.words.split(',')[target.value - 1]);
}

function sendPlates({ target }) {
  if (target.id === 'plates') send(target.form);
}

/** The answer of the server has the address as one would share it. */
function send(form) {
  const url = new URL(form.action);
  const query = new URLSearchParams(new FormData(form));
  // Rows of conditions are read by their place, so their empty fields go along.
  for (const [name, value] of [...query]) {
    if (value === '' && !/^h[kov]$/.test(name)) query.delete(name, '');
  }
  if (!query.getAll('hk').some(Boolean) && !query.getAll('hv').some(Boolean)) {
    for (const name of ['hk', 'ho', 'hv']) query.delete(name);
  }
  url.search = query.toString();
  show(url.href, {});
}

/** Puts another list in the place of this one; whatever goes wrong, the browser goes there itself. */
async function show(url, { isBack = false, isPage = false }) {
  pending?.abort();
  const mine = new AbortController();
  pending = mine;
  document.getElementById('results').setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(url, { headers: { Accept: 'text/html' }, signal: mine.signal });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const results = page.getElementById('results');
    const form = page.getElementById('filter-form');
    if (mine.signal.aborted) return;
    if (results === null || form === null) throw new Error('no list');
    put(results, form);
    document.title = page.title;
    shown = addressOf(response.url);
    const hash = location.hash === '#filters' ? location.hash : '';
    if (!isBack && shown !== addressOf(location.href)) history.pushState(null, '', shown + hash);
    document.getElementById('list-status').textContent = results.querySelector('h1').textContent;
    if (isPage) scrollTo(0, 0);
    onShown();
  } catch {
    if (!mine.signal.aborted) location.assign(url);
  }
}

function put(results, form) {
  const held = holdPlace();
  document.getElementById('results').replaceWith(results);
  document.getElementById('filter-form').replaceWith(form);
  startForm();
  held();
}

/** Remembers what is open and has the focus. @returns puts it back */
function holdPlace() {
  const open = [...document.querySelectorAll('#filter-form details[data-group]')].map(
    ({ dataset, open: isOpen }) => [dataset.group, isOpen],
  );
  const menus = [...document.querySelectorAll('#results details[id][open]')].map(({ id }) => id);
  const top = document.querySelector('.filter-groups').scrollTop;
  const selector = selectorOf(document.activeElement);
  return () => {
    for (const [group, isOpen] of open) {
      const details = document.querySelector(`#filter-form details[data-group="${group}"]`);
      if (details !== null && isOpen) details.open = true;
    }
    for (const id of menus) {
      const details = document.getElementById(id);
      if (details !== null) details.open = true;
    }
    document.querySelector('.filter-groups').scrollTop = top;
    const next = selector === '' ? null : document.querySelector(selector);
    // A link that is gone, such as that of a chip, leaves the focus where the list begins.
    if (next !== null) next.focus({ preventScroll: true });
    else if (selector !== '') document.getElementById('main').focus({ preventScroll: true });
  };
}

/** How the same control is found on another page; '' if nothing that counts has the focus. */
function selectorOf(element) {
  if (!(element instanceof HTMLElement) || element.closest('#results, #filters') === null)
    return '';
  const { id, tagName, dataset } = element;
  const attribute = (name) => {
    const value = element.getAttribute(name);
    return value === null ? '' : `[${name}="${CSS.escape(value)}"]`;
  };
  if (id !== '') return `#${CSS.escape(id)}`;
  if (tagName === 'INPUT')
    return `input${attribute('name')}${attribute('type')}${choiceOf(element)}`;
  if (tagName !== 'A') return '#main';
  if (dataset.key !== undefined) return `a[data-key="${CSS.escape(dataset.key)}"]`;
  const column = element.closest('th');
  if (column !== null) return `th.${[...column.classList].map(CSS.escape).join('.') || 'x'} a`;
  return `a${attribute('aria-label') || attribute('href')}`;
}

function choiceOf({ type, value }) {
  return type === 'checkbox' || type === 'radio' ? `[value="${CSS.escape(value)}"]` : '';
}

/** Menus close by a click elsewhere and by Escape, which gives the focus back to what opened them. */
function closeMenus(event) {
  for (const menu of document.querySelectorAll('details.drop[open]')) {
    if (!menu.contains(event.target) && menu.isConnected) menu.open = false;
  }
}

function onKey(event) {
  const menu = document.querySelector('details.drop[open]');
  if (event.key === 'Escape' && menu !== null) {
    menu.open = false;
    menu.querySelector('summary').focus();
    event.preventDefault();
  } else if (event.key === '\\' && isCommand(event)) {
    const filters = document.getElementById('filters');
    filters.open = !filters.open;
    event.preventDefault();
  }
}
