// Upload: drop zone, a line for each file with its progress and outcome, and the sums of all.

import { formatBytes } from './common.js';
import { createMemory, filesOfDrop, filesOfInput, isOther, keyOf } from './upload-files.js';
import { createQueue } from './upload-queue.js';

const byId = (id) => document.getElementById(id);
const form = byId('drop');
const batch = byId('batch');
const list = byId('batch-files');
const { create, csrf, max, sprite } = form.dataset;
const loginUrl = create.replace(/frames\/create\/$/, `accounts/login/?next=/upload/`);

const memory = createMemory();
const lines = new Map();
const skipped = [];
let others = 0;
let name = '';
let beganMs = 0;
let drawing = false;

const queue = createQueue({
  url: create,
  // Who signs in again in another tab gets another token.
  csrf: () => /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? csrf,
  maxBytes: Number(max),
  changed(item) {
    if (!lines.has(item)) lines.set(item, makeLine(item));
    if (item.state === 'done') {
      memory.finish(item.key ?? '', item.result.status !== 'refused');
      if (item.result.status === 'refused') void showQuarantine();
    }
    draw(item);
  },
  signedOut(status, detail) {
    const isOld = detail.startsWith('CSRF');
    const told = isOld ? 'This page does not belong to your sign-in any more.' : detail;
    const words = status === 401 ? 'You are signed out.' : told;
    say(`${words} Nothing is lost: sign in in another tab, then go on.`, loginUrl);
  },
});

byId('drop-title').textContent = 'Drop files or whole folders here';
byId('send').hidden = true;
byId('choose-folder').hidden = false;
for (const id of ['files', 'folder']) {
  byId(id).addEventListener('change', (event) => {
    add(filesOfInput(event.target));
    event.target.value = '';
  });
}
byId('choose-folder').addEventListener('click', () => byId('folder').click());
form.addEventListener('submit', (event) => event.preventDefault());

for (const type of ['dragenter', 'dragover']) {
  document.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    form.classList.add('is-over');
  });
}
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) form.classList.remove('is-over');
});
document.addEventListener('drop', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  form.classList.remove('is-over');
  filesOfDrop(event.dataTransfer).then(add, (error) => {
    say(`What was dropped cannot be read: ${error.message}. Nothing was sent.`);
  });
});

// A batch that is running is lost with the page: ask before.
window.addEventListener('beforeunload', (event) => {
  if (counts().open > 0) event.preventDefault();
});

byId('batch-pause').addEventListener('click', () => {
  if (queue.isPaused()) queue.resume();
  else queue.pause();
  say('');
  report();
});
byId('batch-retry').addEventListener('click', () => queue.retry());
byId('batch-anyway').addEventListener('click', () => {
  for (const each of skipped.splice(0)) send(each);
  report();
});
byId('batch-trouble').addEventListener('click', ({ currentTarget: button }) => {
  const isOn = list.classList.toggle('is-only-trouble');
  button.setAttribute('aria-pressed', String(isOn));
});

if (memory.left.length > 0) {
  const files = memory.left.length === 1 ? '1 file was' : `${memory.left.length} files were`;
  say(
    `${files} still to be sent when this page was left. Drop the same again: what is stored is skipped.`,
  );
}

function add({ files, name: folder }) {
  if (files.length === 0) return;
  say('');
  name = name === '' || name === folder ? folder : 'Several folders';
  if (counts().open === 0) beganMs = Date.now();
  for (const each of files) {
    if (isOther(each)) others += 1;
    else if (memory.isDone(keyOf(each))) skipped.push(each);
    else send(each);
  }
  report();
}

function send(each) {
  const key = keyOf(each);
  memory.begin(key);
  queue.add(each.file, each.path).key = key;
}

// What is shown

function makeLine({ file, path }) {
  const row = document.createElement('li');
  const icon = document.createElement('span');
  const label = document.createElement('span');
  const size = document.createElement('span');
  const progress = document.createElement('progress');
  const state = document.createElement('span');
  const note = document.createElement('span');
  label.className = 'file-name mono';
  label.textContent = file.name;
  label.title = path;
  size.className = 'file-size';
  size.textContent = formatBytes(file.size);
  progress.max = 1;
  progress.hidden = true;
  progress.setAttribute('aria-label', `Sending ${file.name}`);
  state.className = 'file-state';
  note.className = 'file-time';
  row.append(icon, label, size, progress, state, note);
  list.append(row);
  return { row, icon, progress, state, note, kind: '', text: '' };
}

function draw(item) {
  const line = lines.get(item);
  const { kind, text, url = '', note = '' } = wordsOf(item);
  line.progress.hidden = item.state !== 'sending' && item.state !== 'broken';
  line.progress.value = item.file.size === 0 ? 1 : item.sent / item.file.size;
  line.note.textContent = note;
  if (line.text !== text || line.kind !== kind) {
    line.text = text;
    line.row.className = kind === '' ? '' : `is-${kind}`;
    if (line.kind !== kind) {
      line.kind = kind;
      const icon = kind === '' ? document.createElement('span') : makeIcon(kind);
      line.icon.replaceWith(icon);
      line.icon = icon;
    }
    line.state.replaceChildren(url === '' ? text : makeLink(text, url));
  }
  report();
}

/** What there is to say of a file; the page without scripts says the same in the same words. */
function wordsOf({ state, file, sent, reason, tries, againMs, result }) {
  if (state === 'waiting') return { kind: '', text: 'waiting' };
  if (state === 'sending') {
    const text = sent < file.size ? 'sending' : 'being filed';
    return { kind: '', text, note: tries > 1 ? `try ${tries}` : '' };
  }
  if (state === 'too-large') {
    return {
      kind: 'bad',
      text: `not sent: larger than the archive takes (${formatBytes(Number(max))})`,
    };
  }
  if (state === 'broken') {
    const broke = sent > 0 ? `broke at ${formatBytes(sent)}` : 'no connection';
    const text =
      reason === '' ? `${broke}, goes on by itself` : `${reason} It is sent again by itself.`;
    return { kind: 'warn', text, note: `try ${tries + 1} at ${timeOf(againMs)} UTC` };
  }
  if (state === 'failed')
    return { kind: 'bad', text: `not stored: ${reason} Nothing is lost; send it again.` };
  return wordsOfResult(result);
}

function wordsOfResult(result) {
  const { status, id, error, version, basename, warnings = [] } = result;
  const url = id === null || id === undefined ? '' : create.replace(/create\/$/, `${id}/`);
  if (status === 'refused') return { kind: 'bad', text: `quarantined: ${error}` };
  const said =
    status === 'already-there'
      ? 'already here, same bytes'
      : `stored as ${status === 'new-version' ? `version ${version} of ` : ''}${basename}`;
  return { kind: 'tick', text: [said, ...warnings].join(' · '), url };
}

function timeOf(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}

function makeLink(text, url) {
  const link = document.createElement('a');
  link.href = url;
  link.textContent = text;
  return link;
}

function makeIcon(kind) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${sprite}#${kind}`);
  svg.append(use);
  return svg;
}

function say(text, url = '') {
  const notice = byId('batch-notice');
  notice.hidden = text === '';
  if (text !== '') batch.hidden = false;
  notice.replaceChildren(text, ...(url === '' ? [] : [' ', makeLink('Sign in', url)]));
}

function counts() {
  const sum = {
    files: 0,
    bytes: 0,
    sent: 0,
    stored: 0,
    known: 0,
    refused: 0,
    failed: 0,
    broken: 0,
    open: 0,
  };
  for (const { state, file, sent, result } of queue.items) {
    sum.files += 1;
    sum.bytes += file.size;
    if (state === 'done') sum.sent += file.size;
    else sum.sent += state === 'sending' ? sent : 0;
    if (state === 'failed' || state === 'too-large') sum.failed += 1;
    else if (state !== 'done') sum.open += 1;
    else if (result.status === 'refused') sum.refused += 1;
    else if (result.status === 'already-there') sum.known += 1;
    else sum.stored += 1;
    if (state === 'broken') sum.broken += 1;
  }
  return sum;
}

/** Once for each picture of the screen: hundreds of files tell of their progress. */
function report() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    show(counts());
  });
}

function show(sum) {
  const { files, bytes, sent, stored, known, refused, failed, broken, open } = sum;
  batch.hidden = batch.hidden && files + skipped.length + others === 0;
  const done = files - open;
  byId('batch-title').textContent =
    `${name === '' ? 'This upload' : name} · ${done} of ${files} files`;
  byId('batch-size').textContent = [formatBytes(sent), `of ${formatBytes(bytes)}`, ...paceOf(sum)]
    .join(' · ')
    .replace(' · of', ' of');
  byId('batch-progress').hidden = files === 0;
  byId('batch-progress').value = bytes === 0 ? 1 : sent / bytes;
  const parts = [
    [stored, 'stored', ''],
    [known, 'already here', ''],
    [refused, 'quarantined', 'bad-text'],
    [failed, 'not stored', 'bad-text'],
    [broken, 'broke off', 'warn-text'],
    [open - broken, 'to go', ''],
    [skipped.length, 'sent before', ''],
    [others, 'left out, no frames by their names', ''],
  ];
  byId('batch-counts').replaceChildren(
    ...parts
      .filter(([count]) => count > 0)
      .map(([count, words, className]) => {
        const span = document.createElement('span');
        span.className = className;
        span.textContent = `${count} ${words}`;
        return span;
      }),
  );
  byId('batch-pause').hidden = open === 0;
  byId('batch-pause-words').textContent = !queue.isPaused()
    ? 'Pause'
    : queue.isRunning()
      ? 'Pausing, go on'
      : 'Go on';
  byId('batch-retry').hidden = failed === 0;
  byId('batch-anyway').hidden = skipped.length === 0;
  byId('batch-trouble').hidden = refused + failed + broken === 0;
}

/** Speed and what is left, once there is something to tell it by. */
function paceOf({ bytes, sent, open }) {
  const seconds = (Date.now() - beganMs) / 1000;
  if (open === 0 || seconds < 2 || sent === 0 || queue.isPaused()) return [];
  const rate = sent / seconds;
  const left = Math.round((bytes - sent) / rate);
  const words = left < 90 ? `${left}\u202fs` : `${Math.round(left / 60)}\u202fmin`;
  return [`${formatBytes(rate)}/s`, `${words} left`];
}

/** A file that was refused is shown below with its repair at once, and the upload among the earlier ones. */
async function showQuarantine() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const id of ['quarantine', 'earlier']) {
    const [now, next] = [document, fresh].map((each) => each.getElementById(id));
    if (now !== null && next !== null) now.replaceWith(document.importNode(next, true));
  }
}
