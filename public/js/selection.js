// The selected frames of this session: id → its size in bytes and the page of a list that it is on.

const STORE = 'selected-frames';

export function readSelection() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(STORE) ?? '[]'));
  } catch {
    return new Map();
  }
}

export function keepSelection(selection) {
  sessionStorage.setItem(STORE, JSON.stringify([...selection]));
}
