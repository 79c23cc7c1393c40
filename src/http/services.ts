import type { Calibrations } from '../calibration/index.js';
import type { Catalog } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { createPassport, DeedLog, Logins, Signer } from '../auth/index.js';
import type { Events } from '../events/index.js';
import type { Ingest, Reader } from '../ingest/index.js';
import type { Mending, Revisions, Trash } from '../keeping/index.js';
import type { Log } from '../lib/log.js';
import type { Nights } from '../nights/index.js';
import type { Previews } from '../preview/index.js';
import type { Products } from '../products/index.js';
import type { Reports } from '../report/index.js';
import type { Solving } from '../solving/index.js';
import type { Metrics, Overview, ReadyCheck } from '../status/index.js';
import type { Store } from '../store/index.js';

/** What routes work with; made once by the composition root. */
export interface Services {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly reader: Reader;
  readonly trash: Trash;
  readonly revisions: Revisions;
  readonly mending: Mending;
  readonly previews: Previews;
  readonly products: Products;
  readonly calibrations: Calibrations;
  readonly nights: Nights;
  readonly solving: Pick<Solving, 'state'>;
  readonly reports: Pick<Reports, 'make'>;
  /** Tells those who listen of what happens. */
  readonly events: Events;
  readonly signer: Signer;
  readonly passport: ReturnType<typeof createPassport>;
  readonly logins: Logins;
  /** Notes log-ins and refusals in the audit log. */
  readonly deeds: DeedLog;
  readonly log: Log;
  /** How the archive stands, for admins. */
  readonly overview: () => Promise<Overview>;
  /** Whether frames can be read and written now. */
  readonly readiness: () => Promise<readonly ReadyCheck[]>;
  readonly metrics: Metrics;
  /** Says that there may be background work. */
  readonly jobs: { wake(): void };
  /** Version of the program. */
  readonly version: string;
}
