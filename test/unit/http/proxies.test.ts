import { loadConfig } from '../../../src/config/index.js';
import { trustedProxies } from '../../../src/http/index.js';

const trust = (text: string) =>
  trustedProxies(loadConfig({ TRUST_PROXY: text }, '/nonexistent').config.TRUST_PROXY);

test.each<[setting: string, address: string | undefined, hop: number, isTrusted: boolean]>([
  ['true', undefined, 0, false],
  ['false', '127.0.0.1', 0, false],
  ['', '127.0.0.1', 0, false],
  ['true', '127.0.0.1', 0, true],
  ['true', '::1', 0, true],
  ['true', '::ffff:172.18.0.3', 0, true],
  ['true', '10.0.0.1', 0, true],
  ['true', 'fd00::1', 0, true],
  ['true', '127.0.0.1', 1, false],
  ['true', '203.0.113.9', 0, false],
  ['true', '2001:db8::1', 0, false],
  ['loopback', '127.0.0.1', 2, true],
  ['loopback', '10.0.0.1', 0, false],
  ['203.0.113.9, 198.51.100.0/24', '203.0.113.9', 0, true],
  ['203.0.113.9, 198.51.100.0/24', '198.51.100.77', 3, true],
  ['203.0.113.9, 198.51.100.0/24', '203.0.113.8', 0, false],
  ['203.0.113.9, 198.51.100.0/24', '127.0.0.1', 0, false],
  ['2001:db8::/32', '2001:db8:ffff::1', 0, true],
  ['2001:db8::/32', '2001:db9::1', 0, false],
  ['true', 'not an address', 0, false],
])('with TRUST_PROXY=%s, %s at hop %d is believed: %s', (setting, address, hop, isTrusted) => {
  expect(trust(setting)(address, hop)).toBe(isTrusted);
});

test.each([
  'perhaps',
  '10.0.0.0/33',
  '1.2.3',
  'fe80::1%eth0',
  '10.0.0.1 10.0.0.2',
  'true,10.0.0.1',
])('TRUST_PROXY=%s stops the start', (text) => {
  expect(() => trust(text)).toThrow(/TRUST_PROXY .*true or false, or a list of addresses/);
});
