// The list: selection across pages and views, keys. What is shown is swapped by filters.js.

import { formatBytes, isCommand } from './common.js';
import { startFilters } from './filters.js';
import { keepSelection, readSelection } from './selection.js';
import { inOrderOfTime, startStops } from './stops.js';

/** So many are selected at once at most; all of a longer list are fetched by its own menu. */
const MOST_SELECTED = 5000;
const ASKED_AT_ONCE = 1000;
/** What the list takes in one address. */
const ASKED_BY_ID = 500;

let list = startList();
startFilters(() => {
  list = startList();
});

startToast();

window.addEventListener('pageshow', () => list?.restore());

document.addEventListener('keydown', (event) => {
  if (!isCommand(event) || list === undefined) return;
  const done = list.obey(event);
  if (done) event.preventDefault();
});

/** It stays over other lists until it is closed; the way back leads to the list that is shown then. */
function startToast() {
  const toast = document.getElementById('toast');
  document.getElementById('toast-close')?.addEventListener('click', (event) => {
    event.preventDefault();
    toast.remove();
    document.getElementById('main').focus({ preventScroll: true });
  });
  document.getElementById('undo')?.addEventListener('submit', ({ target }) => {
    const base = document.body.dataset.base ?? '';
    target.elements.back.value = location.pathname.slice(base.length) + location.search;
  });
}

/** Takes the list of the page in hand; undefined if it is empty. */
function startList() {
  const form = document.getElementById('selection');
  if (form === null) return undefined;
  const selection = readSelection();
  const boxes = [...form.querySelectorAll('input[name="frame_ids[]"]')];
  const rows = [...form.querySelectorAll('[data-row]')];
  const nights = [...form.querySelectorAll('.lanes')];
  const bars = nights.flatMap((night) => inOrderOfTime([...night.querySelectorAll('[data-ids]')]));
  const groups = startGroups(form, boxes, update);
  const page = pageOf(new URLSearchParams(location.search));
  const parts = Object.fromEntries(
    ['bar', 'words', 'download', 'clear'].map((name) => [
      name,
      form.querySelector(`#selection-${name}`),
    ]),
  );
  let current = -1;
  let anchor = -1;
  document.getElementById('key-hint').hidden = false;

  function update() {
    for (const box of boxes) {
      if (!box.checked) selection.delete(box.value);
      else if (!selection.has(box.value)) {
        selection.set(box.value, { size: Number(box.dataset.size), page });
      }
    }
    keepSelection(selection);
    showSelection({ selection, bars, groups, parts });
  }

  /** What counts is the selection: coming back, the browser restores boxes as they were. */
  function restore() {
    selection.clear();
    for (const [id, what] of readSelection()) selection.set(id, what);
    for (const box of boxes) box.checked = selection.has(box.value);
    update();
  }

  function clearAll() {
    selection.clear();
    for (const box of boxes) box.checked = false;
    update();
  }

  /** Where J and K start from in a timeline: the bar that is in focus. */
  function followFocus() {
    const at = bars.indexOf(document.activeElement);
    if (at >= 0) current = at;
  }

  function moveTo(index) {
    if (rows.length === 0) {
      current = Math.max(0, Math.min(bars.length - 1, index));
      bars[current]?.focus();
      return;
    }
    rows[current]?.classList.remove('is-current');
    current = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[current];
    row.classList.add('is-current');
    row.querySelector('[data-open]').focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }

  /** What is selected from here on, or from the last one up to here: the first and the last place. */
  function reachOf(withRange) {
    const start = withRange && anchor >= 0 ? anchor : current;
    return [Math.min(start, current), Math.max(start, current)];
  }

  function toggle(withRange) {
    if (current < 0) return;
    const [from, to] = reachOf(withRange);
    const checked = withRange ? true : !boxes[current].checked;
    for (let index = from; index <= to; index += 1) boxes[index].checked = checked;
    anchor = current;
    update();
  }

  /** The same of bars; one that stands for several frames is all of them. */
  function toggleBars(withRange) {
    if (bars[current] === undefined) return;
    const [from, to] = reachOf(withRange);
    const framesOf = ({ dataset }) => {
      const sizes = dataset.sizes.split(' ').map(Number);
      return dataset.ids.split(' ').map((id, at) => [id, { size: sizes[at], page }]);
    };
    const frames = bars.slice(from, to + 1).flatMap(framesOf);
    const isOff = !withRange && frames.every(([id]) => selection.has(id));
    for (const [id, what] of frames) {
      if (isOff) selection.delete(id);
      else if (!selection.has(id)) selection.set(id, what);
    }
    anchor = current;
    update();
  }

  function download() {
    if (selection.size > 0) parts.download.click();
    else document.querySelector('.page-head .split > a.primary')?.click();
  }

  /** @returns true if the key meant something */
  function obey(event) {
    const key = event.key.toLowerCase();
    followFocus();
    if (key === 'j') moveTo(current + 1);
    else if (key === 'k') moveTo(current - 1);
    else if (key === 'x' && rows.length === 0) toggleBars(event.shiftKey);
    else if (key === 'x') toggle(event.shiftKey);
    else if (key === 'd' && !event.shiftKey) download();
    else if (key === 'f') openFlags(form);
    else if (event.key === 'Escape' && selection.size > 0) clearAll();
    else return false;
    return true;
  }

  for (const night of nights) {
    startStops(
      night,
      bars.filter((bar) => night.contains(bar)),
    );
  }
  startRange(boxes, update);
  startAll(form, boxes, (found) => {
    for (const [id, what] of found) if (!selection.has(id)) selection.set(id, what);
    for (const box of boxes) box.checked = selection.has(box.value);
    update();
  });
  form.addEventListener('change', update);
  parts.clear.addEventListener('click', clearAll);
  startSending(form, async () => {
    const gone = await listGone([...selection.keys()]);
    if (gone.length > 0) {
      for (const id of gone) selection.delete(id);
      for (const box of boxes) box.checked = selection.has(box.value);
      update();
      parts.words.textContent += ` · ${gone.length} not there any more`;
    }
    sendElsewhere(form, boxes, selection);
    return selection.size > 0;
  });
  restore();
  return { obey, restore };
}

/** Boxes that tick others: of the page, and of each target. */
function startGroups(form, boxes, update) {
  const all = form.querySelector('#check-all');
  const groups = [...form.querySelectorAll('.target')].map((section) => ({
    box: section.querySelector('.check-group'),
    members: [...section.querySelectorAll('input[name="frame_ids[]"]')],
  }));
  if (all !== null) groups.push({ box: all, members: boxes });
  const tick = (members, checked) => {
    for (const member of members) member.checked = checked;
    update();
  };
  for (const { box, members } of groups) {
    box.hidden = false;
    box.addEventListener('change', () => tick(members, box.checked));
  }
  const page = form.querySelector('#select-page');
  page.hidden = boxes.length === 0;
  page.addEventListener('click', () => tick(boxes, true));
  return groups;
}

/** What tells one page of a list from others, however it is shown. */
function pageOf(query) {
  for (const look of ['view', 'plates', 'columns']) query.delete(look);
  query.sort();
  return query.toString();
}

/** The button that selects every frame of the list, which is asked of the API. */
function startAll(form, boxes, select) {
  const button = form.querySelector('#select-all');
  const total = Number(form.dataset.total);
  const words = `Select all ${total.toLocaleString('en').replaceAll(',', '\u202f')}`;
  button.hidden = total <= boxes.length || total > MOST_SELECTED;
  button.textContent = words;
  button.addEventListener('click', async () => {
    button.disabled = true;
    button.textContent = 'Selecting …';
    try {
      select(await readAll(form.dataset));
      button.textContent = words;
    } catch {
      button.textContent = 'Not selected: try again';
    }
    button.disabled = false;
  });
}

async function readAll({ all, total, limit }) {
  const found = [];
  for (let offset = 0; offset < Number(total); offset += ASKED_AT_ONCE) {
    const url = new URL(all, location.href);
    url.searchParams.set('limit', ASKED_AT_ONCE);
    url.searchParams.set('offset', offset);
    const response = await fetch(url, { headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error(response.statusText);
    const { results } = await response.json();
    for (const [index, { id, size }] of results.entries()) {
      const query = new URLSearchParams(location.search);
      const start = Math.floor((offset + index) / limit) * limit;
      if (start === 0) query.delete('offset');
      else query.set('offset', start);
      found.push([String(id), { size, page: pageOf(query) }]);
    }
  }
  return found;
}

/** A click with shift held selects all rows from the one before. */
function startRange(boxes, update) {
  let last = -1;
  for (const [index, box] of boxes.entries()) {
    box.addEventListener('click', (event) => {
      if (event.shiftKey && last >= 0) {
        const [from, to] = [Math.min(last, index), Math.max(last, index)];
        for (let at = from; at <= to; at += 1) boxes[at].checked = box.checked;
        update();
      }
      last = index;
    });
  }
}

function showSelection({ selection, bars, groups, parts }) {
  for (const { box, members } of groups) {
    const count = members.filter((member) => member.checked).length;
    box.checked = count > 0 && count === members.length;
    box.indeterminate = count > 0 && count < members.length;
  }
  for (const bar of bars) {
    const isSelected = bar.dataset.ids.split(' ').some((id) => selection.has(id));
    bar.classList.toggle('is-selected', isSelected);
  }
  const size = formatBytes([...selection.values()].reduce((sum, each) => sum + each.size, 0));
  const pages = new Set([...selection.values()].map((each) => each.page)).size;
  parts.bar.hidden = selection.size === 0;
  parts.bar.classList.toggle('is-active', selection.size > 0);
  const spread = pages > 1 ? ` · on ${pages} pages` : '';
  parts.words.textContent = `${selection.size} selected${spread} · ${size}`;
  parts.clear.hidden = selection.size === 0;
  for (const button of parts.bar.querySelectorAll('[data-least]')) {
    button.hidden = selection.size < Number(button.dataset.least);
  }
}

/** Sends the form when `prepare` has looked through it, if that says that there is something to send. */
function startSending(form, prepare) {
  let isReady = false;
  form.addEventListener('submit', async (event) => {
    if (isReady) {
      isReady = false;
      return;
    }
    event.preventDefault();
    const { submitter } = event;
    isReady = await prepare();
    if (isReady) form.requestSubmit(submitter);
  });
}

/** Of ids those of frames that were removed since they were selected. */
async function listGone(ids) {
  const found = new Set();
  for (let at = 0; at < ids.length; at += ASKED_BY_ID) {
    const some = ids.slice(at, at + ASKED_BY_ID);
    const url = `${document.body.dataset.base ?? ''}/frames/?id=${some.join()}&limit=${ASKED_BY_ID}`;
    try {
      const response = await fetch(url, { headers: { Accept: 'application/json' } });
      if (!response.ok) return []; // the answer to the form itself says why
      for (const { id } of (await response.json()).results) found.add(String(id));
    } catch {
      return [];
    }
  }
  return ids.filter((id) => !found.has(id));
}

/** What is selected on other pages goes along with what is ticked here. */
function sendElsewhere(form, boxes, selection) {
  for (const extra of form.querySelectorAll('input[data-elsewhere]')) extra.remove();
  const here = new Set(boxes.map((box) => box.value));
  for (const id of selection.keys()) {
    if (here.has(id)) continue;
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = 'frame_ids[]';
    field.value = id;
    field.dataset.elsewhere = '';
    form.append(field);
  }
}

function openFlags(form) {
  const menu = form.querySelector('#flag-menu');
  if (menu === null || menu.closest('[hidden]') !== null) return;
  menu.open = true;
  menu.querySelector('button').focus();
}
