import type { RequestHandler } from 'express';
import { getFrame, readSolutionStatus, type Solution } from '../catalog/index.js';
import { formatCards } from '../fits/index.js';
import {
  parameter,
  parseId,
  queryParameters,
  requireAction,
  type Services,
} from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import { pointingOffDeg } from '../solving/index.js';

/** What the solution of a frame can be sent as. */
export const SOLUTION_FORMATS: readonly string[] = ['json', 'header'];

/**
 * `GET /frames/<id>/solution/`: how its plate-solving stands, and what was found; with
 * `format=header` the cards of the WCS, one a line.
 */
export function createSolutionHandler({ catalog }: Services): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const format = parameter(queryParameters(req), 'format');
    if (format !== '' && !SOLUTION_FORMATS.includes(format)) {
      const message = 'Invalid value for format: expected json or header.';
      throw new AppError('bad_request', message, { parameter: 'format' });
    }
    const frame = await getFrame(catalog, parseId(req.params.id), viewer);
    const { state, attempts, error, solution } = await readSolutionStatus(catalog, frame);
    if (format === 'header') {
      if (solution === null) throw new AppError('not_found', 'This frame has no solution.');
      res.type('text/plain').send(toHeaderText(solution));
      return;
    }
    const offDeg = solution === null ? null : pointingOffDeg(frame, solution);
    const found = solution === null ? null : { ...toShape(solution), pointing_off_deg: offDeg };
    res.json({ id: frame.id, state, attempts, error, solution: found });
  };
}

function toHeaderText({ cards }: Solution): string {
  const lines = cards.flatMap(([keyword, value]) => formatCards([keyword, value]));
  return [...lines, 'END'.padEnd(80), ''].join('\n');
}

function toShape({ solver, cards, footprint, solvedMs }: Solution): Record<string, unknown> {
  const { center, pixelScaleArcsec, rotationDeg, mirrored, corners } = footprint;
  return {
    solver,
    solved: formatInstant(solvedMs),
    ra: center?.raDeg ?? null,
    dec: center?.decDeg ?? null,
    scale: pixelScaleArcsec,
    rotation: rotationDeg,
    mirrored,
    corners: corners.map((at) => (at === null ? null : { ra: at.raDeg, dec: at.decDeg })),
    wcs: Object.fromEntries(cards),
  };
}
