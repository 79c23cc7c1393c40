// What lies over the picture of a frame: the cross at the cursor, lines of the sky, the scale bar.

import { askJson, look, SVG, toPicture } from './viewer-place.js';
import { scaleBar } from './viewer-sky.js';

const stage = document.getElementById('stage');
const byId = (id) => document.getElementById(id);

function layer(name, className) {
  const element = document.createElementNS(SVG, name);
  element.setAttribute('class', className);
  element.setAttribute('aria-hidden', 'true');
  stage.append(element);
  return element;
}

let cross;
let lines;
let lineData;

/** @param cursor the pixel that is read; undefined takes the cross away. @param frame from `frameOf` */
export function drawCross(cursor, frame) {
  cross ??= layer('svg', 'cross');
  if (cursor === undefined) {
    cross.replaceChildren();
    return;
  }
  const { scale, left, top } = frame;
  const at = toPicture(cursor.pixel);
  const [x, y] = [at.x * scale + left, at.y * scale + top];
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', `M${x - 14} ${y}h9M${x + 5} ${y}h9M${x} ${y - 14}v9M${x} ${y + 5}v9`);
  cross.replaceChildren(path);
}

/** As long as a round length on the sky at this zoom. */
export function drawBar(frame) {
  const { scale } = look();
  const bar = byId('bar');
  if (bar === null || scale === 0) return;
  bar.hidden = false;
  const perPixel = scale / frame.scale;
  const [arcsec, label] = scaleBar(perPixel * 116);
  const width = arcsec / perPixel;
  byId('bar-label').textContent = label;
  byId('bar-line').setAttribute('d', `M${60 - width / 2} 1v5h${width}v-5`);
}

/** Asks for the lines across what is seen, and a little beyond. */
export async function drawLines(place) {
  const { hasGrid, frame, hdu, hash, x, y, width, height } = look();
  if (!hasGrid) {
    lines?.replaceChildren();
    lineData = undefined;
    return;
  }
  const { scale, left, top } = place;
  const box = stage.getBoundingClientRect();
  const from = { x: Math.max(0, -left / scale), y: Math.max(0, -top / scale) };
  const to = {
    x: Math.min(width, (box.width - left) / scale),
    y: Math.min(height, (box.height - top) / scale),
  };
  if (!(to.x > from.x && to.y > from.y)) return;
  // Of the image y goes up.
  const area = [x + from.x, y + height - to.y, to.x - from.x, to.y - from.y];
  const text = area.map((value) => value.toFixed(1)).join(',');
  const answer = await askJson(`${frame}sky/?hdu=${hdu}&box=${text}&v=${hash}`).catch(
    () => undefined,
  );
  if (answer === undefined || !look().hasGrid) return;
  lineData = { from, lines: answer.lines };
  placeLines(place);
}

/** Puts the lines that are there where the picture is now. */
export function placeLines(frame) {
  if (lineData === undefined) return;
  lines ??= layer('svg', 'lines-over');
  const { scale, left, top } = frame;
  const [x0, y0] = [lineData.from.x * scale + left, lineData.from.y * scale + top];
  lines.replaceChildren(
    ...lineData.lines.flatMap(({ d, at, label }) => {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', d);
      path.setAttribute('transform', `translate(${x0} ${y0}) scale(${scale})`);
      if (at === null) return [path];
      const text = document.createElementNS(SVG, 'text');
      text.setAttribute('x', x0 + at.x * scale + 4);
      text.setAttribute('y', y0 + at.y * scale + (at.edge === 'top' ? 14 : -4));
      text.textContent = label;
      return [path, text];
    }),
  );
}
