import type { RequestHandler } from 'express';
import { may } from '../auth/index.js';
import { requireDate } from '../catalog/index.js';
import { parameter, queryParameters, requireAction, type Services } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatReport } from '../report/index.js';

/** What a report can be sent as. */
export const REPORT_FORMATS: readonly string[] = ['text', 'json'];

/** `GET /nights/<date>/report/`: a night in ten lines, as far as whoever asks sees it. */
export function createReportHandler({ reports }: Services): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const format = parameter(queryParameters(req), 'format');
    if (format !== '' && !REPORT_FORMATS.includes(format)) {
      const message = 'Invalid value for format: expected text or json.';
      throw new AppError('bad_request', message, { parameter: 'format' });
    }
    const night = requireDate('night', String(req.params.night));
    const report = await reports.make(night, {
      viewer,
      seesRefused: may(viewer, 'upload'),
      seesStanding: may(viewer, 'administer'),
    });
    res.set('Cache-Control', 'private, no-cache');
    if (format !== 'json') {
      res.type('text/plain').send(formatReport(report));
      return;
    }
    const lines = report.lines.map(({ text, needsHand }) => ({ text, needs_hand: needsHand }));
    res.json({ night, subject: report.subject, lines });
  };
}
