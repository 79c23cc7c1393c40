export {
  measureFrame,
  type MeasureInput,
  type MeasureOutput,
  type MeasureParts,
  type MeasurePool,
  type MeasureResult,
} from './measure-frame.js';
export {
  startMeasuring,
  type Measuring,
  type MeasuringParts,
  type MeasuringState,
} from './queue.js';
export { judgeNight, judgeUndated } from './judge.js';
export { measureAnew, type RerunOptions, type RerunSummary } from './rerun.js';
