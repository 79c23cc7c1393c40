// Positions on a picture: between the crossings of the net that the server gives.

/** Sends what a net of positions says of a pixel, FITS counting; undefined off the sky. */
export function skyAt({ width, height, steps, vectors }, x, y) {
  const u = ((x - 0.5) / width) * steps;
  const v = ((y - 0.5) / height) * steps;
  if (!(u >= 0 && v >= 0 && u <= steps && v <= steps)) return undefined;
  const column = Math.min(Math.floor(u), steps - 1);
  const row = Math.min(Math.floor(v), steps - 1);
  const right = u - column;
  const up = v - row;
  const sum = [0, 0, 0];
  for (const [dx, dy, weight] of [
    [0, 0, (1 - right) * (1 - up)],
    [1, 0, right * (1 - up)],
    [0, 1, (1 - right) * up],
    [1, 1, right * up],
  ]) {
    const at = 3 * ((row + dy) * (steps + 1) + column + dx);
    if (vectors[at] === 0 && vectors[at + 1] === 0 && vectors[at + 2] === 0) return undefined;
    for (let i = 0; i < 3; i += 1) sum[i] += weight * vectors[at + i];
  }
  const ra = (Math.atan2(sum[1], sum[0]) * 180) / Math.PI;
  const dec = (Math.atan2(sum[2], Math.hypot(sum[0], sum[1])) * 180) / Math.PI;
  return { raDeg: (ra + 360) % 360, decDeg: dec };
}

/** `22:36:58.31` */
export function formatRa(raDeg) {
  return sexagesimal((raDeg / 15) % 24, 2, 24);
}

/** `+34:26:13.2`, with a true minus. */
export function formatDec(decDeg) {
  return `${decDeg < 0 ? '−' : '+'}${sexagesimal(Math.abs(decDeg), 1, Infinity)}`;
}

function sexagesimal(value, decimals, turn) {
  const scale = 10 ** decimals;
  let rest = Math.round(value * 3600 * scale);
  if (rest >= turn * 3600 * scale) rest -= turn * 3600 * scale;
  const seconds = (rest % (60 * scale)) / scale;
  const minutes = Math.floor(rest / (60 * scale)) % 60;
  const whole = Math.floor(rest / (3600 * scale));
  const two = (number) => String(number).padStart(2, '0');
  return `${two(whole)}:${two(minutes)}:${seconds.toFixed(decimals).padStart(3 + decimals, '0')}`;
}

const UNITS = [
  [3600, '°'],
  [60, '′'],
  [1, '″'],
];
const STEPS = [50, 30, 20, 15, 10, 5, 3, 2, 1];

/** The longest round length that is no longer than `most` arcseconds: [arcseconds, text]. */
export function scaleBar(most) {
  for (const [arcsec, sign] of UNITS) {
    const step = STEPS.find((each) => each * arcsec <= most);
    if (step !== undefined) return [step * arcsec, `${step}${sign}`];
  }
  const step = [0.5, 0.2, 0.1, 0.05, 0.02].find((each) => each <= most) ?? 0.01;
  return [step, `${step}″`];
}
