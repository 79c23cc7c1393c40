import type { RequestHandler } from 'express';
import { findFrames, listHeaders, type Frame, type StoredHdu } from '../../catalog/index.js';
import { lastValues, parameter, queryParameters, requireAction } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { parseRenderOptions } from '../../preview/index.js';
import { sendPage, type Web } from '../page.js';
import { filterSlot, formatDateTime, formatExposure, NONE } from '../render.js';
import { alignPictures, meets, formatMatrix, type Placed } from './align.js';
import { hduShift, imagesOf } from './frame-file.js';
import { FIT, toPicture } from './picture.js';
import { regionOf } from './viewer.js';

/** Frames that are blinked at most: each is a picture to be drawn and held. */
const MOST = 24;
const SPEEDS = [0.5, 1, 2, 4, 8] as const;
const USUAL_SPEED = 2;

/** `GET /blink/?ids=1,2,3`: frames one over the other, laid so that stars meet. */
export function showBlink(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const parameters = queryParameters(req);
    parseRenderOptions({ ...lastValues(parameters), format: '' });
    const ids = parseIds(parameter(parameters, 'ids'));
    const found = await findFrames(services.catalog, ids, viewer);
    const byId = new Map(found.map((frame) => [frame.id, frame]));
    const frames = ids.flatMap((id) => byId.get(id) ?? []);
    const headers = await Promise.all(
      frames.map(({ version }) => listHeaders(services.catalog, version)),
    );
    const pictures = frames.map((frame, at) => toLayer(base, frame, headers[at] ?? [], parameters));
    const shown = pictures.filter((picture) => picture !== null);
    const speed = Number(parameter(parameters, 'speed')) || USUAL_SPEED;
    const pageUrl = `${base}/blink/`;
    await sendPage(
      web,
      req,
      res,
      'blink',
      { title: `Blink ${shown.length} frames`, place: 'frames' },
      {
        ...toStage(shown),
        // With one picture, or none, there is nothing to compare.
        isEmpty: shown.length < 2,
        left: ids.length - shown.length,
        groups: toPicture(parameters, [], { pageUrl, pictureUrl: '' }).groups,
        speeds: SPEEDS.map((each) => ({ value: each, isChosen: each === speed })),
        speed,
      },
    );
  };
}

/** @throws 'bad_request' for what are no ids, or too many */
function parseIds(text: string): number[] {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.length > MOST || !parts.every((part) => /^\d{1,15}$/.test(part))) {
    const message = `ids must be the numbers of at most ${MOST} frames, such as 12,13.`;
    throw new AppError('bad_request', message, { parameter: 'ids' });
  }
  return [...new Set(parts.map(Number))];
}

/** The main image of a frame as a picture to be laid over others; null if it has none. */
function toLayer(
  base: string,
  frame: Frame,
  hdus: readonly StoredHdu[],
  parameters: ReadonlyMap<string, readonly string[]>,
) {
  const images = imagesOf(hdus);
  const main = images.find(({ label }) => /^\d+ SCI$/i.test(label)) ?? images[0];
  const stored = hdus.find(({ hdu }) => hdu === main?.hdu);
  if (main === undefined || stored === undefined) return null;
  const look = new Map([...parameters].filter(([name]) => !['hdu', 'plane'].includes(name)));
  const hash = frame.version.sha256.slice(0, 12);
  const pageUrl = `${base}/frames/${frame.id}/`;
  look.set('hdu', [String(main.hdu + hduShift(frame, hdus))]);
  look.set('width', [String(FIT)]);
  const { src } = toPicture(look, [], { pageUrl, pictureUrl: `${pageUrl}preview/`, hash });
  const { footprint } = frame;
  const region = regionOf(stored);
  const placed: Placed | null =
    footprint === null || footprint.provisional
      ? null
      : { footprint, width: main.width, height: main.height, region };
  return {
    id: frame.id,
    name: frame.basename,
    url: pageUrl,
    src,
    region,
    placed,
    start: `${formatDateTime(frame.dateObsMs)} UTC`,
    filter: frame.filter ?? NONE,
    slot: filterSlot(frame.filter),
    exposure: `${formatExposure(frame.exposureSec)}\u202fs`,
  };
}

type Layer = NonNullable<ReturnType<typeof toLayer>>;

/** All pictures on the pixels of the first. */
function toStage(layers: readonly Layer[]) {
  const [first] = layers;
  const { width, height } = first?.region ?? { width: 1, height: 1 };
  const laid = layers.map((layer) => {
    const matrix =
      first?.placed && layer.placed ? alignPictures(first.placed, layer.placed) : undefined;
    const isMet = matrix !== undefined && first && meets(matrix, layer.region, first.region);
    const isAligned = isMet === true;
    // Without coordinates, or of another field, pixels are laid on pixels.
    const transform = isAligned ? formatMatrix(matrix) : '';
    const isElsewhere = !isAligned && Boolean(first?.placed) && layer.placed !== null;
    const why = isAligned ? '' : isElsewhere ? 'another field' : 'no WCS';
    const { width: across, height: up } = layer.region;
    return { ...layer, width: across, height: up, transform, isAligned, why };
  });
  return { width, height, layers: laid, aligned: tellAligned(laid) };
}

/** How the pictures lie over each other, in words. */
function tellAligned(layers: readonly { readonly name: string; readonly why: string }[]): string {
  const without = layers.filter(({ why }) => why === 'no WCS').length;
  const elsewhere = layers.filter(({ why }) => why === 'another field').length;
  if (without === layers.length) {
    return 'not aligned: no WCS in the headers, pixels lie on pixels';
  }
  if (without + elsewhere === 0) return `aligned by WCS on ${layers[0]?.name ?? ''}`;
  const parts = [
    without > 0 ? `${without} without WCS` : '',
    elsewhere > 0 ? `${elsewhere} of another field` : '',
  ].filter((part) => part !== '');
  return `${parts.join(', ')}: there pixels lie on pixels`;
}
