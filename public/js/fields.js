// What is wrong with a field is said beside it, in the page's own words: the browser's bubbles are white
// in every theme, and so are the tips that it shows over fields which must be filled in.

const WRONG = 'field-wrong';
let made = 0;

/** What a person shall do about a field. */
function sentenceOf(field) {
  const { validity, dataset, value } = field;
  if (validity.valueMissing) return dataset.missing ?? 'Fill this in.';
  if (validity.badInput) return 'Write a number.';
  if (validity.patternMismatch) return dataset.form ?? 'Write it in another form.';
  if (validity.tooShort) {
    return `${field.minLength} characters or more are needed; these are ${value.length}.`;
  }
  if (validity.tooLong) return `${field.maxLength} characters at most; these are ${value.length}.`;
  if (validity.rangeUnderflow) return `${field.min} or more is needed.`;
  if (validity.rangeOverflow) return `${field.max} at most.`;
  if (validity.stepMismatch) return 'Write a whole number.';
  return field.validationMessage;
}

/** The words beside a field: in its label, so that no layout has to know of them. */
function wordsOf(field) {
  const held = document.getElementById(field.dataset.wrong ?? '');
  if (held !== null) return held;
  const words = document.createElement('span');
  words.className = WRONG;
  words.id = `${WRONG}-${(made += 1)}`;
  // They describe the field, and are no part of its name.
  words.setAttribute('aria-hidden', 'true');
  field.dataset.wrong = words.id;
  field.after(words);
  return words;
}

function tell(field) {
  wordsOf(field).textContent = sentenceOf(field);
  field.setAttribute('aria-invalid', 'true');
  const known = field.getAttribute('aria-describedby')?.split(' ') ?? [];
  const all = new Set([...known, field.dataset.wrong]);
  field.setAttribute('aria-describedby', [...all].join(' '));
}

function untell(field) {
  const { wrong } = field.dataset;
  document.getElementById(wrong)?.remove();
  delete field.dataset.wrong;
  field.removeAttribute('aria-invalid');
  const others = (field.getAttribute('aria-describedby') ?? '').split(' ');
  const left = others.filter((id) => id !== wrong).join(' ');
  if (left === '') field.removeAttribute('aria-describedby');
  else field.setAttribute('aria-describedby', left);
}

// A form that came with a part of a page is tamed when it is touched first.
function tame(form) {
  if (form === null || form.noValidate) return;
  form.noValidate = true;
  form.dataset.checked = '';
}

const formOf = (target) => (target instanceof Element ? target.closest('form') : null);

for (const form of document.forms) tame(form);
for (const kind of ['focusin', 'pointerover']) {
  document.addEventListener(kind, ({ target }) => tame(formOf(target)));
}

// Before every other listener: what is not whole is sent by none of them.
window.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event;
    if (form.dataset.checked === undefined || submitter?.formNoValidate || form.checkValidity())
      return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.querySelector('[aria-invalid="true"]')?.focus();
  },
  true,
);

document.addEventListener(
  'invalid',
  (event) => {
    event.preventDefault();
    tell(event.target);
  },
  true,
);

document.addEventListener('input', ({ target: field }) => {
  if (field.dataset?.wrong === undefined) return;
  if (field.validity.valid) untell(field);
  else tell(field);
});
