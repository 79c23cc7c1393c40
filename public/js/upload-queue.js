// Sends files, some at a time, each again until the archive has answered. Knows nothing of the page.

const AT_ONCE = 3;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60_000;
/** Trouble of the archive with one file: after so often it is told, and left to people. */
const MAX_FAILURES = 5;

/**
 * @param {{url: string, csrf: () => string, maxBytes: number, changed: (item: object) => void, signedOut: () => void}} options
 */
export function createQueue({ url, csrf, maxBytes, changed, signedOut }) {
  const items = [];
  let running = 0;
  let isPaused = false;

  function update(item, changes) {
    Object.assign(item, changes);
    changed(item);
  }

  function startNext() {
    while (!isPaused && running < AT_ONCE) {
      const item = items.find(({ state }) => state === 'waiting');
      if (item === undefined) return;
      running += 1;
      update(item, { state: 'sending', sent: 0, tries: item.tries + 1 });
      void send(item).then((outcome) => {
        running -= 1;
        settle(item, outcome);
        startNext();
      });
    }
  }

  /** One try. @returns status 0 if the line broke */
  function send(item) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append('file', item.file, item.file.name);
      request.upload.addEventListener('progress', ({ loaded, total }) => {
        update(item, { sent: total === 0 ? 1 : (loaded / total) * item.file.size });
      });
      request.addEventListener('loadend', () => {
        resolve({
          status: request.status,
          answer: parse(request.responseText),
          waitSec: Number(request.getResponseHeader('Retry-After') ?? 0),
        });
      });
      request.open('POST', url);
      request.setRequestHeader('Accept', 'application/json');
      request.setRequestHeader('X-CSRFToken', csrf());
      request.send(body);
    });
  }

  function settle(item, { status, answer, waitSec }) {
    const [result] = answer.files ?? [];
    if (status === 401 || status === 403) {
      isPaused = true;
      update(item, { state: 'waiting', sent: 0 });
      signedOut(status, answer.detail ?? '');
    } else if (status === 200 && result !== undefined && result.status !== 'failed') {
      update(item, { state: 'done', sent: item.file.size, result });
    } else if (isWorthATry(status, result)) {
      const isLine = status === 0;
      const failures = isLine ? item.failures : item.failures + 1;
      const reason = result?.error ?? answer.detail ?? `status ${status}`;
      if (failures >= MAX_FAILURES) update(item, { state: 'failed', failures, reason });
      else putOff(item, { failures, reason: isLine ? '' : reason, waitSec });
    } else {
      update(item, { state: 'failed', reason: answer.detail ?? `status ${status}` });
    }
  }

  function putOff(item, { failures, reason, waitSec }) {
    const backOffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (item.tries - 1));
    const waitMs = Math.max(backOffMs, waitSec * 1000);
    update(item, { state: 'broken', failures, reason, againMs: Date.now() + waitMs });
    item.timer = setTimeout(() => again(item), waitMs);
  }

  function again(item) {
    clearTimeout(item.timer);
    if (item.state !== 'broken' && item.state !== 'failed') return;
    update(item, { state: 'waiting', sent: 0 });
    startNext();
  }

  // The line is back: nobody need wait any longer.
  window.addEventListener('online', () => {
    for (const item of items) if (item.state === 'broken') again(item);
  });

  return {
    items,
    add(file, path) {
      const item = { file, path, state: 'waiting', sent: 0, tries: 0, failures: 0, reason: '' };
      if (file.size > maxBytes) item.state = 'too-large';
      items.push(item);
      changed(item);
      startNext();
      return item;
    },
    /** Sends once more what could not be stored. */
    retry() {
      for (const item of items)
        if (item.state === 'failed') again(Object.assign(item, { tries: 0, failures: 0 }));
    },
    /** What is under way ends; nothing is begun. */
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      startNext();
    },
    isPaused: () => isPaused,
    isRunning: () => running > 0,
  };
}

/** No answer, too slow, too often, or trouble of the archive: not the fault of the file. */
function isWorthATry(status, result) {
  return (
    status === 0 || status === 408 || status === 429 || status >= 500 || result?.status === 'failed'
  );
}

function parse(text) {
  try {
    const answer = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {}; // none of ours (a proxy's page): the status says what there is to say
  }
}
