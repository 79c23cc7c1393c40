import type { SkyPoint } from './sphere.js';

/** Where an image lies on the sky. Plain data that keeps its meaning as JSON: what is not known is null. */
export interface Footprint {
  /** Outer corners of the pixels (0.5, 0.5), (nx + 0.5, 0.5), (nx + 0.5, ny + 0.5), (0.5, ny + 0.5). */
  readonly corners: readonly (SkyPoint | null)[];
  /**
   * Corners of a spherical polygon of great circles around the image, in the order of `corners`, not
   * closed: the 4 corners, or up to 64 points where edges are bent. Null if the image covers half
   * of the sky or more, or no edge of it can be followed.
   */
  readonly polygon: readonly SkyPoint[] | null;
  /** Centre of the image; null if that lies outside of the projection. */
  readonly center: SkyPoint | null;
  /** Side of a square as large as a pixel at the centre, arcseconds. */
  readonly pixelScaleArcsec: number;
  /** Position angle of the direction of growing y at the centre: from north through east, [0, 360). */
  readonly rotationDeg: number;
  /** True if east is clockwise of north, as in a mirror. */
  readonly mirrored: boolean;
  /** A circle around all of the image, radius in (0, 180]: 180 for an image of the whole sky. */
  readonly cap: { readonly raDeg: number; readonly decDeg: number; readonly radiusDeg: number };
  /** True if made from pointing and scale, for want of a WCS, or from a WCS without a scale. */
  readonly provisional: boolean;
}
