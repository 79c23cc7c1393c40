import type { RequestHandler } from 'express';
import { requireDate } from '../catalog/index.js';
import {
  parameter,
  queryParameters,
  reportReaderOf,
  requireAction,
  requireKnownFormat,
  rootUrl,
  type Services,
} from '../http/index.js';
import { formatReport, toReportShape } from '../report/index.js';

/** What a report can be sent as; the page is sent by another room. */
export const REPORT_FORMATS: readonly string[] = ['text', 'json', 'html'];

/** `GET /nights/<date>/report/`: a night in ten lines, as far as whoever asks sees it. */
export function createReportHandler(services: Services): RequestHandler {
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    requireKnownFormat(req, ['text']);
    const night = requireDate('night', String(req.params.night));
    const report = await services.reports.make(night, reportReaderOf(viewer));
    res.set('Cache-Control', 'private, no-cache');
    if (parameter(queryParameters(req), 'format') !== 'json') {
      res.type('text/plain').send(formatReport(report));
      return;
    }
    res.json(toReportShape(report, rootUrl(services, req)));
  };
}
