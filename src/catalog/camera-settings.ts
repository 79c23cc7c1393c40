/** Settings of a camera that only headers tell, by their name in `calibration.json`: text as it stands there. */
export type HeaderSettings = ReadonlyMap<string, string>;

/** Names of `HeaderSettings` that part frames of one camera. */
export const SETTING_NAMES = ['offset', 'readMode', 'setPoint'] as const;

/** Digits of a gain that count: some programs work it out for each frame. */
const GAIN_DIGITS = 3;
/** Characters of the name of a read mode. */
const MAX_TEXT = 40;

/**
 * How a camera was set, in words: frames with other words have other levels and noise, and are not
 * compared. '' if nothing is known of it.
 */
export function describeSetting(gain: number | null, headers: HeaderSettings): string {
  const [offset, mode, setPoint] = SETTING_NAMES.map((name) => headers.get(name)?.trim() ?? '');
  const parts = [
    gain === null || !Number.isFinite(gain) ? '' : `gain ${Number(gain.toPrecision(GAIN_DIGITS))}`,
    // An offset that is no whole number is one of the telescope, from a field to the next.
    /^-?\d+(?:\.0*)?$/.test(offset ?? '') ? `offset ${Number(offset)}` : '',
    (mode ?? '') === '' ? '' : `read mode ${plain(mode ?? '')}`,
    toDegrees(setPoint ?? ''),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function plain(text: string): string {
  const number = Number(text);
  if (Number.isFinite(number)) return String(number);
  return text.replace(/\s+/g, ' ').slice(0, MAX_TEXT);
}

function toDegrees(text: string): string {
  const degrees = text === '' ? NaN : Math.round(Number(text));
  return Number.isFinite(degrees) ? `set to ${degrees + 0} °C` : '';
}
