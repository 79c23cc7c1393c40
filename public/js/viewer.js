// The picture of a frame: tiles, zoom, values and positions under the cursor, cuts, lines of the sky.

import { isCommand } from './common.js';
import { drawCuts } from './viewer-cuts.js';
import { drawBar, drawCross, drawLines, placeLines } from './viewer-over.js';
import { askJson, frameOf, look, toPixel } from './viewer-place.js';
import { formatDec, formatRa, skyAt } from './viewer-sky.js';

const TILE = 512;
const BLOCK = 64;
const MOST_BLOCKS = 200;
const byId = (id) => document.getElementById(id);
const stage = byId('stage');
let osd;
let nodes;
let blocks = new Map();
/** The pixel that is read, FITS counting. */
let cursor;

// Tiles

function tileSource() {
  const { width, height, frame, query } = look();
  return {
    width,
    height,
    tileSize: TILE,
    minLevel: 0,
    maxLevel: Math.ceil(Math.log2(Math.max(width, height, 1))),
    getTileUrl: (level, x, y) => `${frame}tile/${level}/${x}_${y}/?${query}`,
  };
}

function loadProgram(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.addEventListener('load', () => resolve(globalThis.OpenSeadragon));
    script.addEventListener('error', reject);
    document.head.append(script);
  });
}

async function openTiles() {
  // It would write a style into the page, which the page forbids, unless one is there.
  // One of another namespace is there for it to find, and means nothing to the browser.
  const style = document.createElementNS('http://www.w3.org/1998/Math/MathML', 'style');
  style.setAttribute('data-openseadragon-mobile-css', 'none');
  document.head.append(style);
  const program = await loadProgram(stage.dataset.viewer);
  // Tiles of a picture that has been left already are no trouble worth telling.
  const quiet = () => undefined;
  const { error } = console;
  program.console = { log: quiet, debug: quiet, info: quiet, warn: quiet, assert: quiet, error };
  const box = document.createElement('div');
  box.className = 'tiles';
  stage.prepend(box);
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  osd = program({
    element: box,
    tileSources: tileSource(),
    drawer: 'canvas',
    showNavigationControl: false,
    imageSmoothingEnabled: false,
    immediateRender: true,
    animationTime: still ? 0 : 0.15,
    maxZoomPixelRatio: 24,
    minZoomImageRatio: 0.5,
    visibilityRatio: 0.3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    crossOriginPolicy: false,
    preserveViewport: true, // a picture drawn otherwise is looked at where the one before was
    silenceMultiImageWarnings: true,
  });
  // Keys are ours: arrows move the cursor, letters are tools.
  osd.innerTracker.keyDownHandler = null;
  osd.innerTracker.keyHandler = null;
  osd.canvas.removeAttribute('tabindex');
  stage.classList.add('is-live');
  document.querySelector('.plate').classList.add('is-first');
  osd.addHandler('tile-drawn', () => document.querySelector('.plate').classList.remove('is-first'));
  osd.addHandler('open', restoreView);
  osd.addHandler('update-viewport', drawOver);
  osd.addHandler('animation-finish', settle);
  showTools();
  for (const element of document.querySelectorAll('.is-width')) element.hidden = true;
}

/** Tools that need the tiles; the bar has been replaced if another choice was made. */
function showTools() {
  if (osd === undefined) return;
  for (const id of ['zoom', 'full']) byId(id).hidden = false;
  for (const element of document.querySelectorAll('.is-width')) element.hidden = true;
  showZoom();
}

/** Pixels of the screen for one of the image. */
const zoomNow = () => osd.world.getItemAt(0)?.viewportToImageZoom(osd.viewport.getZoom(true)) ?? 1;

function showZoom() {
  const now = byId('zoom-now');
  if (now === null || osd?.world.getItemAt(0) === undefined) return;
  const zoom = zoomNow();
  now.textContent = Math.abs(zoom - 1) < 0.005 ? '1:1' : `${Math.round(zoom * 100)} %`;
}

function zoomTo(how) {
  const { viewport } = osd;
  if (how === 'fit') viewport.goHome();
  else if (how === 'one') viewport.zoomTo(osd.world.getItemAt(0).imageToViewportZoom(1));
  else viewport.zoomBy(how === 'in' ? 1.5 : 1 / 1.5);
  viewport.applyConstraints();
}

/** `at=x,y,zoom` of the address: the pixel in the middle, and how large one is. */
function restoreView() {
  const { height, x: left, y: bottom } = look();
  const text = new URL(location.href).searchParams.get('at') ?? '';
  const [x, y, zoom] = text.split(',').map(Number);
  osd.viewport.goHome(true); // another image has another shape
  if (!(x > 0 && y > 0 && zoom > 0)) return;
  const item = osd.world.getItemAt(0);
  const { Point } = globalThis.OpenSeadragon;
  const place = item.imageToViewportCoordinates(
    new Point(x - 0.5 - left, height - (y - 0.5 - bottom)),
  );
  osd.viewport.zoomTo(item.imageToViewportZoom(zoom), undefined, true);
  osd.viewport.panTo(place, true);
  drawOver();
}

function settle() {
  const item = osd.world.getItemAt(0);
  if (item === undefined) return;
  const home = Math.abs(osd.viewport.getZoom() / osd.viewport.getHomeZoom() - 1) < 0.01;
  const url = new URL(location.href);
  if (home) url.searchParams.delete('at');
  else {
    const { x, y } = toPixel(item.viewportToImageCoordinates(osd.viewport.getCenter()));
    url.searchParams.set('at', `${x.toFixed(0)},${y.toFixed(0)},${zoomNow().toPrecision(3)}`);
  }
  history.replaceState(null, '', url);
  void drawLines(frameOf(osd));
}

function drawOver() {
  const place = frameOf(osd);
  drawCross(cursor, place);
  placeLines(place);
  drawBar(place);
  showZoom();
}

// Readout

function readAt(event) {
  const box = stage.getBoundingClientRect();
  const { scale, left, top } = frameOf(osd);
  const at = {
    x: (event.clientX - box.left - left) / scale,
    y: (event.clientY - box.top - top) / scale,
  };
  show(toPixel(at));
}

function show({ x, y }) {
  const { x: left, y: bottom, width, height } = look();
  const pixel = { x: Math.floor(x + 0.5), y: Math.floor(y + 0.5) };
  const isOn =
    pixel.x > left && pixel.y > bottom && pixel.x <= left + width && pixel.y <= bottom + height;
  cursor = isOn ? { x, y, pixel } : undefined;
  const text = (id, value) => (byId(id).textContent = value);
  text('read-x', isOn ? x.toFixed(1) : '–');
  text('read-y', isOn ? y.toFixed(1) : '–');
  const sky = isOn && nodes ? skyAt(nodes, x, y) : undefined;
  if (sky) for (const part of document.querySelectorAll('.read-sky')) part.hidden = false;
  text('read-ra', sky ? formatRa(sky.raDeg) : '–');
  text('read-dec', sky ? formatDec(sky.decDeg) : '–');
  byId('readout').dataset.pixel = isOn ? `${pixel.x},${pixel.y}` : '';
  if (isOn) void showValue(pixel);
  else text('read-value', '–');
  drawCross(cursor, frameOf(osd));
}

async function showValue(pixel) {
  const value = await valueAt(pixel).catch(() => undefined);
  if (cursor?.pixel.x !== pixel.x || cursor.pixel.y !== pixel.y) return;
  byId('read-value').textContent = value === undefined || value === null ? '–' : formatValue(value);
}

function formatValue(value) {
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
  const [whole, rest = ''] = text.split(/(?=[.e])/, 2);
  const grouped = whole.replace('-', '−').replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return `${grouped}${rest} ${look().unit}`.trim();
}

/** Values come in blocks, which are kept: the cursor is faster than any server. */
async function valueAt({ x, y }) {
  const { frame, hdu, plane, hash } = look();
  const column = Math.floor((x - 1) / BLOCK);
  const row = Math.floor((y - 1) / BLOCK);
  const key = `${column} ${row}`;
  const held = blocks;
  if (!held.has(key)) {
    if (held.size >= MOST_BLOCKS) held.delete(held.keys().next().value);
    const query = `x=${column * BLOCK}&y=${row * BLOCK}&hdu=${hdu}&plane=${plane}&v=${hash}`;
    const asked = askJson(`${frame}pixels/?${query}`);
    asked.catch(() => held.delete(key));
    held.set(key, asked);
  }
  const block = await held.get(key);
  return block.values[(y - 1 - block.y) * block.width + (x - 1 - block.x)];
}

// Cuts

async function showCuts() {
  const { frame, query, unit } = look();
  const box = byId('histogram');
  try {
    const data = await askJson(`${frame}histogram/?${query}`);
    const stretch = new URLSearchParams(query).get('stretch');
    drawCuts(box, data, { stretch, unit, choose: chooseCuts });
    byId('no-picture').hidden = true;
    byId('cut-low').placeholder = String(Number(data.cuts.low.toPrecision(5)));
    byId('cut-high').placeholder = String(Number(data.cuts.high.toPrecision(5)));
    return true;
  } catch {
    box.hidden = true;
    return false;
  }
}

function chooseCuts(low, high) {
  const url = new URL(location.href);
  url.searchParams.set('min', low);
  url.searchParams.set('max', high);
  document.dispatchEvent(new CustomEvent('look:choose', { detail: url.href }));
}

async function readNodes() {
  const { frame, hdu, hash } = look();
  nodes = undefined;
  const answer = await askJson(`${frame}sky/?hdu=${hdu}&v=${hash}`).catch(() => undefined);
  nodes = answer?.nodes ?? undefined;
  const words = byId('read-wcs');
  if (nodes === undefined) words.textContent = 'no WCS in the header';
  else if (words.textContent === '') words.textContent = 'ICRS, from the WCS of the header';
  byId('readout').dataset.sky = nodes === undefined ? 'none' : 'known';
  if (cursor !== undefined) show(cursor);
}

// Full screen: the page itself goes full, so that the red layer still lies over all of it.

function toggleFull() {
  const viewer = byId('viewer');
  const isFull = viewer.classList.toggle('is-full');
  byId('full').setAttribute('aria-pressed', String(isFull));
  if (isFull) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  else if (document.fullscreenElement !== null) void document.exitFullscreen();
}

function leaveFull() {
  byId('viewer').classList.remove('is-full');
  byId('full')?.setAttribute('aria-pressed', 'false');
}

function moveCursor(event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const step = steps[event.key];
  if (step === undefined || event.target !== stage) return;
  event.preventDefault();
  event.stopPropagation();
  const { x, y, width, height } = look();
  const from = cursor?.pixel ?? { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
  const far = event.shiftKey ? 10 : 1;
  const within = (value, least, most) => Math.max(least, Math.min(most, value));
  show({
    x: within(from.x + step[0] * far, x + 1, x + width),
    y: within(from.y + step[1] * far, y + 1, y + height),
  });
}

function listen() {
  stage.tabIndex = 0;
  stage.setAttribute('role', 'group');
  stage.setAttribute(
    'aria-label',
    'Picture: arrow keys move the cursor by one pixel, with shift by ten',
  );
  stage.addEventListener('pointermove', readAt);
  stage.addEventListener('pointerleave', () => show({ x: -1, y: -1 }));
  stage.addEventListener('keydown', moveCursor);
  stage.addEventListener('click', (event) => {
    // The link that shows the picture alone is for those without scripts.
    if (event.target.closest('.picture') !== null && osd !== undefined) event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    const how = event.target.closest?.('[data-zoom]')?.dataset.zoom;
    if (how !== undefined && osd !== undefined) zoomTo(how);
    if (event.target.closest?.('#full')) toggleFull();
  });
  document.addEventListener('fullscreenchange', () => {
    if (document.fullscreenElement === null) leaveFull();
  });
  document.addEventListener('keydown', (event) => {
    if (!isCommand(event) || osd === undefined) return;
    const how = { 0: 'fit', '+': 'in', '=': 'in', '-': 'out' }[event.key];
    if (how !== undefined) zoomTo(how);
    else if (event.key === 'Escape' && byId('viewer').classList.contains('is-full')) toggleFull();
    else return;
    event.preventDefault();
  });
  document.addEventListener('look:changed', changed);
  addEventListener('resize', drawOver);
}

/** How many pictures were asked for: only the last of them counts. */
let pictures = 0;

/** Where one looks stays as it is, and the pictures before stay below until the new one is there whole. */
function layOver() {
  const turn = (pictures += 1);
  const clean = (item) => {
    if (turn !== pictures) return;
    const { world } = osd;
    const all = Array.from({ length: world.getItemCount() }, (_, index) => world.getItemAt(index));
    for (const other of all) if (other !== item) world.removeItem(other);
  };
  osd.addTiledImage({
    tileSource: tileSource(),
    success: ({ item }) => {
      if (turn !== pictures) osd.world.removeItem(item);
      else if (item.getFullyLoaded()) clean(item);
      else
        item.addHandler('fully-loaded-change', ({ fullyLoaded }) => {
          if (fullyLoaded) clean(item);
        });
    },
  });
}

/** Another choice was made: the same part of the image is shown in the other way. */
async function changed({ detail }) {
  showTools();
  void showCuts();
  if (detail.isOtherImage) {
    blocks = new Map();
    void readNodes();
  }
  if (osd !== undefined && detail.isOtherImage) {
    pictures += 1;
    osd.open(tileSource());
  } else if (osd !== undefined && detail.isOtherPicture) layOver();
  void drawLines(frameOf(osd));
}

async function start() {
  listen();
  drawBar(frameOf(osd));
  const [isDrawn] = await Promise.all([showCuts(), readNodes()]);
  if (!isDrawn) {
    const box = byId('no-picture');
    if (byId('no-picture-text').textContent === '')
      byId('no-picture-text').textContent = 'The file cannot be drawn. Its header can be read.';
    box.hidden = false;
    stage.parentElement.hidden = true;
    byId('tools').hidden = true;
    return;
  }
  await openTiles();
  void drawLines(frameOf(osd));
  stage.dataset.ready = 'yes';
}

if (stage !== null) void start();
