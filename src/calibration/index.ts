export {
  createCalibrations,
  type Calibrations,
  type FrameCalibrations,
  type MissingCalibration,
} from './calibrations.js';
export type { KindMatch, Match, Rejection } from './match.js';
export {
  CALIBRATION_KINDS,
  loadCalibrationRules,
  type CalibrationKind,
  type CalibrationRules,
} from './rules.js';
