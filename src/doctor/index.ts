import type { Config } from '../config/index.js';
import { systemCode } from '../lib/errors.js';
import { checkCatalogue } from './catalogue.js';
import { about, type Finding } from './finding.js';
import { checkMachine } from './machine.js';
import { checkAddress, checkProxyHeaders } from './network.js';
import { checkPlaces } from './places.js';
import { checkPrograms } from './programs.js';
import { checkSettings } from './settings.js';

export type { Finding } from './finding.js';

/**
 * Looks at everything that an archive needs, one thing after the other. Nothing is changed, and
 * nothing that is wrong in one place keeps the others from being looked at. Works beside a running
 * server.
 */
export async function* examine(config: Config): AsyncGenerator<Finding> {
  const looks: readonly (readonly [string, () => Finding[] | Promise<Finding[]>])[] = [
    ['settings', () => checkSettings(config)],
    ['machine', checkMachine],
    ['places', () => checkPlaces(config)],
    ['database', () => checkCatalogue(config)],
    ['solver', () => checkPrograms(config)],
    ['address', () => checkAddress(config)],
    ['proxy', () => checkProxyHeaders(config)],
  ];
  for (const [topic, look] of looks) {
    try {
      yield* await look();
    } catch (error) {
      const reason = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
      yield about(topic).fail(`It cannot be looked at: ${reason}.`, 'Look at rights and disks.');
    }
  }
}
