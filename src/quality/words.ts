/** A value of pixels in a sentence: at most `figures` figures. */
export function formatNumber(value: number, figures = 5): string {
  return String(Number(value.toPrecision(figures)));
}

/** A share as per cent; 100 % only for all, 0 % only for nothing. */
export function formatShare(share: number): string {
  const percent = Math.floor(1000 * share) / 10;
  if (share > 0 && percent < 0.1) return 'less than 0.1 %';
  return `${percent < 10 || percent > 99 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}
