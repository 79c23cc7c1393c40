export { lookFrom, siderealDegAt, sunAltitudeDeg, lookAt } from './look.js';
export type { Heavens, Place, Pointing } from './look.js';
export { airmassOf } from './airmass.js';
export { fullMoonsIn, moonFaceAt, type MoonFace } from './moons.js';
export { LONGEST_EXPOSURE_SEC, nightAt } from './night.js';
export type { Crossing, Night, Span } from './night.js';
export { checkEpoch, checkSky } from './check.js';
export type { SkyClaims, SkyTolerance } from './claims.js';
export { placeOf } from './place.js';
