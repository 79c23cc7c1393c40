import type { CalibrationKind, MissingCalibration } from '../calibration/index.js';
import { groupBy } from '../lib/groups.js';
import { cameraKey, nameCameras, type CameraPlace } from './cameras.js';

/** Calibrations that science frames of one camera lack. */
export interface Missing extends CameraPlace {
  readonly kind: CalibrationKind;
  /** What the camera is called among those of its night. */
  readonly camera: string;
  /** Of flats the filters, of darks the exposure times. */
  readonly of: readonly string[];
  /** As a person would say it: `science without flats: V on cam2`. */
  readonly text: string;
}

const WORDS: Readonly<Record<CalibrationKind, string>> = {
  bias: 'biases',
  dark: 'darks',
  flat: 'flats',
};

/** What is missing, each kind and camera once. @param rows the frames of the night */
export function toldMissing(
  missing: readonly MissingCalibration[],
  rows: readonly CameraPlace[],
): Missing[] {
  const names = nameCameras(rows);
  const groups = groupBy(missing, ({ kind, setup }) => `${kind} ${cameraKey(setup)}`);
  return [...groups.values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const { kind, setup } = first;
    const { siteId, telescope, instrument } = setup;
    const camera = names.get(cameraKey(setup)) ?? instrument;
    const of = [...new Set(some.flatMap(ofWhat))].sort(new Intl.Collator('en', ORDER).compare);
    const words = of.length === 0 ? '' : ` ${of.join(', ')}`;
    const text = `science without ${WORDS[kind]}:${words} on ${camera}`;
    return [{ kind, siteId, telescope, instrument, camera, of, text }];
  });
}

const ORDER = { numeric: true } as const;

function ofWhat({ kind, setup }: MissingCalibration): string[] {
  if (kind === 'flat') return [setup.filter ?? 'no filter'];
  if (kind === 'dark' && setup.exposureSec !== null) return [`${setup.exposureSec} s`];
  return [];
}
