// Loads the file of the frame into JS9. This runs before JS9 starts, which waits for the document.

const { file, name } = document.body.dataset;
const state = document.getElementById('js9-state');
const { JS9 } = globalThis;

function load() {
  JS9.Load(file, {
    filename: name,
    scaleclipping: 'zscale',
    onload: (image) => {
      state.textContent = 'Regions, profiles and contours are in the menus.';
      document.body.dataset.ready = image.id;
    },
  });
}

/** As much of the window as there is. */
function fit() {
  const place = document.getElementById('JS9');
  const { top } = place.getBoundingClientRect();
  const width = Math.max(320, document.documentElement.clientWidth - 32);
  const height = Math.max(320, innerHeight - top - 190);
  place.setAttribute('data-width', `${width}px`);
  place.setAttribute('data-height', `${height}px`);
  for (const id of ['JS9Menubar', 'JS9Toolbar', 'JS9Colorbar'])
    document.getElementById(id).setAttribute('data-width', `${width}px`);
}

// It takes every key that is pressed over its picture; by Tab one must get away from there.
addEventListener(
  'keydown',
  (event) => {
    if (event.key === 'Tab') event.stopImmediatePropagation();
  },
  true,
);

if (JS9 === undefined) {
  state.textContent = 'JS9 could not be started in this browser. The file can be downloaded.';
} else {
  // Its settings are here: it would ask the server for a file of them.
  JS9.PREFSFILE = '';
  fit();
  globalThis.jQuery(document).one('JS9:ready', load);
}
