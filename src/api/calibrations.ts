import type { RequestHandler } from 'express';
import {
  CALIBRATION_KINDS,
  type KindMatch,
  type Match,
  type Rejection,
} from '../calibration/index.js';
import { getFrame, type FrameSetup } from '../catalog/index.js';
import { downloadUrl, parseId, requireAction, rootUrl, type Services } from '../http/index.js';
import { formatInstant } from '../lib/time.js';

/**
 * `GET /frames/<id>/calibrations/`: for each kind what it is looked for by, the masters and the sets
 * of raw frames that fit, the best first and the one to use marked, and the nearest that do not fit.
 */
export function createCalibrationHandler(services: Services): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const frame = await getFrame(services.catalog, parseId(req.params.id), viewer);
    const found = await services.calibrations.find(frame, viewer);
    const root = rootUrl(services, req);
    const chosen = CALIBRATION_KINDS.flatMap((kind) => found[kind].chosen?.frames ?? []);
    const kinds = CALIBRATION_KINDS.map((kind) => [
      kind,
      toKindShape(found[kind], (id) => downloadUrl(services, root, id, viewer)),
    ]);
    res.json({
      id: frame.id,
      basename: frame.basename,
      ...Object.fromEntries(kinds),
      chosen: chosen.map(({ id }) => id),
      zip: `${root}frames/zip/?frame_ids=${frame.id}&calibrations=true`,
    });
  };
}

function toKindShape(
  { notNeeded, wanted, masters, sets, rejected, chosen }: KindMatch,
  urlOf: (frameId: number) => string,
): Record<string, unknown> {
  const toFrameShape = (frame: FrameSetup): Record<string, unknown> => ({
    id: frame.id,
    basename: frame.basename,
    filename: `${frame.basename}${frame.extension}`,
    url: urlOf(frame.id),
    DATE_OBS: frame.dateObsMs === null ? null : formatInstant(frame.dateObsMs),
    night: frame.night,
    type: frame.imageKind,
    RLEVEL: frame.reductionLevel,
    FILTER: frame.filter,
    EXPTIME: frame.exposureSec,
  });
  const toMatchShape = (match: Match): Record<string, unknown> => ({
    chosen: match === chosen,
    age_days: match.ageDays,
    night: match.frames[0]?.night ?? null,
    scale: match.scale,
    notes: match.notes,
    count: match.frames.length,
    frames: match.frames.map(toFrameShape),
  });
  return {
    needed: notNeeded === '',
    reason: notNeeded === '' ? null : notNeeded,
    wanted,
    masters: masters.map(toMatchShape),
    sets: sets.map(toMatchShape),
    rejected: rejected.map(toRejectionShape),
  };
}

/** Ids alone: what does not fit may be much, and is not to be downloaded. */
function toRejectionShape({ isMaster, frames, ageDays, reasons }: Rejection): object {
  return {
    what: isMaster ? 'master' : 'set',
    age_days: ageDays,
    night: frames[0]?.night ?? null,
    type: frames[0]?.imageKind,
    basename: frames[0]?.basename,
    count: frames.length,
    ids: frames.map(({ id }) => id),
    reasons,
  };
}
