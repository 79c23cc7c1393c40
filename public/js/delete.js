// A frame that is removed is selected no longer: nothing could be fetched with it.

import { keepSelection, readSelection } from './selection.js';

for (const form of document.querySelectorAll('form[data-removes]')) {
  form.addEventListener('submit', () => {
    const selection = readSelection();
    if (selection.delete(form.dataset.removes)) keepSelection(selection);
  });
}
