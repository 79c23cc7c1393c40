import type { Config } from '../config/index.js';
import { isInside } from '../lib/paths.js';
import { about, type Finding } from './finding.js';

const { ok, warn } = about('settings');
/** With fewer threads a slow query makes quick ones wait. */
const FEW_THREADS = 12;
const SHORT_KEY = 32;

/** Settings that are understood, but do not go together. */
export function checkSettings(config: Config): Finding[] {
  const findings = [
    ...checkAccess(config),
    ...checkProxy(config),
    ...checkPlaces(config),
    ...checkReports(config),
  ];
  return findings.some(({ level }) => level !== 'ok')
    ? findings
    : [ok('The settings go together.')];
}

function checkAccess({ ANONYMOUS, SECRET_KEY, ADMIN_PASSWORD, LOG }: Config): Finding[] {
  const findings: Finding[] = [];
  if (ANONYMOUS === 'public') {
    const text = 'ANONYMOUS=public: frames whose public date has passed are shown to everyone.';
    findings.push(warn(text, 'Set ANONYMOUS=none unless that is meant.'));
  }
  if (SECRET_KEY !== '' && SECRET_KEY.length < SHORT_KEY) {
    const text = `SECRET_KEY has ${SECRET_KEY.length} characters.`;
    findings.push(
      warn(
        text,
        'Take 32 random ones or more, or leave it empty to have a key made; sessions end.',
      ),
    );
  }
  if (ADMIN_PASSWORD !== '') {
    const text = 'ADMIN_PASSWORD is still set; it is needed at the first start alone.';
    findings.push(warn(text, 'Remove it from the settings: it is readable there.'));
  }
  if (LOG === 'off') {
    findings.push(warn('LOG=off: nobody will know what went wrong.', 'Set LOG=on.'));
  }
  return findings;
}

function checkProxy(config: Config): Finding[] {
  const { HTTP_ROOT, TRUST_PROXY, HOST, X_ACCEL_PREFIX, ALLOWED_HOSTS } = config;
  const findings: Finding[] = [];
  const isBehind = TRUST_PROXY.length > 0;
  if (isBehind && HTTP_ROOT === '' && ALLOWED_HOSTS.length === 0) {
    const text =
      'HTTP_ROOT and ALLOWED_HOSTS are empty: links in answers have whatever name a client calls the archive.';
    findings.push(
      warn(text, 'Set HTTP_ROOT to the public address, or ALLOWED_HOSTS to its names.'),
    );
  }
  if (HTTP_ROOT.startsWith('https:') && !isBehind) {
    const text =
      'HTTP_ROOT is https, but no proxy is trusted (TRUST_PROXY): this program speaks http alone.';
    findings.push(
      warn(
        text,
        'Set TRUST_PROXY=true, or to the addresses of the proxy: else cookies lack `Secure`.',
      ),
    );
  }
  if (HTTP_ROOT.startsWith('http:') && isBehind) {
    const text = 'HTTP_ROOT is http, and a proxy is trusted: passwords travel in the open.';
    findings.push(warn(text, 'Let the proxy speak TLS and write https into HTTP_ROOT.'));
  }
  if (HTTP_ROOT.includes('download')) {
    const text =
      'HTTP_ROOT has the word download: clients of pyobs-archive put another in its place in addresses of frames.';
    findings.push(warn(text, 'Give the archive an address without it.'));
  }
  if (X_ACCEL_PREFIX !== '' && !isBehind) {
    const text =
      'X_ACCEL_PREFIX is set, but no proxy is trusted: downloads are empty without nginx.';
    findings.push(warn(text, 'Set TRUST_PROXY too, or empty X_ACCEL_PREFIX.'));
  }
  if (!isBehind && !/^(?:127\.|::1$|localhost$)/.test(HOST)) {
    const text = `HOST is ${HOST} and no proxy is trusted: passwords travel in the open.`;
    findings.push(warn(text, 'Put a proxy with TLS in front, and HOST=127.0.0.1.'));
  }
  return findings;
}

/** Reports that are wanted, and cannot be sent; and the other way round. */
function checkReports(config: Config): Finding[] {
  const { REPORT_AT, REPORT_MAIL_TO, MAIL_URL, REPORT_WEBHOOK } = config;
  const findings: Finding[] = [];
  if (REPORT_MAIL_TO.length > 0 && MAIL_URL === '') {
    const text = 'REPORT_MAIL_TO is set, but there is no server that sends mail.';
    findings.push(warn(text, 'Set MAIL_URL.'));
  }
  const hasWay = REPORT_WEBHOOK !== '' || REPORT_MAIL_TO.length > 0;
  if (REPORT_AT !== 'off' && !hasWay) {
    const text = `REPORT_AT is ${REPORT_AT}, but nobody gets the report.`;
    findings.push(warn(text, 'Set REPORT_MAIL_TO and MAIL_URL, or REPORT_WEBHOOK.'));
  }
  if (REPORT_AT === 'off' && hasWay) {
    const text = 'REPORT_AT is off: reports are sent by `platevault report --send` alone.';
    findings.push(warn(text, 'Set it to sunrise+30 or a time of day, if that is not meant.'));
  }
  return findings;
}

function checkPlaces(config: Config): Finding[] {
  const { UV_THREADPOOL_SIZE, BACKUP_TARGET, ARCHIVE_ROOT, DATA_DIR } = config;
  const findings: Finding[] = [];
  if (UV_THREADPOOL_SIZE < FEW_THREADS) {
    const text = `UV_THREADPOOL_SIZE is ${UV_THREADPOOL_SIZE}: a slow query makes quick ones wait.`;
    findings.push(warn(text, `Set it to ${FEW_THREADS} or more.`));
  }
  if (config.MAX_UPLOAD_BYTES > config.MAX_REQUEST_BYTES) {
    const text = 'MAX_UPLOAD_BYTES is larger than MAX_REQUEST_BYTES, which then decides.';
    findings.push(warn(text, 'Raise MAX_REQUEST_BYTES.'));
  }
  if (BACKUP_TARGET === '') {
    const text = 'No back-ups are made by themselves: BACKUP_TARGET is empty.';
    findings.push(warn(text, 'Set it to a folder on another disk, or run `platevault backup`.'));
  }
  for (const folder of [ARCHIVE_ROOT, DATA_DIR]) {
    if (!BACKUP_TARGET.startsWith('/') || !isInside(folder, BACKUP_TARGET)) continue;
    const text = `BACKUP_TARGET lies in ${folder}: what takes one takes both.`;
    findings.push(warn(text, 'Set it to a folder on another disk.'));
  }
  return findings;
}
