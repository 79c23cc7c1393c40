import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { ReportWay } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Report } from './compose.js';
import { formatReport, formatReportPage, toReportShape } from './format.js';

/** Longest wait for a server that takes a report. */
const TIMEOUT_MS = 20_000;

/** Who did not get a report that others got. */
export interface Unsent {
  readonly recipients: readonly string[];
  /** Who, and what the server said. */
  readonly text: string;
}

/** The ways in which reports are sent, by the settings. */
export function reportWays(config: Config): ReportWay[] {
  const { MAIL_URL, REPORT_MAIL_TO, REPORT_WEBHOOK } = config;
  return [
    ...(MAIL_URL !== '' && REPORT_MAIL_TO.length > 0 ? (['mail'] as const) : []),
    ...(REPORT_WEBHOOK === '' ? [] : (['webhook'] as const)),
  ];
}

/**
 * Sends a report.
 *
 * @param recipients of a mail; null for all of the settings
 * @returns whom the server refused, of a mail that it took for others; undefined if all have it
 * @throws what went wrong; nobody has taken it then, as far as is known
 */
export async function sendReport(
  config: Config,
  way: ReportWay,
  report: Report,
  recipients: readonly string[] | null = null,
): Promise<Unsent | undefined> {
  if (way === 'mail') {
    // Who was taken out of the settings since gets nothing more.
    const left = config.REPORT_MAIL_TO.filter((each) => recipients?.includes(each) ?? true);
    return left.length === 0 ? undefined : sendMail(config, report, left);
  }
  await callWebhook(config, report);
  return undefined;
}

async function sendMail(
  config: Config,
  report: Report,
  to: readonly string[],
): Promise<Unsent | undefined> {
  const { MAIL_URL, MAIL_FROM } = config;
  const transport = createTransport({
    url: MAIL_URL,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  });
  const from = MAIL_FROM === '' ? 'platevault@localhost' : MAIL_FROM;
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
  try {
    const root = rootOf(config);
    const { rejected, rejectedErrors } = await transport.sendMail({
      from,
      to,
      subject: report.subject,
      text: formatReport(report, root),
      html: formatReportPage(report, root),
      // The same at each attempt: mail programs know by it that they have it already.
      messageId: `<night-${report.night}.${config.SITE_ID.replace(/[^\w-]/g, '')}@${domain}>`,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return toUnsent(to, rejected ?? [], rejectedErrors ?? []);
  } finally {
    transport.close();
  }
}

/** The addresses of the settings that are among the bare ones that a server refused. */
function toUnsent(
  to: readonly string[],
  rejected: readonly string[],
  errors: readonly { readonly recipient?: string; readonly response?: string }[],
): Unsent | undefined {
  if (rejected.length === 0) return undefined;
  const refused = new Set(rejected);
  const reasons = rejected.map((address) => {
    const said = errors.find(({ recipient }) => recipient === address)?.response ?? 'refused';
    return `${address} (${said.trim()})`;
  });
  const text = `The mail server refused ${reasons.join(', ')}; the others have it.`;
  return { recipients: to.filter((each) => refused.has(bareAddress(each))), text };
}

/** `Ana <ana@example.org>` → `ana@example.org` */
function bareAddress(text: string): string {
  return /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text;
}

async function callWebhook(config: Config, report: Report): Promise<void> {
  const { REPORT_WEBHOOK, REPORT_WEBHOOK_SECRET } = config;
  const body = JSON.stringify({
    kind: 'night.report',
    ...toReportShape(report, rootOf(config)),
  });
  const signature = createHmac('sha256', REPORT_WEBHOOK_SECRET).update(body).digest('hex');
  const signed =
    REPORT_WEBHOOK_SECRET === '' ? {} : { 'X-Platevault-Signature': `sha256=${signature}` };
  const answer = await fetch(REPORT_WEBHOOK, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { 'Content-Type': 'application/json', ...signed },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`The webhook cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
  await answer.body?.cancel();
  if (answer.ok) return;
  const location = answer.headers.get('location');
  if (answer.status >= 300 && answer.status < 400 && location !== null) {
    throw new Error(
      `The webhook answered ${answer.status} and sends on to another address at ${hostOf(location, REPORT_WEBHOOK)}, which is not followed: set REPORT_WEBHOOK to that one.`,
    );
  }
  throw new Error(`The webhook answered ${answer.status}.`);
}

/** What `fetch` hides behind its own words. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Only the host: the rest of such an address may be a secret. */
function hostOf(location: string, base: string): string {
  return URL.canParse(location, base) ? new URL(location, base).host : 'an odd address';
}

/** Root of the archive, for what is not asked for by a request; undefined if nobody has said what it is called. */
export function rootOf({ HTTP_ROOT }: Pick<Config, 'HTTP_ROOT'>): string | undefined {
  return HTTP_ROOT === '' ? undefined : HTTP_ROOT.replace(/\/*$/, '/');
}
