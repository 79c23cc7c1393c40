import { DEGREE, HALF_PI, asin, finite } from './projection.js';
import type { MakeProjection, Projection } from './projection.js';

/** Conic projections, between the latitudes θa - η and θa + η. Paper II §5.4. */
interface Cone {
  /** Part of a full turn that the opened cone fills. */
  readonly c: number;
  /** Distance of the reference point from the apex. */
  readonly y0: number;
  readonly toRadius: (theta: number) => number;
  readonly toTheta: (radius: number) => number;
}

function conic(makeCone: (thetaA: number, eta: number) => Cone): MakeProjection {
  return (parameter) => {
    const [thetaA, eta] = [parameter(1, NaN) * DEGREE, parameter(2, 0) * DEGREE];
    const cone = makeCone(thetaA, eta);
    const isCone = Number.isFinite(cone.c) && Math.abs(cone.c) > 1e-9 && Number.isFinite(cone.y0);
    return isCone && Math.abs(thetaA) <= HALF_PI ? opened(cone, thetaA) : undefined;
  };
}

function opened({ c, y0, toRadius, toTheta }: Cone, thetaA: number): Projection {
  const side = thetaA < 0 ? -1 : 1;
  return {
    theta0: thetaA,
    toNative(x, y) {
      const radius = side * Math.hypot(x, y0 - y);
      const turned = radius === 0 ? 0 : Math.atan2(x / radius, (y0 - y) / radius);
      return finite(turned / c, toTheta(radius));
    },
    fromNative(phi, theta) {
      const radius = toRadius(theta);
      return finite(radius * Math.sin(c * phi), y0 - radius * Math.cos(c * phi));
    },
  };
}

/** Perspective. Paper II §5.4.1. */
export const cop = conic((thetaA, eta) => {
  const cot = 1 / Math.tan(thetaA);
  return {
    c: Math.sin(thetaA),
    y0: Math.cos(eta) * cot,
    toRadius: (theta) =>
      // A quarter turn from θa the ray no longer meets the cone.
      Math.abs(theta - thetaA) < HALF_PI ? Math.cos(eta) * (cot - Math.tan(theta - thetaA)) : NaN,
    toTheta: (radius) => thetaA + Math.atan(cot - radius / Math.cos(eta)),
  };
});

/** Equal area (Albers). Paper II §5.4.2. */
export const coe = conic((thetaA, eta) => {
  const [s1, s2] = [Math.sin(thetaA - eta), Math.sin(thetaA + eta)];
  const gamma = s1 + s2;
  const radius = (theta: number): number =>
    (2 / gamma) * Math.sqrt(1 + s1 * s2 - gamma * Math.sin(theta));
  return {
    c: gamma / 2,
    y0: radius(thetaA),
    toRadius: radius,
    toTheta: (r) => asin(1 / gamma + (s1 * s2) / gamma - (gamma * r * r) / 4),
  };
});

/** Equidistant. Paper II §5.4.3. */
export const cod = conic((thetaA, eta) => {
  const spread = eta === 0 ? 1 : eta / Math.tan(eta);
  const y0 = spread / Math.tan(thetaA);
  return {
    c: eta === 0 ? Math.sin(thetaA) : (Math.sin(thetaA) * Math.sin(eta)) / eta,
    y0,
    toRadius: (theta) => thetaA - theta + y0,
    toTheta: (radius) => thetaA + y0 - radius,
  };
});

/** Orthomorphic (Lambert). Paper II §5.4.4. */
export const coo = conic((thetaA, eta) => {
  const half = (theta: number): number => Math.tan((HALF_PI - theta) / 2);
  const [first, second] = [thetaA - eta, thetaA + eta];
  const c =
    eta === 0
      ? Math.sin(first)
      : Math.log(Math.cos(second) / Math.cos(first)) / Math.log(half(second) / half(first));
  const psi = Math.cos(first) / (c * half(first) ** c);
  return {
    c,
    y0: psi * half(thetaA) ** c,
    toRadius: (theta) => psi * Math.max(half(theta), 0) ** c,
    toTheta: (radius) => HALF_PI - 2 * Math.atan((radius / psi) ** (1 / c)),
  };
});
