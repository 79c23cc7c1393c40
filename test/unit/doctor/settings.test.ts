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
