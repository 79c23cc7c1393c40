import type { Request, RequestHandler, Response } from 'express';
import { getFrameFile, type FrameFile } from '../../catalog/index.js';
import {
  clientOf,
  lastValues,
  parameter,
  parseId,
  queryParameters,
  requireAction,
  requireIntact,
} from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { parseRenderOptions, TILE_SIZE, type RenderOptions } from '../../preview/index.js';
import type { Web } from '../page.js';
import { drawHistogram } from './histogram.js';
import { FIT } from './picture.js';
import { skyLines } from './sky-lines.js';

/** A block of values: so many pixels beside each other, if nothing is said. */
const USUAL_BLOCK = 64;
const FOREVER = 'private, max-age=31536000, immutable';
const FOR_NOW = 'private, max-age=3600';

/** `GET /frames/<id>/tile/<level>/<x>_<y>/`: one tile of the picture, with the cuts of the whole. */
export function sendTile(web: Web): RequestHandler {
  const { previews } = web.services;
  return async (req, res) => {
    const { source, waiter, parameters, keep } = await openLook(web, req, res);
    const given = parseRenderOptions({ format: 'webp', ...lastValues(parameters) });
    // Both are the same for every tile: else their edges would show.
    const whole = await previews.get(source, { ...given, width: FIT, format: 'png' }, waiter);
    if (whole.shown === undefined)
      throw new AppError('fits_invalid', whole.problem ?? 'No picture.');
    const { low, high, hdu } = whole.shown;
    const tile = { level: parseWhole(req.params.level), ...parseCorner(req.params.tile) };
    const options: RenderOptions = { ...given, width: TILE_SIZE, hdu, low, high, tile };
    keep();
    res.set('ETag', previews.etag(source, options));
    if (req.fresh) {
      res.status(304).end();
      return;
    }
    const picture = await previews.get(source, options, waiter);
    res.set('Content-Type', picture.contentType).send(Buffer.from(picture.bytes));
  };
}

/** `GET /frames/<id>/histogram/`: which values the picture is made of, and its cuts; `format=svg` draws it. */
export function sendHistogram(web: Web): RequestHandler {
  return async (req, res) => {
    const { source, waiter, parameters, keep } = await openLook(web, req, res);
    const isDrawn = parameter(parameters, 'format') === 'svg';
    const options = parseRenderOptions({
      ...lastValues(parameters),
      width: String(FIT),
      format: '',
    });
    const picture = await web.services.previews.get(source, options, waiter);
    const { shown, histogram, problem } = picture;
    if (shown === undefined || histogram === undefined) {
      throw new AppError('fits_invalid', problem ?? 'There is no picture of this file.');
    }
    keep();
    if (isDrawn) res.type('image/svg+xml').send(drawHistogram(histogram, shown));
    else res.json({ ...histogram, cuts: { low: shown.low, high: shown.high } });
  };
}

/** `GET /frames/<id>/pixels/`: values of a part of an image, x and y from 0 at FITS pixel (1,1). */
export function sendPixels(web: Web): RequestHandler {
  return async (req, res) => {
    const { source, waiter, parameters, keep } = await openLook(web, req, res);
    const whole = (name: string, otherwise: number): number => {
      const text = parameter(parameters, name);
      return text === '' ? otherwise : parseWhole(text, name);
    };
    const region = {
      x: whole('x', 0),
      y: whole('y', 0),
      width: whole('width', USUAL_BLOCK),
      height: whole('height', USUAL_BLOCK),
    };
    const place = { hdu: whole('hdu', 0), plane: whole('plane', 0), region };
    const block = await web.services.products.block(source, place, waiter);
    keep();
    res.json({ ...block, values: Array.from(block.values, shorten) });
  };
}

/**
 * `GET /frames/<id>/sky/`: where the image lies on the sky, as a net of positions; `box=x,y,width,height`
 * gives the lines of RA and Dec across a part of it, and `format=svg` draws them.
 */
export function sendSky(web: Web): RequestHandler {
  return async (req, res) => {
    const { source, parameters, keep } = await openLook(web, req, res);
    const hdu = parseWhole(parameter(parameters, 'hdu') || '0', 'hdu');
    const nodes = await web.services.products.sky(source, hdu);
    keep();
    const given = parameter(parameters, 'box');
    if (given === '') {
      res.json({ nodes });
      return;
    }
    const box = parseBox(given);
    const lines = nodes === null ? [] : skyLines(nodes, box);
    if (parameter(parameters, 'format') !== 'svg') res.json({ lines });
    else res.type('image/svg+xml').send(drawLines(lines, box));
  };
}

/** The file that is looked at, by someone who may; `keep` says that an answer with its hash never changes. */
async function openLook({ services }: Web, req: Request, res: Response) {
  const viewer = requireAction(res, 'read');
  const file = await getFrameFile(services.catalog, parseId(req.params.id), viewer);
  const { version } = file;
  await requireIntact(services.store, version);
  const path = await services.store.localPath(version.key);
  const parameters = queryParameters(req);
  const control = new AbortController();
  res.once('close', () => {
    control.abort(new AppError('busy', 'Nobody waits for this any more.'));
  });
  return {
    source: { ...version, path },
    parameters,
    waiter: { client: clientOf(viewer), signal: control.signal },
    keep: () => {
      res.set('Cache-Control', isOfBytes(parameter(parameters, 'v'), file) ? FOREVER : FOR_NOW);
    },
  };
}

function isOfBytes(text: string, { version }: FrameFile): boolean {
  return /^[\da-f]{12,64}$/.test(text) && version.sha256.startsWith(text);
}

function parseWhole(text: unknown, name = 'level'): number {
  if (typeof text === 'string' && /^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError('bad_request', `${name} must be a whole number.`, { parameter: name });
}

/** `3_2` */
function parseCorner(text: unknown): { x: number; y: number } {
  const match = typeof text === 'string' ? /^(\d{1,6})_(\d{1,6})$/.exec(text) : null;
  if (match === null) throw new AppError('not_found', 'Tiles are called by column and row: 3_2.');
  return { x: Number(match[1]), y: Number(match[2]) };
}

function parseBox(text: string): { x: number; y: number; width: number; height: number } {
  const [x = NaN, y = NaN, width = NaN, height = NaN] = text.split(',').map(Number);
  if ([x, y, width, height].every(Number.isFinite) && width > 0 && height > 0) {
    return { x, y, width, height };
  }
  const message = 'box must be four numbers: x, y, width and height.';
  throw new AppError('bad_request', message, { parameter: 'box' });
}

/** JSON has no NaN; 32-bit floats are written as short as they are. */
function shorten(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  return Number.isInteger(value) || Math.fround(value) !== value
    ? value
    : Number(value.toPrecision(9));
}

/** For pages without scripts: laid over the picture, as wide as it. */
function drawLines(
  lines: ReturnType<typeof skyLines>,
  { width, height }: { width: number; height: number },
): string {
  const size = Math.max(width, height) / 70;
  const texts = lines.flatMap(({ label, at }) => {
    if (at === null) return [];
    const [x, y] = at.edge === 'top' ? [at.x + size / 2, size * 1.2] : [size / 2, at.y - size / 2];
    return [`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}">${label}</text>`];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">`,
    `<g fill="none" stroke="#f0e7d3" stroke-opacity="0.55" stroke-width="${(size / 9).toFixed(2)}">`,
    ...lines.map(({ d }) => `<path d="${d}"/>`),
    `</g><g font-family="system-ui, sans-serif" font-size="${size.toFixed(1)}" fill="#f0e7d3">`,
    ...texts,
    '</g></svg>',
  ].join('');
}
