import { startEvents, type EventParts, type Events } from './events/index.js';
import { startAudit, startBackups, type BackupParts } from './keeping/index.js';
import { startMeasuring, type Measuring, type MeasuringParts } from './measuring/index.js';
import { startReports, type ReportParts, type Reports } from './report/index.js';
import { startSolving, type Solving, type SolvingParts } from './solving/index.js';

/** What all of it needs. */
export type BackgroundParts = SolvingParts &
  BackupParts &
  MeasuringParts &
  ReportParts &
  EventParts;

/** What a server does by itself, besides the jobs that uploads leave. */
export interface Background {
  readonly solving: Solving;
  readonly reports: Reports;
  readonly measuring: Measuring;
  readonly events: Events;
  /** Breaks off what is going on: it goes on at the next start. */
  close(): Promise<void>;
}

/** Starts it all, by the settings. @throws 'config_invalid' for settings that make no sense */
export function startBackground(parts: BackgroundParts): Background {
  const solving = startSolving(parts);
  const measuring = startMeasuring(parts);
  const audit = startAudit(parts);
  const backups = startBackups(parts);
  const reports = startReports(parts);
  const events = startEvents(parts);
  return {
    solving,
    reports,
    measuring,
    events,
    async close() {
      await events.close();
      await reports.close();
      await measuring.close();
      await audit.close();
      await backups.close();
      await solving.close();
    },
  };
}
