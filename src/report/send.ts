import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { ReportWay } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Report } from './compose.js';
import { formatReport, formatReportPage } from './format.js';

/** Longest wait for a server that takes a report. */
const TIMEOUT_MS = 20_000;

/** The ways in which reports are sent, by the settings. */
export function reportWays(config: Config): ReportWay[] {
  const { MAIL_URL, REPORT_MAIL_TO, REPORT_WEBHOOK } = config;
  return [
    ...(MAIL_URL !== '' && REPORT_MAIL_TO.length > 0 ? (['mail'] as const) : []),
    ...(REPORT_WEBHOOK === '' ? [] : (['webhook'] as const)),
  ];
}

/** Sends a report. @throws what went wrong; nobody has taken it then, as far as is known */
export async function sendReport(config: Config, way: ReportWay, report: Report): Promise<void> {
  await (way === 'mail' ? sendMail : callWebhook)(config, report);
}

async function sendMail(config: Config, report: Report): Promise<void> {
  const { MAIL_URL, MAIL_FROM, REPORT_MAIL_TO } = config;
  const transport = createTransport({
    url: MAIL_URL,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  });
  const from = MAIL_FROM === '' ? 'platevault@localhost' : MAIL_FROM;
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
  try {
    const url = nightUrl(config, report);
    await transport.sendMail({
      from,
      to: REPORT_MAIL_TO,
      subject: report.subject,
      text: formatReport(report, url),
      html: formatReportPage(report, url),
      // The same at each attempt: mail programs know by it that they have it already.
      messageId: `<night-${report.night}.${config.SITE_ID.replace(/[^\w-]/g, '')}@${domain}>`,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}

async function callWebhook(config: Config, report: Report): Promise<void> {
  const { REPORT_WEBHOOK, REPORT_WEBHOOK_SECRET } = config;
  const url = nightUrl(config, report);
  const body = JSON.stringify({
    kind: 'night.report',
    night: report.night,
    subject: report.subject,
    lines: report.lines.map(({ text, needsHand }) => ({ text, needs_hand: needsHand })),
    url: url ?? null,
  });
  const signature = createHmac('sha256', REPORT_WEBHOOK_SECRET).update(body).digest('hex');
  const signed =
    REPORT_WEBHOOK_SECRET === '' ? {} : { 'X-Platevault-Signature': `sha256=${signature}` };
  const answer = await fetch(REPORT_WEBHOOK, {
    method: 'POST',
    body,
    redirect: 'error',
    headers: { 'Content-Type': 'application/json', ...signed },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`The webhook answered ${answer.status}.`);
}

/** Where the night is to be seen; undefined if nobody has said what the archive is called. */
function nightUrl({ HTTP_ROOT }: Config, { night }: Report): string | undefined {
  return HTTP_ROOT === '' ? undefined : `${HTTP_ROOT.replace(/\/*$/, '/')}nights/${night}/`;
}
