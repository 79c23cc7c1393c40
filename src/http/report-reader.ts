import { may } from '../auth/index.js';
import type { Viewer } from '../catalog/index.js';
import type { ReportReader } from '../report/index.js';

/** What of a night and of the archive its report tells somebody who asks for it. */
export function reportReaderOf(viewer: Viewer): ReportReader {
  return {
    viewer,
    seesRefused: may(viewer, 'upload'),
    seesStanding: may(viewer, 'administer'),
  };
}
