import type { Calibrations } from '../calibration/index.js';
import type { Catalog } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { createPassport, Signer } from '../auth/index.js';
import type { Ingest } from '../ingest/index.js';
import type { Log } from '../lib/log.js';
import type { Previews } from '../preview/index.js';
import type { Products } from '../products/index.js';
import type { Store } from '../store/index.js';

/** What routes work with; made once by the composition root. */
export interface Services {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly previews: Previews;
  readonly products: Products;
  readonly calibrations: Calibrations;
  readonly signer: Signer;
  readonly passport: ReturnType<typeof createPassport>;
  readonly log: Log;
  /** Version of the program. */
  readonly version: string;
}
