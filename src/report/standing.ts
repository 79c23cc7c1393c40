import { line, withoutStop, type ReportLine } from './lines.js';

/** How the archive stands, as far as it matters on the morning after a night. */
export interface Standing {
  /** `1.5 of 20.0 GiB`. */
  readonly room: string;
  readonly isLow: boolean;
  /** Stored files that the audit found damaged or missing. */
  readonly damagedFiles: number;
  /** Null without back-ups. */
  readonly backup: { readonly isOverdue: boolean; readonly error: string | null } | null;
}

const PATH = 'admin/';

/** Disk, files and back-ups, a line each. */
export function standingLines({ room, isLow, damagedFiles, backup }: Standing): ReportLine[] {
  const damaged = { text: `${damagedFiles} damaged or missing`, path: PATH };
  const files =
    damagedFiles === 0
      ? line('Stored files', ['none is known to be damaged.'])
      : line('Stored files', [damaged, '; see `platevault check`.'], true);
  return [line('Room', [{ text: room, path: PATH }, ' free.'], isLow), files, backupLine(backup)];
}

function backupLine(backup: Standing['backup']): ReportLine {
  const told = (text: string, needsHand: boolean): ReportLine =>
    line('Back-ups', [{ text, path: PATH }, '.'], needsHand);
  if (backup === null) return line('Back-ups', ['none are made by themselves.']);
  if (backup.error !== null) return told(withoutStop(backup.error), true);
  return backup.isOverdue ? told('overdue', true) : told('up to date', false);
}
