// Every page: theme, clocks, keys. Each page works without this.

import { isCommand } from './common.js';
import './fields.js';

const root = document.documentElement;
const base = document.body.dataset.base ?? '';
const YEAR_SEC = 31_536_000;

/** @param {string} theme auto, light, dark or red */
function setTheme(theme) {
  root.dataset.theme = theme;
  remember('theme', theme);
  if (theme === 'red') remember('night-offer', 'no');
  for (const button of document.querySelectorAll('[data-theme-name]')) {
    const holds = button.dataset.themeName === theme;
    button.setAttribute('aria-pressed', String(holds));
    button.value = holds ? 'auto' : button.dataset.themeName;
  }
  const colours = { red: '#0b0000', dark: '#121417', light: '#ffffff' };
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const colour = colours[theme] ?? (isDark ? colours.dark : colours.light);
  tameTips();
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.content = colour;
  document.dispatchEvent(new CustomEvent('themechange', { detail: theme }));
  keepWithAccount(theme);
}

function remember(name, value) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${name}=${value}; path=/; max-age=${5 * YEAR_SEC}; samesite=lax${secure}`;
}

/** The account of who is signed in remembers it too; if that fails, this browser still does. */
function keepWithAccount(theme) {
  const { person, csrf, csrfField } = document.body.dataset;
  if (person === undefined) return;
  const body = new URLSearchParams({ [csrfField]: csrf, theme, back: '/' });
  const sent = { method: 'POST', body, redirect: 'manual', keepalive: true };
  fetch(`${base}/theme/`, sent).catch(() => undefined);
}

/** Tips are drawn by the system, in white: in red there are none. */
function tameTips() {
  const isRed = root.dataset.theme === 'red';
  // Without a title of its own, even an empty one, a chooser of files has the tip of the system.
  for (const chooser of document.querySelectorAll('input[type="file"]')) {
    if (isRed) chooser.setAttribute('title', '');
    else if (chooser.title === '') chooser.removeAttribute('title');
  }
  for (const element of document.querySelectorAll(
    isRed ? '[title]:not([title=""])' : '[data-tip]',
  )) {
    if (isRed) {
      element.dataset.tip = element.title;
      element.removeAttribute('title');
    } else element.title = element.dataset.tip;
  }
}

tameTips();

for (const form of document.querySelectorAll('form.themes, form.offer')) {
  form.addEventListener('submit', (event) => {
    const { submitter } = event;
    if (submitter === null) return;
    event.preventDefault();
    if (submitter.name === 'theme') setTheme(submitter.value);
    else remember('night-offer', 'no');
    document.querySelector('form.offer')?.remove();
  });
}

/** Night vision on, and back to what was before. */
function toggleRed() {
  const before = sessionStorage.getItem('theme-before-red') ?? 'auto';
  if (root.dataset.theme === 'red') setTheme(before);
  else {
    sessionStorage.setItem('theme-before-red', root.dataset.theme ?? 'auto');
    setTheme('red');
  }
}

/** Local mean sidereal time, `HH:MM`; good to a second for decades, which a clock of minutes is not. */
function siderealTime(date, longitudeDeg) {
  const days = date.getTime() / 86_400_000 + 2_440_587.5 - 2_451_545;
  const degrees = 280.46061837 + 360.98564736629 * days + longitudeDeg;
  const minutes = Math.floor((((degrees % 360) + 360) % 360) * 4);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** Keeps the clocks going that the server has set. */
function runClocks(clocks) {
  const { zone, longitude } = clocks.dataset;
  const local =
    zone === '' ? null : new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: zone });
  const set = (name, text) => {
    const figure = clocks.querySelector(`[data-clock="${name}"]`);
    if (figure !== null) figure.textContent = text;
  };
  const show = () => {
    const now = new Date();
    set('utc', now.toISOString().slice(11, 16));
    if (local !== null) set('local', local.format(now));
    if (longitude !== '') set('lst', siderealTime(now, Number(longitude)));
    setTimeout(show, 60_000 - (Date.now() % 60_000));
  };
  show();
}

const clocks = document.getElementById('clocks');
if (clocks !== null) runClocks(clocks);

const menu = document.getElementById('menu');

document.addEventListener('click', ({ target }) => {
  if (menu?.open && !menu.contains(target)) menu.open = false;
});

const keysDialog = document.getElementById('keys');

/** In red the list is not modal: the layer that makes all red does not reach above the page. */
function showKeys() {
  if (keysDialog.open) keysDialog.close();
  else if (root.dataset.theme === 'red') keysDialog.show();
  else keysDialog.showModal();
}

const PLACES = {
  n: '/nights/',
  f: '/frames/',
  t: '/targets/',
  o: '/tonight/',
  u: '/upload/',
  a: '/account/',
};
const GO_MS = 700;
let going;

/** `g` waits for the letter of a place; alone it is the key of a link like any other. */
function startGoing() {
  going = setTimeout(() => {
    going = undefined;
    follow('g');
  }, GO_MS);
}

/** Follows the link that has this key: `<a data-key="ArrowLeft">`. */
function follow(key) {
  const link = [...document.querySelectorAll('[data-key]')].find(
    ({ dataset }) => dataset.key === key,
  );
  link?.click();
  return link !== undefined;
}

function closeMenu() {
  menu.open = false;
  menu.querySelector('summary').focus();
}

/** @returns true if the key meant something */
function obey(event) {
  const { key } = event;
  if (going !== undefined) {
    clearTimeout(going);
    going = undefined;
    if (key in PLACES) {
      location.href = base + PLACES[key];
      return true;
    }
  }
  if (key === '?') showKeys();
  else if (key === 'R') toggleRed();
  else if (key === 'Escape' && menu?.open) closeMenu();
  else if (keysDialog.open) return false;
  else if (key === '/') document.getElementById('search')?.focus();
  else if (key === 'g') startGoing();
  else if (key === 'G') return follow('g');
  else return follow(key);
  return true;
}

document.addEventListener('keydown', (event) => {
  if (isCommand(event)) {
    if (obey(event)) event.preventDefault();
  } else if (event.key === 'Escape' && keysDialog.open) {
    keysDialog.close(); // as the browser does where it is modal
  } else if (event.key === 'Escape' && event.target instanceof HTMLElement) {
    event.target.blur();
  }
});
