/**
 * Coordinates of pixels against astropy (its answers are in the corpus) on real files. The corpus lies
 * outside the repository (FITS_CORPUS, default ../shared/fits); its README says how it was made.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFits, readPlane } from '../../src/fits/index.js';
import type { FitsFile, Hdu } from '../../src/fits/index.js';
import { separationDeg } from '../../src/sky/index.js';
import { footprintOf, imageSizeOf, lookupRequests, readWcs } from '../../src/wcs/index.js';
import type { LookupTable, Wcs } from '../../src/wcs/index.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const corpus = process.env.FITS_CORPUS ?? join(root, '../shared/fits');
const manifestPath = join(corpus, 'manifest.json');
const present = existsSync(manifestPath);
const corpusTest = present ? test : test.skip;

type Pair = readonly [number | string, number | string];

interface GoldenWcs {
  readonly error?: string;
  readonly note?: string;
  readonly frame?: string | null;
  readonly nx?: number;
  readonly ny?: number;
  readonly center?: Pair;
  readonly center_icrs?: Pair;
  readonly corners_pixel_centers?: readonly Pair[];
  readonly corners_pixel_centers_icrs?: readonly Pair[];
  readonly corners_outer_edges?: readonly Pair[];
  readonly corners_outer_edges_icrs?: readonly Pair[];
}

interface ManifestFile {
  readonly path: string;
  readonly goldens: string;
}

const files: readonly ManifestFile[] = present
  ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as { files: readonly ManifestFile[] }).files
  : [];

/** Every HDU of every file that opens, with what astropy says of its coordinates. */
async function eachHdu(
  use: (
    name: string,
    file: FitsFile,
    hdu: Hdu,
    golden: GoldenWcs | undefined,
  ) => void | Promise<void>,
): Promise<void> {
  for (const entry of files) {
    const file = await openFits(join(corpus, entry.path)).catch(() => undefined);
    if (file === undefined) continue; // fits.test.ts knows which files may be refused
    const golden = JSON.parse(readFileSync(join(corpus, entry.goldens), 'utf8')) as {
      hdus?: readonly { index: number; wcs?: GoldenWcs | null }[];
    };
    for (const hdu of file.hdus) {
      const wcs = golden.hdus?.find(({ index }) => index === hdu.index)?.wcs ?? undefined;
      await use(`${entry.path.replace(/^files\//, '')}[${hdu.index}]`, file, hdu, wcs);
    }
    await file.close();
  }
}

/** The extensions with corrections that a header asks for. */
async function tablesOf(file: FitsFile, hdu: Hdu): Promise<LookupTable[]> {
  const requests = lookupRequests(hdu.header);
  const found = file.hdus.filter((other) =>
    requests.some(
      ({ name, version }) => name === other.name && version === other.header.number('EXTVER'),
    ),
  );
  return Promise.all(
    found.map(async (other) => ({
      name: other.name,
      version: other.header.number('EXTVER') ?? 1,
      header: other.header,
      ...(await readPlane(file, other)),
    })),
  );
}

interface Checked {
  readonly points: number;
  /** Greatest distance from the golden, arcseconds; infinite where only one of both has a position. */
  readonly worst: number;
}

/** Positions in the header's own system, and in ICRS where the golden has them. */
function compare(wcs: Wcs, golden: GoldenWcs): Checked {
  const { nx = 1, ny = 1 } = golden;
  const isIcrs = golden.frame === 'icrs';
  const frames = [
    [
      (x: number, y: number) => {
        const world = wcs.toWorld(x, y);
        return world && { raDeg: world.lonDeg, decDeg: world.latDeg };
      },
      golden.center,
      golden.corners_pixel_centers,
      golden.corners_outer_edges,
    ],
    [
      wcs.toSky,
      isIcrs ? golden.center : golden.center_icrs,
      isIcrs ? golden.corners_pixel_centers : golden.corners_pixel_centers_icrs,
      isIcrs ? golden.corners_outer_edges : golden.corners_outer_edges_icrs,
    ],
  ] as const;
  const distances = frames.flatMap(([toSky, center, inner, outer]) =>
    [
      [[(nx + 1) / 2, (ny + 1) / 2] as const, center] as const,
      ...[[1, 1] as const, [nx, 1] as const, [nx, ny] as const, [1, ny] as const].map(
        (pixel, i) => [pixel, inner?.[i]] as const,
      ),
      ...(
        [
          [0.5, 0.5],
          [nx + 0.5, 0.5],
          [nx + 0.5, ny + 0.5],
          [0.5, ny + 0.5],
        ] as const
      ).map((pixel, i) => [pixel, outer?.[i]] as const),
    ].flatMap(([[x, y], expected]) => {
      if (expected === undefined) return [];
      const sky = toSky(x, y);
      const [raDeg, decDeg] = expected.map(Number);
      if (Number.isNaN(raDeg) || raDeg === undefined || decDeg === undefined) {
        return [sky === undefined ? 0 : Infinity];
      }
      return [sky === undefined ? Infinity : separationDeg(sky, { raDeg, decDeg }) * 3600];
    }),
  );
  return { points: distances.length, worst: Math.max(0, ...distances) };
}

corpusTest('positions are those of astropy to 0.001 arcseconds over the whole corpus', async () => {
  const lines: string[] = [];
  const wrong: string[] = [];
  const kinds = new Map<string, number>();
  let hdus = 0;
  await eachHdu(async (name, file, hdu, golden) => {
    const reading = readWcs(hdu.header, { tables: await tablesOf(file, hdu) });
    const { wcs, problem } = reading;
    if (golden === undefined || golden.error !== undefined) {
      if (wcs !== undefined || problem !== undefined) {
        const what = wcs === undefined ? `none: ${problem ?? ''}` : wcs.projection;
        lines.push(
          `${name.padEnd(64)} ${what} (astropy: ${golden?.error?.slice(0, 40) ?? 'not asked'})`,
        );
      }
      return;
    }
    if (wcs === undefined) {
      // Celestial axes other than those of the image: nothing to say about its pixels.
      if (golden.note?.includes('celestial axes are not axes 1,2') !== true) {
        wrong.push(`${name}: no WCS: ${problem ?? ''}`);
      }
      return;
    }
    const { points, worst } = compare(wcs, golden);
    const kind = `${wcs.projection} ${wcs.system}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    hdus += 1;
    lines.push(
      `${name.padEnd(64)} ${kind.padEnd(16)} ${String(points).padStart(2)} points, ${worst.toExponential(1)}″`,
    );
    if (!(worst < 0.001)) wrong.push(`${name} ${kind}: ${worst}″`);
  });
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.stdout.write(
    `\n${hdus} HDUs: ${[...kinds].map(([kind, n]) => `${kind} ${n}`).join(', ')}\n`,
  );
  expect(wrong).toEqual([]);
  expect(hdus).toBeGreaterThan(50);
});

corpusTest('every pixel is found again from its position', async () => {
  const wrong: string[] = [];
  await eachHdu(async (name, file, hdu) => {
    const { wcs } = readWcs(hdu.header, { tables: await tablesOf(file, hdu) });
    if (wcs === undefined) return;
    const { width, height } = imageSizeOf(hdu.header) ?? { width: 100, height: 100 };
    for (let i = 0; i <= 8; i += 1) {
      for (let j = 0; j <= 8; j += 1) {
        const [x, y] = [0.5 + (width * i) / 8, 0.5 + (height * j) / 8];
        const world = wcs.toWorld(x, y);
        if (world === undefined) continue;
        const back = wcs.fromWorld(world.lonDeg, world.latDeg);
        const off = back === undefined ? Infinity : Math.hypot(back.x - x, back.y - y);
        // Where a map meets itself, at its seam or a pole, one position has several pixels.
        const again = back && wcs.toWorld(back.x, back.y);
        const isSeam =
          again !== undefined && off > 1 && Math.abs(again.latDeg - world.latDeg) < 1e-9;
        if (off > 1e-6 && !isSeam) wrong.push(`${name} (${x}, ${y}): ${off} pixels`);
      }
    }
  });
  expect(wrong).toEqual([]);
});

corpusTest(
  'every image with a WCS on the sky has a footprint around all of its pixels',
  async () => {
    const wrong: string[] = [];
    const polygons = new Map<number, number>();
    await eachHdu((name, _file, hdu) => {
      const { wcs } = readWcs(hdu.header);
      const { width, height } = imageSizeOf(hdu.header) ?? { width: 100, height: 100 };
      const footprint = wcs && footprintOf(wcs, { width, height });
      if (wcs === undefined || wcs.system === 'other') {
        expect(footprint).toBeUndefined();
        return;
      }
      if (footprint === undefined) {
        wrong.push(`${name}: none`);
        return;
      }
      const count = footprint.polygon?.length ?? 0;
      polygons.set(count, (polygons.get(count) ?? 0) + 1);
      for (let i = 0; i <= 20; i += 1) {
        for (let j = 0; j <= 20; j += 1) {
          const sky = wcs.toSky(0.5 + (width * i) / 20, 0.5 + (height * j) / 20);
          if (
            sky !== undefined &&
            separationDeg(sky, footprint.cap) > footprint.cap.radiusDeg + 1e-9
          ) {
            wrong.push(`${name}: pixel outside of the circle`);
          }
        }
      }
    });
    const sizes = [...polygons].sort(([a], [b]) => a - b).map(([size, n]) => `${n} of ${size}`);
    process.stdout.write(`\nPoints of the polygons: ${sizes.join(', ')}\n`);
    expect([...new Set(wrong)]).toEqual([]);
  },
);
