import { readFileSync } from 'node:fs';
import type { FrameSetup } from '../../../src/catalog/index.js';
import { parseCalibrationRules, type CalibrationRules } from '../../../src/calibration/rules.js';

/** The rules that ship, read from their file. */
export function shippedRules(): CalibrationRules {
  return parseCalibrationRules([['calibration.json', shippedJson()]]);
}

export function shippedJson(): Record<string, unknown> {
  return JSON.parse(readFileSync('config/calibration.json', 'utf8')) as Record<string, unknown>;
}

export const NOON_MS = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;

let lastId = 0;

/** A science frame of 120 s in V at 22:00, changed where a case says so; `hours` counts from its start. */
export function setupOf(changes: Partial<FrameSetup> & { hours?: number } = {}): FrameSetup {
  const { hours = 0, ...facts } = changes;
  lastId += 1;
  const dateObsMs = NOON_MS + (10 + hours) * HOUR_MS;
  return {
    id: lastId,
    basename: `frame-${lastId}`,
    versionId: lastId,
    extension: '.fits',
    siteId: 'hill',
    telescope: '0m5',
    instrument: 'cam1',
    imageKind: 'object',
    reductionLevel: 0,
    dateObsMs,
    night: new Date(dateObsMs - 12 * HOUR_MS).toISOString().slice(0, 10),
    binningX: 1,
    binningY: 1,
    width: 2048,
    height: 1024,
    originX: 0,
    originY: 0,
    gain: 1.35,
    ccdTempC: -20,
    exposureSec: 120,
    filter: 'V',
    ...facts,
  };
}

/** Some frames of one set, a minute apart. */
export function setOf(
  count: number,
  changes: Partial<FrameSetup> & { hours?: number } = {},
): FrameSetup[] {
  return Array.from({ length: count }, (_, index) =>
    setupOf({ ...changes, hours: (changes.hours ?? 0) + index / 60 }),
  );
}
