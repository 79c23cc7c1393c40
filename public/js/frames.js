// The list: selection across pages, keys, filters that apply at once.

import { formatBytes, isCommand } from './common.js';

const STORE = 'selected-frames';
const form = document.getElementById('selection');
const filters = document.getElementById('filters');
const filterForm = document.getElementById('filter-form');

/** Selected frames of this session: id → size in bytes. */
function readSelection() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(STORE) ?? '[]'));
  } catch {
    return new Map();
  }
}

if (form !== null) startSelection(form);
startFilters();

function startSelection(form) {
  const selection = readSelection();
  const boxes = [...form.querySelectorAll('input[name="frame_ids[]"]')];
  const rows = [...form.querySelectorAll('[data-row]')];
  const all = form.querySelector('#check-all');
  const bar = form.querySelector('#selection-bar');
  const words = form.querySelector('#selection-words');
  const button = form.querySelector('#selection-download');
  const clear = form.querySelector('#selection-clear');
  let current = -1;
  let anchor = -1;

  for (const box of boxes) if (selection.has(box.value)) box.checked = true;
  const groups = [...form.querySelectorAll('.target')].map((section) => ({
    box: section.querySelector('.check-group'),
    members: [...section.querySelectorAll('input[name="frame_ids[]"]')],
  }));
  if (all !== null) groups.push({ box: all, members: boxes });
  for (const { box, members } of groups) {
    box.hidden = false;
    box.addEventListener('change', () => {
      for (const member of members) member.checked = box.checked;
      update();
    });
  }
  document.getElementById('key-hint').hidden = false;

  function update() {
    for (const box of boxes) {
      if (box.checked) selection.set(box.value, Number(box.dataset.size));
      else selection.delete(box.value);
    }
    sessionStorage.setItem(STORE, JSON.stringify([...selection]));
    for (const { box, members } of groups) {
      const count = members.filter((member) => member.checked).length;
      box.checked = count > 0 && count === members.length;
      box.indeterminate = count > 0 && count < members.length;
    }
    const here = boxes.filter((box) => box.checked).length;
    const elsewhere = selection.size - here;
    const size = formatBytes([...selection.values()].reduce((sum, bytes) => sum + bytes, 0));
    bar.hidden = selection.size === 0;
    bar.classList.toggle('is-active', selection.size > 0);
    words.textContent = `${selection.size} selected${elsewhere > 0 ? `, ${elsewhere} on other pages` : ''}`;
    button.querySelector('span').textContent = `Download selected (${selection.size} · ${size})`;
    clear.hidden = selection.size === 0;
  }

  function clearAll() {
    selection.clear();
    for (const box of boxes) box.checked = false;
    update();
  }

  form.addEventListener('change', update);
  clear.addEventListener('click', clearAll);
  // What is selected on other pages goes along with what is ticked here.
  form.addEventListener('submit', () => {
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
  });
  window.addEventListener('pageshow', () => {
    // Coming back, the browser restores boxes as they were; what counts is the selection.
    const stored = readSelection();
    selection.clear();
    for (const [id, size] of stored) selection.set(id, size);
    for (const box of boxes) box.checked = selection.has(box.value);
    update();
  });

  function moveTo(index) {
    rows[current]?.classList.remove('is-current');
    current = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[current];
    row.classList.add('is-current');
    row.querySelector('[data-open]').focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }

  function toggle(withRange) {
    if (current < 0) return;
    const from = withRange && anchor >= 0 ? Math.min(anchor, current) : current;
    const to = withRange && anchor >= 0 ? Math.max(anchor, current) : current;
    const checked = withRange ? true : !boxes[current].checked;
    for (let index = from; index <= to; index += 1) boxes[index].checked = checked;
    anchor = current;
    update();
  }

  document.addEventListener('keydown', (event) => {
    if (!isCommand(event)) return;
    const key = event.key.toLowerCase();
    if (key === 'j') moveTo(current + 1);
    else if (key === 'k') moveTo(current - 1);
    else if (key === 'x') toggle(event.shiftKey);
    else if (event.key === 'Escape' && selection.size > 0) clearAll();
    else return;
    event.preventDefault();
  });
}

function startFilters() {
  // A choice applies at once; the box that was used has the focus again on the new page.
  const kept = sessionStorage.getItem('focus-after-filter');
  sessionStorage.removeItem('focus-after-filter');
  if (kept !== null) {
    const [name, value] = JSON.parse(kept);
    const box = [...filterForm.elements].find((each) => each.name === name && each.value === value);
    box?.focus({ preventScroll: true });
  }
  filterForm.addEventListener('change', (event) => {
    const box = event.target;
    // On the phone the panel is a page of its own with its own button.
    if (box.type !== 'checkbox' || matchMedia('(max-width: 760px)').matches) return;
    sessionStorage.setItem('focus-after-filter', JSON.stringify([box.name, box.value]));
    filterForm.requestSubmit();
  });
  // Only what is set goes into the address.
  filterForm.addEventListener('submit', () => {
    for (const field of filterForm.elements) {
      if (field.type === 'text' && field.value.trim() === '') field.disabled = true;
    }
    setTimeout(() => {
      for (const field of filterForm.elements) field.disabled = false;
    });
  });
  filters.addEventListener('toggle', () => {
    const age = filters.open ? 0 : 31_536_000;
    document.cookie = `filters=closed; path=/; max-age=${age}; samesite=lax`;
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '\\' || !isCommand(event)) return;
    event.preventDefault();
    filters.open = !filters.open;
  });
}
