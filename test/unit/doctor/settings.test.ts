import { loadConfig } from '../../../src/config/index.js';
import { checkSettings } from '../../../src/doctor/settings.js';

const BEHIND = { TRUST_PROXY: 'true' };

test.each([
  [BEHIND, true],
  [{ ...BEHIND, HTTP_ROOT: 'https://archive.example/' }, false],
  [{ ...BEHIND, ALLOWED_HOSTS: 'archive.example' }, false],
  [{}, false],
])('behind a proxy, links that take any name are told: %j', (settings, isTold) => {
  const { config } = loadConfig(settings, '/nowhere');
  const findings = checkSettings(config).filter(({ text }) => text.includes('ALLOWED_HOSTS'));
  expect(findings.map(({ level }) => level)).toEqual(isTold ? ['warn'] : []);
});

test.each([
  [{}, undefined],
  [{ REPORT_AT: 'sunrise+30', REPORT_WEBHOOK: 'https://example.org/x' }, undefined],
  [{ REPORT_AT: '07:30' }, 'REPORT_AT is 07:30, but nobody gets the report.'],
  [
    { REPORT_AT: '07:30', REPORT_MAIL_TO: 'ana@hill.example' },
    'REPORT_MAIL_TO is set, but there is no server that sends mail.',
  ],
  [
    { REPORT_WEBHOOK: 'https://example.org/x' },
    'REPORT_AT is off: reports are sent by `platevault report --send` alone.',
  ],
])('reports that go nowhere are told: %j', (settings, told) => {
  const { config } = loadConfig(settings, '/nowhere');
  const findings = checkSettings(config).filter(({ text }) => text.includes('REPORT_'));
  expect(findings.map(({ text }) => text)).toEqual(told === undefined ? [] : [told]);
});
