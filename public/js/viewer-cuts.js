// The histogram on a picture: two handles that set the cuts.

const WIDTH = 216;
const BASE = 46;
const SVG = 'http://www.w3.org/2000/svg';

/** A number as one writes cuts: four digits. */
function short(value) {
  const digits = Math.abs(value) >= 1000 ? Math.ceil(Math.log10(Math.abs(value) + 1)) : 4;
  return String(Number(value.toPrecision(Math.min(15, digits))));
}

const shown = (value) =>
  short(value)
    .replace('-', '−')
    .replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, '\u202f');

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

/** What a stretch makes of a part of the way between the cuts. */
const CURVES = {
  linear: (x) => x,
  sqrt: Math.sqrt,
  asinh: (x) => Math.asinh(x / 0.1) / Math.asinh(10),
  log: (x) => Math.log1p(1000 * x) / Math.log1p(1000),
};

/**
 * Puts the histogram into `box` in place of its picture.
 *
 * @param data    what `histogram/` answers
 * @param stretch whose curve is drawn over it
 * @param unit    what values are measured in
 * @param choose  called with both cuts when a handle is let go
 */
export function drawCuts(box, { low, high, counts, cuts }, { stretch, unit, choose }) {
  const svg = make('svg', { width: WIDTH, height: 68, viewBox: `0 0 ${WIDTH} 68`, role: 'group' });
  svg.setAttribute('aria-label', 'Histogram of the values with the two cuts');
  const most = Math.log1p(Math.max(...counts, 1));
  const step = WIDTH / counts.length;
  const bars = counts.map(
    (count, i) =>
      `L${i * step} ${BASE - (Math.log1p(count) / most) * (BASE - 6)}H${(i + 1) * step}`,
  );
  make('path', { class: 'bars', d: `M0 ${BASE}${bars.join('')}V${BASE}Z` }, svg);
  const curve = make('path', { class: 'curve' }, svg);
  const now = { low: cuts.low, high: cuts.high };
  const place = (value) => ((value - low) / (high - low || 1)) * WIDTH;
  const handles = ['low', 'high'].map((side) => makeHandle(svg, side));

  const draw = () => {
    handles.forEach((handle) => {
      const value = now[handle.side];
      const x = Math.max(0, Math.min(WIDTH, place(value)));
      handle.group.setAttribute('transform', `translate(${x} 0)`);
      handle.group.setAttribute('aria-valuenow', short(value));
      handle.group.setAttribute('aria-valuetext', `${shown(value)} ${unit}`);
      handle.text.textContent = `${shown(value)}${handle.side === 'high' ? ` ${unit}` : ''}`;
    });
    const [from, to] = [place(now.low), place(now.high)];
    const shape = CURVES[stretch] ?? CURVES.linear;
    const points = Array.from({ length: 25 }, (_, i) => {
      const x = from + ((to - from) * i) / 24;
      return `${x.toFixed(1)} ${(BASE - shape(i / 24) * (BASE - 6)).toFixed(1)}`;
    });
    curve.setAttribute('d', `M${points.join('L')}`);
  };
  const move = (side, value) => {
    const gap = (high - low) / 500;
    if (side === 'low') now.low = Math.min(value, now.high - gap);
    else now.high = Math.max(value, now.low + gap);
    draw();
  };
  const settle = () => choose(short(now.low), short(now.high));

  for (const { group, side } of handles) {
    group.setAttribute('aria-valuemin', short(low));
    group.setAttribute('aria-valuemax', short(high));
    group.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      event.stopPropagation();
      group.setPointerCapture(event.pointerId);
    });
    group.addEventListener('pointermove', (event) => {
      if (!group.hasPointerCapture(event.pointerId)) return;
      const { left, width } = svg.getBoundingClientRect();
      move(side, low + ((event.clientX - left) / width) * (high - low));
    });
    group.addEventListener('pointerup', settle);
    group.addEventListener('keydown', (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (way === undefined && event.key !== 'Enter') return;
      event.preventDefault();
      event.stopPropagation();
      if (way === undefined) settle();
      else move(side, now[side] + (way * (high - low)) / (event.shiftKey ? 20 : 100));
    });
    group.addEventListener('blur', () => {
      if (now.low !== cuts.low || now.high !== cuts.high) settle();
    });
  }
  draw();
  box.replaceChildren(svg);
}

function makeHandle(svg, side) {
  const group = make('g', { class: 'handle', tabindex: '0', role: 'slider' }, svg);
  group.setAttribute('aria-label', side === 'low' ? 'Darkest value' : 'Brightest value');
  make('rect', { x: -12, y: 0, width: 24, height: BASE + 8 }, group);
  make('path', { d: `M0 4V${BASE}M0 ${BASE}l-4 7h8z` }, group);
  const text = make('text', { x: side === 'low' ? 0 : WIDTH, y: 66 }, svg);
  text.setAttribute('text-anchor', side === 'low' ? 'start' : 'end');
  return { group, side, text };
}
