import { DEGREE, HALF_PI, asin, finite, solve, sqrt } from './projection.js';
import type { MakeProjection, Projection } from './projection.js';

/** Cylindrical and pseudo-cylindrical projections. Paper II §5.2 and §5.3. */
type Plain = Omit<Projection, 'theta0'>;

function equatorial(projection: Plain): Projection {
  return { theta0: 0, ...projection };
}

/** Perspective on a cylinder of radius λ from μ radii beyond the axis. Paper II §5.2.1. */
export const cyp: MakeProjection = (parameter) => {
  const [mu, lambda] = [parameter(1, 1), parameter(2, 1)];
  if (!(lambda !== 0 && mu + lambda !== 0 && Number.isFinite(mu + lambda))) return undefined;
  return equatorial({
    toNative(x, y) {
      const slope = y / (mu + lambda);
      const theta = Math.atan2(slope, 1) + asin((slope * mu) / Math.hypot(slope, 1));
      return finite(x / lambda, theta);
    },
    fromNative(phi, theta) {
      const y = ((mu + lambda) * Math.sin(theta)) / (mu + Math.cos(theta));
      return finite(lambda * phi, y);
    },
  });
};

/** Equal area. Paper II §5.2.2. */
export const cea: MakeProjection = (parameter) => {
  const lambda = parameter(1, 1);
  if (!(lambda > 0 && lambda <= 1)) return undefined;
  return equatorial({
    toNative: (x, y) => finite(x, asin(y * lambda)),
    fromNative: (phi, theta) => finite(phi, Math.sin(theta) / lambda),
  });
};

/** Plate carrée: longitude and latitude as they are. Paper II §5.2.3. */
export const car: MakeProjection = () =>
  equatorial({
    toNative: (x, y) => finite(x, y),
    fromNative: (phi, theta) => finite(phi, theta),
  });

/** Mercator; without the poles, which are infinitely far. Paper II §5.2.4. */
export const mer: MakeProjection = () =>
  equatorial({
    toNative: (x, y) => finite(x, 2 * Math.atan(Math.exp(y)) - HALF_PI),
    fromNative(phi, theta) {
      if (HALF_PI - Math.abs(theta) < 1e-12) return undefined; // infinitely far
      return finite(phi, Math.asinh(Math.tan(theta)));
    },
  });

/** Sanson-Flamsteed; GLS is the older name. Paper II §5.3.1. */
export const sfl: MakeProjection = () =>
  equatorial({
    toNative(x, y) {
      const shrink = Math.cos(y);
      return finite(shrink > 1e-12 ? x / shrink : 0, y);
    },
    fromNative: (phi, theta) => finite(phi * Math.cos(theta), theta),
  });

/** Parabolic. Paper II §5.3.2. */
export const par: MakeProjection = () =>
  equatorial({
    toNative(x, y) {
      const theta = 3 * asin(y / Math.PI);
      const shrink = 1 - 4 * (y / Math.PI) ** 2;
      if (shrink < 1e-12) return Math.abs(x) < 1e-12 ? finite(0, theta) : undefined;
      return finite(x / shrink, theta);
    },
    fromNative: (phi, theta) =>
      finite(phi * (2 * Math.cos((2 * theta) / 3) - 1), Math.PI * Math.sin(theta / 3)),
  });

/** Mollweide. Paper II §5.3.3. */
export const mol: MakeProjection = () =>
  equatorial({
    toNative(x, y) {
      const gamma = asin(y / Math.SQRT2);
      const theta = asin((2 * gamma + Math.sin(2 * gamma)) / Math.PI);
      const shrink = (2 * Math.SQRT2 * Math.cos(gamma)) / Math.PI;
      if (shrink < 1e-12) return Math.abs(x) < 1e-12 ? finite(0, theta) : undefined;
      return finite(x / shrink, theta);
    },
    fromNative(phi, theta) {
      const area = (gamma: number): number => 2 * gamma + Math.sin(2 * gamma);
      const gamma = solve(area, Math.PI * Math.sin(theta), [-HALF_PI, HALF_PI]);
      if (gamma === undefined) return undefined;
      const shrink = (2 * Math.SQRT2 * Math.cos(gamma)) / Math.PI;
      return finite(phi * shrink, Math.SQRT2 * Math.sin(gamma));
    },
  });

/** Hammer-Aitoff. Paper II §5.3.4. */
export const ait: MakeProjection = () =>
  equatorial({
    toNative(x, y) {
      const z2 = 1 - (x / 4) ** 2 - (y / 2) ** 2;
      if (z2 < 0.5 - 1e-12) return undefined; // beyond the ellipse of the sky
      const z = sqrt(z2);
      return finite(2 * Math.atan2((z * x) / 2, 2 * z2 - 1), asin(y * z));
    },
    fromNative(phi, theta) {
      const flat = Math.cos(theta);
      const gamma = Math.sqrt(2 / (1 + flat * Math.cos(phi / 2)));
      return finite(2 * gamma * flat * Math.sin(phi / 2), gamma * Math.sin(theta));
    },
  });

/** Polyconic. Paper II §5.5.2. */
export const pco: MakeProjection = () =>
  equatorial({
    toNative(x, y) {
      if (Math.abs(y) < 1e-12) return finite(x, y);
      const top = Math.min(Math.abs(y), HALF_PI);
      const up = Math.abs(y);
      // The circle of latitude θ that goes through the point, made free of the pole of the cotangent.
      const miss = (theta: number): number =>
        (x * x + (up - theta) ** 2) * Math.sin(theta) - 2 * (up - theta) * Math.cos(theta);
      const theta = solve(miss, 0, [0, top]);
      if (theta === undefined || theta === 0) return undefined;
      const turned = Math.atan2(
        x * Math.sin(theta),
        Math.cos(theta) - (up - theta) * Math.sin(theta),
      );
      return finite(turned / Math.sin(theta), Math.sign(y) * theta);
    },
    fromNative(phi, theta) {
      if (Math.abs(theta) < 1e-12) return finite(phi, theta);
      const turned = phi * Math.sin(theta);
      const cot = 1 / Math.tan(theta);
      return finite(cot * Math.sin(turned), theta + cot * 2 * Math.sin(turned / 2) ** 2);
    },
  });

/** Bonne, with the latitude `PVi_1` true to scale; at the equator it is SFL. Paper II §5.5.1. */
export const bon: MakeProjection = (parameter) => {
  const theta1 = parameter(1, 0) * DEGREE;
  if (!(Math.abs(theta1) <= HALF_PI)) return undefined;
  if (theta1 === 0) return sfl(parameter);
  const y0 = 1 / Math.tan(theta1) + theta1;
  const side = Math.sign(theta1);
  return equatorial({
    toNative(x, y) {
      const radius = side * Math.hypot(x, y0 - y);
      const theta = y0 - radius;
      const turned = radius === 0 ? 0 : Math.atan2(x / radius, (y0 - y) / radius);
      const flat = Math.cos(theta);
      return finite(flat < 1e-12 ? 0 : (turned * radius) / flat, theta);
    },
    fromNative(phi, theta) {
      const radius = y0 - theta;
      const turned = radius === 0 ? 0 : (phi * Math.cos(theta)) / radius;
      return finite(radius * Math.sin(turned), y0 - radius * Math.cos(turned));
    },
  });
};
