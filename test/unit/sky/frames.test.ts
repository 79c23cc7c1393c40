import {
  celestialFrame,
  fromUnitVector,
  separationDeg,
  toUnitVector,
} from '../../../src/sky/index.js';
import type { CelestialSystem } from '../../../src/sky/index.js';

/** System, equinox, longitude and latitude, then right ascension and declination by astropy 5.2.1. */
const KNOWN: readonly (readonly [
  CelestialSystem,
  number | undefined,
  number,
  number,
  number,
  number,
])[] = [
  ['fk5', 1875, 10, 20, 11.64931949255, 20.6836759957],
  ['fk5', 1875, 200, -70, 202.30329707546, -70.6491794123],
  ['fk5', 1875, 83, 89.9, 172.54545668832, 89.30756427967],
  ['fk5', 1950, 10, 20, 10.65877870849, 20.27387451237],
  ['fk5', 1950, 200, -70, 200.90967083883, -70.26083457695],
  ['fk5', 1950, 83, 89.9, 159.89860169883, 89.71535665677],
  ['fk5', 2000, 10, 20, 9.99999149775, 19.99999847051],
  ['fk5', 2000, 200, -70, 199.99997699203, -69.99999951528],
  ['fk5', 2000, 83, 89.9, 82.99817004925, 89.90000517847],
  ['fk5', 2015.5, 10, 20, 9.7960164969, 19.91499433479],
  ['fk5', 2015.5, 200, -70, 199.72102060578, -69.91884339423],
  ['fk5', 2015.5, 83, 89.9, 45.06768494802, 89.86007935845],
  ['fk4', 1875, 10, 20, 11.64927396058, 20.6836835356],
  ['fk4', 1875, 200, -70, 202.30331609309, -70.64929815085],
  ['fk4', 1875, 83, 89.9, 172.54398014568, 89.30762363772],
  ['fk4', 1950, 10, 20, 10.65896727572, 20.27386721562],
  ['fk4', 1950, 200, -70, 200.90991194415, -70.26093726342],
  ['fk4', 1950, 83, 89.9, 159.89045763741, 89.71542185084],
  ['fk4', 2015.5, 10, 20, 9.79640810038, 19.91497347184],
  ['fk4', 2015.5, 200, -70, 199.72145559082, -69.91893133012],
  ['fk4', 2015.5, 83, 89.9, 45.04888023338, 89.86000075634],
  ['fk4-no-e', 1875, 10, 20, 11.6492741736, 20.68370939949],
  ['fk4-no-e', 1875, 200, -70, 202.30326245782, -70.64921276596],
  ['fk4-no-e', 1875, 83, 89.9, 172.5465392696, 89.30753364598],
  ['fk4-no-e', 1950, 10, 20, 10.65896534203, 20.2738922217],
  ['fk4-no-e', 1950, 200, -70, 200.90986724544, -70.26085192934],
  ['fk4-no-e', 1950, 83, 89.9, 159.90053905301, 89.71534122534],
  ['fk4-no-e', 2015.5, 10, 20, 9.79640431255, 19.91499771647],
  ['fk4-no-e', 2015.5, 200, -70, 199.72141829751, -69.91884611324],
  ['fk4-no-e', 2015.5, 83, 89.9, 45.07005828695, 89.86008006868],
  ['galactic', undefined, 10, 20, 254.28494358415, -9.78222877222],
  ['galactic', undefined, 200, -70, 33.79734554442, -21.12251202421],
  ['galactic', undefined, 83, 89.9, 192.93164939513, 27.20491472679],
  ['supergalactic', undefined, 10, 20, 355.99300927464, 73.77415606384],
  ['supergalactic', undefined, 200, -70, 106.46132917702, -35.56199722503],
  ['supergalactic', undefined, 83, 89.9, 283.66738932274, 15.76403509556],
];

const apart = (a: ReturnType<typeof fromUnitVector>, raDeg: number, decDeg: number): number =>
  separationDeg(a, { raDeg, decDeg }) * 3600;

test.each(KNOWN)('%s %p: (%p, %p) in ICRS, and back', (system, equinox, lon, lat, ra, dec) => {
  const frame = celestialFrame(system, equinox);
  const own = toUnitVector({ raDeg: lon, decDeg: lat });
  const icrs = frame.toIcrs(own);
  expect(apart(fromUnitVector(icrs), ra, dec)).toBeLessThan(1e-6);
  expect(apart(fromUnitVector(frame.fromIcrs(icrs)), lon, lat)).toBeLessThan(1e-9);
});

test('the ecliptic of J2000 is tilted by 23.44 degrees and meets the equator in the equinox', () => {
  const frame = celestialFrame('ecliptic', 2000);
  const at = (lon: number, lat: number): ReturnType<typeof fromUnitVector> =>
    fromUnitVector(frame.toIcrs(toUnitVector({ raDeg: lon, decDeg: lat })));
  // The equinox of FK5 is that of ICRS to some hundredths of an arcsecond.
  expect(apart(at(0, 0), 0, 0)).toBeLessThan(0.1);
  expect(apart(at(90, 0), 90, 84381.406 / 3600)).toBeLessThan(0.1);
  expect(apart(at(0, 90), 270, 90 - 84381.406 / 3600)).toBeLessThan(0.1);
});

test('ICRS is left as it is, to the last digit', () => {
  const frame = celestialFrame('icrs');
  const own = toUnitVector({ raDeg: 10, decDeg: 20 });
  expect(frame.toIcrs(own)).toEqual(own);
  expect(frame.fromIcrs(own)).toEqual(own);
});
