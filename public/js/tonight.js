// Tonight: follows what happens, shows the time, and raises the alarm. The server decides how it goes:
// at each event the page is asked for again, and its parts are put in place of the old ones.

const root = document.getElementById('tonight');
const state = document.getElementById('wall-state');
const lost = document.getElementById('wall-lost');
const soundButton = document.getElementById('sound');
const SILENT_MS = 15 * 60_000;
/** The archive gives a sign of life every ten seconds. */
const LOST_MS = 30_000;
const REFRESH_MS = 30_000;
/** Frames that come together are shown together. */
const GATHER_MS = 250;
const BEEP_MS = 4000;
const title = document.title;

/** How far the clock of the archive is ahead of this one. */
let aheadMs = Number(root.dataset.now) - Date.now();
let lastSignMs = performance.now();
let shownMs = Date.now() + aheadMs;
let isLost = false;
let isSignedOut = false;

const now = () => Date.now() + aheadMs;
const minuteOf = (ms) => new Date(ms).toISOString().slice(11, 16);

// Time

/** Local mean sidereal time, `HH:MM`. */
function siderealTime(ms, longitudeDeg) {
  const days = ms / 86_400_000 + 2_440_587.5 - 2_451_545;
  const degrees = 280.46061837 + 360.98564736629 * days + longitudeDeg;
  const minutes = Math.floor((((degrees % 360) + 360) % 360) * 4);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

const { zone, longitude } = root.dataset;
const local =
  zone === ''
    ? undefined
    : new Intl.DateTimeFormat('en-GB', {
        timeZone: zone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      });

function setText(id, text) {
  const element = document.getElementById(id);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

/** Relative times are told below an hour; the server writes what is older. */
function ageOf(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 90 ? `${seconds}\u202fs` : `${Math.floor(seconds / 60)}\u202fmin`;
}

function showTime() {
  const ms = now();
  setText('wall-utc', minuteOf(ms));
  if (local !== undefined) setText('wall-local', local.format(ms));
  if (longitude !== '') setText('wall-lst', siderealTime(ms, Number(longitude)));
  for (const element of root.querySelectorAll('[data-since]')) {
    element.textContent = ageOf(ms - Number(element.dataset.since));
  }
}

// What is new

let asking;
let gathering;

/** Puts the parts of the page as it is now in place of those that differ. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    isSignedOut = true;
    return;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const there = fresh.getElementById('tonight');
  if (there === null) {
    isSignedOut = true;
    return;
  }
  aheadMs = Number(there.dataset.now) - Date.now();
  shownMs = now();
  for (const part of root.querySelectorAll('[data-part]')) {
    const next = fresh.getElementById(part.id);
    if (next !== null) await replace(part, next);
  }
}

async function replace(part, next) {
  if (part.dataset.kept === next.innerHTML) return;
  const image = part.id === 'wall-picture' ? next.querySelector('img') : null;
  if (image !== null) {
    const before = part.querySelector('img');
    const isNew = before?.getAttribute('src') !== image.getAttribute('src');
    // The old one stays until the new one can be shown whole.
    if (isNew) await load(image.getAttribute('src'));
    image.classList.toggle('is-new', isNew && before !== null);
  }
  const kept = next.innerHTML;
  part.className = next.className;
  for (const name of ['kind', 'title', 'next']) {
    if (next.dataset[name] !== undefined) part.dataset[name] = next.dataset[name];
  }
  const hadFocus = part.contains(document.activeElement) ? document.activeElement : null;
  part.replaceChildren(...[...next.childNodes].map((node) => document.importNode(node, true)));
  part.dataset.kept = kept;
  const href = hadFocus?.getAttribute('href') ?? '';
  if (hadFocus !== null) {
    const same = [...part.querySelectorAll('a, button')].find(
      (each) => each.getAttribute('href') === href,
    );
    (same ?? part.querySelector('a, button'))?.focus();
  }
}

async function load(source) {
  const image = new Image();
  image.src = source;
  await image.decode().catch(() => undefined); // a picture that cannot be had shows its words
}

function refreshSoon() {
  gathering ??= setTimeout(() => {
    gathering = undefined;
    asking = (asking ?? Promise.resolve())
      .then(refresh)
      .catch(() => undefined) // the signs of life tell whether it is there
      .then(judge);
  }, GATHER_MS);
}

setInterval(refreshSoon, REFRESH_MS);

const source = new EventSource(root.dataset.events);
function sign(event) {
  lastSignMs = performance.now();
  if (event.type === 'beat') aheadMs = Date.parse(JSON.parse(event.data).now) - Date.now();
  if (isLost) refreshSoon();
  judge();
}
source.addEventListener('beat', sign);
for (const type of ['stored', 'replaced', 'restored', 'measured', 'removed']) {
  source.addEventListener(`frame.${type}`, (event) => {
    sign(event);
    refreshSoon();
  });
}
source.addEventListener('reset', (event) => {
  sign(event);
  refreshSoon();
});
source.addEventListener('end', () => {
  isSignedOut = true;
  judge();
});
source.addEventListener('error', () => {
  // A browser gives up where it was refused; else it tries again by itself.
  if (source.readyState === EventSource.CLOSED) {
    refreshSoon();
    lastSignMs = Math.min(lastSignMs, performance.now() - LOST_MS);
  }
  judge();
});

// The alarm

const isSoundOn = () => localStorage.getItem('tonight-sound') === 'on';
const silentUntil = () => Number(sessionStorage.getItem('tonight-silent') ?? 0);
let player;

function beep() {
  if (player === undefined || player.state !== 'running') return;
  for (const [at, frequency] of [
    [0, 880],
    [0.28, 660],
  ]) {
    const tone = player.createOscillator();
    const gain = player.createGain();
    const from = player.currentTime + at;
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(0.3, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + 0.24);
    tone.connect(gain).connect(player.destination);
    tone.start(from);
    tone.stop(from + 0.25);
  }
}

/** Browsers let a page sound only after somebody has touched it. */
function wakePlayer() {
  if (!isSoundOn()) return;
  player ??= new AudioContext();
  void player.resume().then(judge);
}

function showSound() {
  const words = !isSoundOn()
    ? 'Sound off'
    : player?.state === 'running'
      ? 'Sound on'
      : 'Sound on after a click';
  soundButton.setAttribute('aria-pressed', String(isSoundOn()));
  soundButton.querySelector('span').textContent = words;
}

function silence() {
  if (!isAlarm()) return;
  sessionStorage.setItem('tonight-silent', String(Date.now() + SILENT_MS));
  judge();
}

const isAlarm = () => isLost || state.dataset.kind === 'alarm';

/** Shows what holds now: the alarm, its sound, a lost connection. */
function judge() {
  const isAway = isSignedOut || performance.now() - lastSignMs > LOST_MS;
  if (isAway !== isLost) {
    isLost = isAway;
    lost.hidden = !isLost;
    state.hidden = isLost;
    if (isLost) setText('lost-since', minuteOf(shownMs));
  }
  if (isSignedOut) setText('lost-words', 'You are signed out: sign in again, and come back here.');
  const isSilent = silentUntil() > Date.now();
  for (const button of root.querySelectorAll('[data-silence]')) {
    button.hidden = !isAlarm() || !isSoundOn();
    const until = minuteOf(silentUntil() + aheadMs);
    button.querySelector('span').textContent = isSilent
      ? `Silent until ${until} UTC`
      : 'Silence 15 min';
  }
  const words = isLost ? 'Connection lost' : state.dataset.title;
  document.title = isAlarm() ? `! ${words} · ${title}` : title;
  showSound();
  return isAlarm() && !isSilent && isSoundOn();
}

soundButton.hidden = false;
soundButton.addEventListener('click', () => {
  localStorage.setItem('tonight-sound', isSoundOn() ? 'off' : 'on');
  wakePlayer();
  judge();
});
document.addEventListener('click', (event) => {
  wakePlayer();
  if (event.target instanceof Element && event.target.closest('[data-silence]') !== null) silence();
});
document.addEventListener('keydown', wakePlayer);

setInterval(() => {
  if (judge()) beep();
}, BEEP_MS);

setInterval(() => {
  showTime();
  const next = Number(state.dataset.next || Infinity);
  if (now() >= next) {
    state.dataset.next = '';
    refreshSoon();
  }
  judge();
}, 1000);
showTime();
judge();
