import { DEGREE, HALF_PI, asin, finite, solve } from './projection.js';
import type { MakeProjection, Point, Projection } from './projection.js';

/** Zenithal (azimuthal) projections. Paper II §5.1; ZPN to 30 terms as wide as the keywords go. */
const MAX_TERM = 30;

/** A zenithal projection by its radius as a function of ζ = 90° - θ, and back; NaN off the map. */
function radial(
  toRadius: (zeta: number) => number,
  toZeta: (radius: number) => number,
): Projection {
  return {
    theta0: HALF_PI,
    toNative(x, y) {
      const radius = Math.hypot(x, y);
      // At the pole any longitude will do.
      const phi = radius === 0 ? 0 : Math.atan2(x, -y);
      return finite(phi, HALF_PI - toZeta(radius));
    },
    fromNative(phi, theta) {
      const radius = toRadius(HALF_PI - theta);
      return finite(radius * Math.sin(phi), -radius * Math.cos(phi));
    },
  };
}

/** Gnomonic: straight lines are great circles; of the near hemisphere. Paper II §5.1.3. */
export const tan: MakeProjection = () =>
  radial((zeta) => (zeta < HALF_PI ? Math.tan(zeta) : NaN), Math.atan);

/** Stereographic: circles stay circles. Paper II §5.1.4. */
export const stg: MakeProjection = () =>
  radial(
    (zeta) => (zeta < Math.PI ? 2 * Math.tan(zeta / 2) : NaN),
    (radius) => 2 * Math.atan(radius / 2),
  );

/** Equidistant from the pole. Paper II §5.1.6. */
export const arc: MakeProjection = () =>
  radial(
    (zeta) => zeta,
    (radius) => radius,
  );

/** Equal area. Paper II §5.1.8. */
export const zea: MakeProjection = () =>
  radial(
    (zeta) => 2 * Math.sin(zeta / 2),
    (radius) => 2 * asin(radius / 2),
  );

/** Polynomial in ζ, used up to where its radius stops growing. Paper II §5.1.7. */
export const zpn: MakeProjection = (parameter) => {
  const terms = Array.from({ length: MAX_TERM }, (_, m) => parameter(m, 0));
  if (!terms.every(Number.isFinite)) return undefined;
  while (terms.at(-1) === 0) terms.pop(); // the fewer, the faster
  const radius = (zeta: number): number => terms.reduceRight((sum, term) => sum * zeta + term, 0);
  const slope = (zeta: number): number =>
    terms.reduceRight((sum, term, m) => (m === 0 ? sum : sum * zeta + m * term), 0);
  const end = growthEnd(slope);
  if (end === undefined) return undefined;
  return radial(
    (zeta) => (zeta <= end + 1e-13 ? radius(zeta) : NaN),
    (r) => solve(radius, r, [0, end]) ?? NaN,
  );
};

/** The first ζ in (0, 180°] where a slope falls to zero; undefined if it is not positive at first. */
function growthEnd(slope: (zeta: number) => number): number | undefined {
  const step = DEGREE / 4;
  if (!(slope(step / 1000) > 0)) return undefined;
  for (let turn = 1; turn <= 720; turn += 1) {
    if (slope(turn * step) > 0) continue;
    return solve(slope, 0, [turn === 1 ? step / 1000 : (turn - 1) * step, turn * step]);
  }
  return Math.PI;
}

/** Airy's projection with the least error inside of the latitude `PVi_1`. Paper II §5.1.9. */
export const air: MakeProjection = (parameter) => {
  const half = (HALF_PI - parameter(1, 90) * DEGREE) / 2;
  if (!(half >= 0 && half < HALF_PI)) return undefined;
  const weight = half < 1e-4 ? -0.5 : logCos(half) / Math.tan(half) ** 2;
  const radius = (zeta: number): number => {
    const tangent = Math.tan(zeta / 2);
    return zeta === 0 ? 0 : -2 * (logCos(zeta / 2) / tangent + weight * tangent);
  };
  const end = growthEnd((zeta) => radius(zeta + 1e-6) - radius(zeta - 1e-6)) ?? 0;
  const last = Math.min(end, Math.PI - 1e-5);
  return radial(
    (zeta) => (zeta <= last ? radius(zeta) : NaN),
    (r) => solve(radius, r, [0, last]) ?? NaN,
  );
};

/** ln cos, exact also for small angles. */
function logCos(angle: number): number {
  return Math.log1p(-(Math.sin(angle) ** 2)) / 2;
}

/** Orthographic, or slant with the parameters ξ and η (NCP is one of these). Paper II §5.1.5. */
export const sin: MakeProjection = (parameter) => {
  const [xi, eta] = [parameter(1, 0), parameter(2, 0)];
  return {
    theta0: HALF_PI,
    toNative: (x, y) => tilted([x, y], [xi, eta]),
    fromNative(phi, theta) {
      // From this side of the sphere only: what is further is hidden.
      const horizon = -Math.atan(xi * Math.sin(phi) - eta * Math.cos(phi));
      if (theta < horizon - 1e-12) return undefined;
      const rest = fall(theta);
      const flat = Math.cos(theta);
      return finite(flat * Math.sin(phi) + xi * rest, -flat * Math.cos(phi) + eta * rest);
    },
  };
};

/** 1 - sin θ without loss of digits near the pole. */
function fall(theta: number): number {
  return 2 * Math.sin((HALF_PI - theta) / 2) ** 2;
}

/**
 * The point of the sphere that is seen at (x, y) along the direction (a, b): with w = 1 - sin θ,
 * (x - a w)² + (y - b w)² = cos² θ = 2w - w², of which the smaller w is the nearer point.
 */
function tilted([x, y]: Point, [a, b]: Point): Point | undefined {
  const half = 1 + a * x + b * y;
  const radius2 = x * x + y * y;
  // half² - (1 + a² + b²) (x² + y²), so that long slopes do not cancel each other.
  const inside = 1 + 2 * (a * x + b * y) - radius2 - (a * y - b * x) ** 2;
  // On the limb itself rounding decides; give it the benefit.
  const root = inside < 0 && inside > -1e-12 ? 0 : Math.sqrt(inside);
  const w = radius2 / (half + root);
  const zeta = 2 * asin(Math.sqrt(w / 2));
  const phi = radius2 === 0 ? 0 : Math.atan2(x - a * w, -(y - b * w));
  return finite(phi, HALF_PI - zeta);
}

/** Perspective from μ radii, on a plane tilted by γ. Paper II §5.1.1. */
export const azp: MakeProjection = (parameter) => {
  const mu = parameter(1, 0);
  const gamma = parameter(2, 0) * DEGREE;
  const [cosGamma, tanGamma] = [Math.cos(gamma), Math.tan(gamma)];
  if (!(Math.abs(cosGamma) > 1e-9) || mu === -1 || !Number.isFinite(mu)) return undefined;
  return nearSide({
    theta0: HALF_PI,
    toNative(x, y) {
      const down = y * cosGamma;
      const radius = Math.hypot(x, down);
      if (radius === 0) return [0, HALF_PI];
      const rho = radius / (mu + 1 + y * Math.sin(gamma));
      const psi = Math.atan2(1, rho);
      const omega = asin((rho * mu) / Math.hypot(rho, 1));
      const nearest = Math.max(wrapped(psi - omega), wrapped(psi + omega + Math.PI));
      return finite(Math.atan2(x, -down), nearest);
    },
    fromNative(phi, theta) {
      const flat = Math.cos(theta);
      const distance = mu + Math.sin(theta) + flat * Math.cos(phi) * tanGamma;
      const radius = ((mu + 1) * flat) / distance;
      return finite(radius * Math.sin(phi), (-radius * Math.cos(phi)) / cosGamma);
    },
  });
};

/** An angle that may be a latitude, else far below any. */
function wrapped(angle: number): number {
  const turned = angle > Math.PI ? angle - 2 * Math.PI : angle;
  return turned > HALF_PI + 1e-12 ? -Infinity : Math.min(turned, HALF_PI);
}

/** Perspective from a point at μ radii in the direction (φc, θc). Paper II §5.1.2. */
export const szp: MakeProjection = (parameter) => {
  const mu = parameter(1, 0);
  const [phiC, thetaC] = [parameter(2, 0) * DEGREE, parameter(3, 90) * DEGREE];
  const xp = -mu * Math.cos(thetaC) * Math.sin(phiC);
  const yp = mu * Math.cos(thetaC) * Math.cos(phiC);
  const zp = mu * Math.sin(thetaC) + 1;
  if (!(Math.abs(zp) > 1e-9) || !Number.isFinite(zp)) return undefined;
  return nearSide({
    theta0: HALF_PI,
    toNative: (x, y) => tilted([x, y], [(x - xp) / zp, (y - yp) / zp]),
    fromNative(phi, theta) {
      const rest = fall(theta);
      const flat = Math.cos(theta);
      const x = (zp * flat * Math.sin(phi) - xp * rest) / (zp - rest);
      const y = -(zp * flat * Math.cos(phi) + yp * rest) / (zp - rest);
      return finite(x, y);
    },
  });
};

/** A perspective sees only one of two points that lie behind each other: the one found on the way back. */
function nearSide(projection: Projection): Projection {
  return {
    ...projection,
    fromNative(phi, theta) {
      const point = projection.fromNative(phi, theta);
      const seen = point && projection.toNative(point[0], point[1]);
      if (seen === undefined) return undefined;
      const apart = Math.abs(seen[1] - theta) + Math.abs(Math.sin((seen[0] - phi) / 2));
      const atPole = HALF_PI - Math.abs(theta) < 1e-6;
      return apart < 1e-6 || (atPole && Math.abs(seen[1] - theta) < 1e-6) ? point : undefined;
    },
  };
}
