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

/**
 * The value that would be at `wanted` if the first `count` values were sorted, none of them NaN. They
 * change places: those before `wanted` are not higher then, those after it not lower.
 */
export function selectFirst(values: Float64Array, count: number, wanted: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = values[wanted] ?? NaN;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] ?? NaN) < pivot) left += 1;
      while ((values[right] ?? NaN) > pivot) right -= 1;
      if (left > right) break;
      const held = values[left] ?? NaN;
      values[left] = values[right] ?? NaN;
      values[right] = held;
      left += 1;
      right -= 1;
    }
    if (right < wanted) low = left;
    if (wanted < left) high = right;
  }
  return values[wanted] ?? NaN;
}
