import { BlockList, isIP } from 'node:net';
import type { Config } from '../config/index.js';

/** Networks by the names that Express gives them. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Whose `X-Forwarded-*` headers are believed, for Express' setting `trust proxy`.
 *
 * `true` is the one proxy right in front of us, on this machine or in its private network: a client
 * that reaches us from the internet itself is never believed. A list is believed at every hop, so
 * that a chain of proxies can be named.
 *
 * @param trusted `TRUST_PROXY` as config gives it: addresses, ranges and names, `true`, or nothing
 * @returns a function of the address and of how many hops it is away, 0 for the one connected to us;
 *          a client that has gone already has no address
 */
export function trustedProxies(
  trusted: Config['TRUST_PROXY'],
): (address: string | undefined, hop: number) => boolean {
  const isNearOnly = trusted.includes('true');
  const networks = isNearOnly ? Object.keys(NAMED) : trusted;
  const list = new BlockList();
  for (const network of networks.flatMap((each) => NAMED[each] ?? [each])) add(list, network);
  return (address, hop) => {
    if (address === undefined || (isNearOnly && hop > 0)) return false;
    const [plain = ''] = address.split('%');
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function add(list: BlockList, network: string): void {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}
