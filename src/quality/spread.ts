/** Upper over lower quartile of sizes that one cause has made alike. */
const ALIKE = 1.5;

/** Of an even number the mean of the two in the middle; NaN of none. */
export function middleOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Whether the middle half of positive values are nearly of one size. */
export function areAlike(values: readonly number[]): boolean {
  const sorted = Float64Array.from(values).sort();
  const low = sorted[Math.floor(sorted.length / 4)] ?? NaN;
  const high = sorted[Math.floor((3 * (sorted.length - 1)) / 4)] ?? NaN;
  return high <= ALIKE * low;
}
