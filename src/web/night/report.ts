import type { RequestHandler } from 'express';
import { may } from '../../auth/index.js';
import { reportReaderOf, requireAction } from '../../http/index.js';
import { verdictOf, type Report } from '../../report/index.js';
import { sendPage, type Web } from '../page.js';
import { formatNight } from '../render.js';
import { requireNight } from './night.js';

/** `GET /nights/<date>/report/`: the night in ten lines, each with the way to what it counts. */
export function showReport(web: Web): RequestHandler {
  const { base, services } = web;
  const { nights, reports } = services;
  return async (req, res) => {
    const viewer = requireAction(res, 'read');
    const night = requireNight(req);
    const [report, around] = await Promise.all([
      reports.make(night, reportReaderOf(viewer)),
      nights.around(night, viewer),
    ]);
    const link = (other: string | null) =>
      other === null ? null : { url: `${base}/nights/${other}/report/`, label: formatNight(other) };
    await sendPage(
      web,
      req,
      res,
      'report',
      { title: `Report of the night of ${night}`, place: 'nights' },
      {
        label: formatNight(night),
        url: `${base}/nights/${night}/`,
        textUrl: `${base}/nights/${night}/report/?format=text`,
        previous: link(around.previous),
        next: link(around.next),
        verdict: verdictOf(report.lines),
        needsHand: report.lines.some((each) => each.needsHand),
        lines: toLines(base, report),
        isSent: may(viewer, 'administer') && web.services.config.REPORT_AT !== 'off',
      },
    );
  };
}

function toLines(base: string, { lines }: Report) {
  return lines.map(({ heading, pieces, needsHand }) => ({
    heading,
    needsHand,
    pieces: pieces.map(({ text, path }) => ({
      text,
      url: path === undefined ? '' : `${base}/${path}`,
    })),
  }));
}
