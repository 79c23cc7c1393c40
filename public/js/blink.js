// Frames one over the other, shown in turn.

import { isCommand } from './common.js';

const page = document.getElementById('blink');
const list = document.getElementById('layers');
const layers = [...(list?.children ?? [])];
const play = document.getElementById('play');
let at = 0;
let speed = Number(page.dataset.speed);
let timer;

function show(index) {
  at = (index + layers.length) % layers.length;
  layers.forEach((layer, i) => layer.classList.toggle('is-shown', i === at));
  page.dataset.shown = layers[at].dataset.id;
}

function setPlaying(isPlaying) {
  clearInterval(timer);
  timer = isPlaying ? setInterval(() => show(at + 1), 1000 / speed) : undefined;
  play.setAttribute('aria-pressed', String(isPlaying));
  document.getElementById('play-word').textContent = isPlaying ? 'Pause' : 'Play';
  play
    .querySelector('use')
    .setAttribute(
      'href',
      play.querySelector('use').href.baseVal.replace(/#.*/, isPlaying ? '#pause' : '#play'),
    );
  // Only who stops wants to be told which one it is: a screen reader cannot read as fast as pictures blink.
  document.getElementById('blink-now').textContent = isPlaying
    ? ''
    : `Shown: ${layers[at].dataset.name}`;
}

function step(way) {
  show(at + way);
  setPlaying(false);
}

function setSpeed(value) {
  speed = value;
  const url = new URL(location.href);
  url.searchParams.set('speed', String(value));
  history.replaceState(null, '', url);
  for (const button of document.querySelectorAll('[data-speed]')) {
    if (button !== page)
      button.setAttribute('aria-pressed', String(Number(button.dataset.speed) === value));
  }
  // The other choices keep it.
  for (const link of document.querySelectorAll('#tools a')) {
    const other = new URL(link.href);
    other.searchParams.set('speed', String(value));
    link.href = other.href;
  }
  if (timer !== undefined) setPlaying(true);
}

function changeSpeed(way) {
  const speeds = [...document.querySelectorAll('button[data-speed]')].map(({ dataset }) =>
    Number(dataset.speed),
  );
  const next = speeds[speeds.indexOf(speed) + way];
  if (next !== undefined) setSpeed(next);
}

function obey(event) {
  const onButton = event.target.closest?.('button, a, summary') !== null;
  if (event.key === ' ' && !onButton) setPlaying(timer === undefined);
  else if (event.key === 'ArrowLeft') step(-1);
  else if (event.key === 'ArrowRight') step(1);
  else if (event.key === '+' || event.key === '=') changeSpeed(1);
  else if (event.key === '-') changeSpeed(-1);
  else {
    const group = document.querySelector(`[data-cycle="${CSS.escape(event.key.toUpperCase())}"]`);
    if (group === null || event.shiftKey) return false;
    const links = [...group.querySelectorAll('a')];
    const now = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
    links[(now + 1) % links.length].click();
  }
  return true;
}

/** Pictures that cannot be held would make the others jump: all are there before the first change. */
async function start() {
  list.classList.add('is-stacked');
  document.getElementById('player').hidden = false;
  show(0);
  play.addEventListener('click', () => setPlaying(timer === undefined));
  for (const button of document.querySelectorAll('[data-step]')) {
    button.addEventListener('click', () => step(Number(button.dataset.step)));
  }
  for (const button of document.querySelectorAll('button[data-speed]')) {
    button.addEventListener('click', () => setSpeed(Number(button.dataset.speed)));
  }
  document.addEventListener('keydown', (event) => {
    if (isCommand(event) && obey(event)) event.preventDefault();
  });
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  await Promise.all(
    layers.map(async (layer) => {
      const picture = new Image();
      picture.src = layer.querySelector('image').href.baseVal;
      await picture.decode().catch(() => undefined);
    }),
  );
  page.dataset.ready = 'yes';
  setPlaying(!still);
}

if (layers.length > 1) void start();
