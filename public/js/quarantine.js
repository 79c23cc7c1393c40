// Says where the chosen files will be filed while one is still typing.

const form = document.getElementById('repair');
const place = document.getElementById('where');
const button = document.getElementById('show-where');

/** After the last key: nobody reads faster, and each look reads the headers of the files. */
const PAUSE_MS = 250;

let timer = 0;
let underWay = new AbortController();

async function look() {
  underWay.abort();
  underWay = new AbortController();
  const { signal } = underWay;
  const body = new URLSearchParams(new FormData(form));
  if (!body.has('ids')) {
    say('Choose a file to see where it will go.');
    return;
  }
  body.set('do', 'where');
  try {
    const answer = await fetch(form.dataset.where, {
      method: 'POST',
      body,
      headers: { Accept: 'text/html' },
      signal,
    });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById('where');
    if (fresh === null) throw new Error('no answer');
    const told = page.querySelector('main .alert.is-note b');
    if (answer.ok) show(fresh);
    else say(told?.textContent ?? 'This cannot be tried.');
  } catch (error) {
    // Somebody types on; or the page is too old, and its button says why.
    if (error.name !== 'AbortError') button.hidden = false;
  }
}

/** Replaced only if it says something else: a screen reader need not say it twice. */
function show(fresh) {
  if (fresh.innerHTML === place.innerHTML) return;
  place.replaceChildren(...fresh.childNodes);
}

function say(text) {
  const line = document.createElement('p');
  line.className = 'quiet small';
  line.textContent = text;
  place.replaceChildren(line);
}

if (form !== null && place !== null) {
  button.hidden = true;
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  // What the browser filled in again after a reload is what will be sent.
  if (new FormData(form).has('ids')) look();
}
