// Upload: drop zone, three files at a time, one line for each with its progress and outcome.

import { formatBytes } from './common.js';

const AT_ONCE = 3;
const form = document.getElementById('drop');
const input = document.getElementById('files');
const batch = document.getElementById('batch');
const title = document.getElementById('batch-title');
const total = document.getElementById('batch-progress');
const list = document.getElementById('batch-files');
const { create, csrf, max, sprite } = form.dataset;

/** Files that wait, and what became of the others. */
const waiting = [];
const counts = { files: 0, done: 0, stored: 0, known: 0, refused: 0, failed: 0 };
let running = 0;
let bytes = 0;
let bytesSent = 0;

document.getElementById('drop-title').textContent = 'Drop files or whole folders here';
document.getElementById('send').hidden = true;

input.addEventListener('change', () => {
  add([...input.files]);
  input.value = '';
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  add([...input.files]);
});

for (const name of ['dragenter', 'dragover']) {
  document.addEventListener(name, (event) => {
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
  const entries = [...event.dataTransfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  void Promise.all(entries.map(filesOf)).then((lists) => {
    add(lists.flat());
  });
});

// A batch that is running is lost with the page: ask before.
window.addEventListener('beforeunload', (event) => {
  if (running > 0) event.preventDefault();
});

/** All files of a dropped entry; folders are opened, hidden files left out. */
async function filesOf(entry) {
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile)
    return [
      await new Promise((resolve, reject) => {
        entry.file(resolve, reject);
      }),
    ];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // One call gives at most a hundred entries.
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return (await Promise.all(found.map(filesOf))).flat();
    found.push(...some);
  }
}

function add(files) {
  if (files.length === 0) return;
  batch.hidden = false;
  total.hidden = false;
  for (const file of files) {
    counts.files += 1;
    bytes += file.size;
    waiting.push({ file, line: makeLine(file) });
  }
  report();
  startNext();
}

function startNext() {
  while (running < AT_ONCE && waiting.length > 0) {
    const { file, line } = waiting.shift();
    running += 1;
    void send(file, line).then((kind) => {
      running -= 1;
      counts.done += 1;
      counts[kind] += 1;
      report();
      startNext();
    });
  }
}

/** Sends one file. @returns which of the counts it belongs to */
function send(file, line) {
  return new Promise((resolve) => {
    if (file.size > Number(max)) {
      finish(line, 'bad', `not sent: larger than the archive takes (${formatBytes(Number(max))})`);
      bytesSent += file.size;
      resolve('failed');
      return;
    }
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append('file', file, file.name);
    let sent = 0;
    request.upload.addEventListener('progress', (event) => {
      const share = event.total === 0 ? 1 : event.loaded / event.total;
      bytesSent += share * file.size - sent;
      sent = share * file.size;
      line.progress.value = share;
      line.state.dataset.text = share < 1 ? 'sending' : 'being filed';
      report();
    });
    request.addEventListener('loadend', () => {
      bytesSent += file.size - sent;
      resolve(judge(request, line));
    });
    request.open('POST', create);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', csrf);
    line.state.replaceChildren(line.progress);
    request.send(body);
  });
}

/** Shows what the archive said about a file. */
function judge(request, line) {
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // No answer, or none of ours (a proxy's page): the status says what there is to say.
  }
  const [result] = answer.files ?? [];
  if (request.status === 401 || request.status === 403) {
    const back = encodeURIComponent(location.pathname);
    const login = create.replace(/frames\/create\/$/, `accounts/login/?next=${back}`);
    finish(line, 'bad', 'not stored: you are signed out. Sign in, then send it again.', login);
    return 'failed';
  }
  if (request.status !== 200 || result === undefined) {
    const reason =
      answer.detail ?? (request.status === 0 ? 'the connection broke' : `status ${request.status}`);
    finish(line, 'bad', `not stored: ${reason} Nothing is lost; send it again.`);
    return 'failed';
  }
  if (result.status === 'failed') {
    finish(line, 'warn', `not stored: ${result.error} Nothing is lost; send it again.`);
    return 'failed';
  }
  const url =
    result.id === null || result.id === undefined
      ? ''
      : create.replace(/create\/$/, `${result.id}/`);
  if (result.status === 'refused') {
    finish(line, 'bad', `quarantined: ${result.error}`);
    return 'refused';
  }
  if (result.status === 'already-there') {
    finish(line, 'tick', withWarnings('already here, same bytes', result), url);
    return 'known';
  }
  const version = result.status === 'new-version' ? `version ${result.version} of ` : '';
  finish(line, 'tick', withWarnings(`stored as ${version}${result.basename}`, result), url);
  return 'stored';
}

/** What happened, and what was odd about it. */
function withWarnings(text, { warnings = [] }) {
  return [text, ...warnings].join(' · ');
}

function makeLine(file) {
  const row = document.createElement('li');
  const icon = document.createElement('span');
  const name = document.createElement('span');
  const size = document.createElement('span');
  const state = document.createElement('span');
  const progress = document.createElement('progress');
  name.className = 'file-name mono';
  name.textContent = file.name;
  size.className = 'file-size';
  size.textContent = formatBytes(file.size);
  state.className = 'file-state';
  state.textContent = 'waiting';
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute('aria-label', `Sending ${file.name}`);
  row.append(icon, name, size, state);
  list.append(row);
  return { row, icon, state, progress };
}

function finish({ row, icon, state }, kind, text, url = '') {
  row.className = `is-${kind}`;
  icon.replaceWith(makeIcon(kind));
  if (url === '') state.textContent = text;
  else {
    const link = document.createElement('a');
    link.href = url;
    link.textContent = text;
    state.replaceChildren(link);
  }
}

function makeIcon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function report() {
  const { files, done, stored, known, refused, failed } = counts;
  const parts = [`${done} of ${files} files · ${formatBytes(bytes)}`];
  if (stored > 0) parts.push(`${stored} stored`);
  if (known > 0) parts.push(`${known} already here`);
  if (refused > 0) parts.push(`${refused} quarantined`);
  if (failed > 0) parts.push(`${failed} not stored`);
  title.textContent = parts.join(' · ');
  total.value = bytes === 0 ? 1 : bytesSent / bytes;
}
