import { writeFits } from '../../fits/index.js';
import type { WriteCard, WriteTable } from '../../fits/index.js';
import { frameCards, frameName, namePrefix, productCards } from './headers.js';
import type { Exposure, NightPlan } from './plan.js';
import type { Renderer, Scene, SeenStar } from './render.js';

/** A file to be uploaded. It is made when it is its turn: a night does not fit into memory. */
export interface DemoFile {
  /** With extension. */
  readonly name: string;
  /** True if the archive has to refuse it. */
  readonly isBroken: boolean;
  make(): Uint8Array;
}

/** Raw frames put into a master bias at most. */
const MASTER_FRAMES = 10;
/** Where the broken file ends: in the middle of its pixels. */
const BROKEN_PART = 0.55;
/** Stars fainter than this, electrons, are not in a catalogue. */
const CATALOGUE_ELECTRONS = 1500;

/**
 * All files of a night in the order in which they would come: raw frames by time with one broken
 * file among them, then a master bias and a reduced frame with a catalogue of its stars.
 */
export function listFiles(plan: NightPlan, renderer: Renderer): DemoFile[] {
  const { night, exposures } = plan;
  const raw = exposures.map((exposure): DemoFile => {
    const name = frameName(exposure, night, 0);
    return {
      name: `${name}.fits`,
      isBroken: false,
      make: () => makeRaw(exposure, name, night, renderer),
    };
  });
  const broken = makeBroken(plan, renderer);
  raw.splice(Math.ceil(raw.length * 0.75), 0, broken);
  return [...raw, ...makeProducts(plan, renderer)];
}

function makeRaw(exposure: Exposure, name: string, night: string, renderer: Renderer): Uint8Array {
  const scene = renderer.expose(exposure);
  const pixels = renderer.readOut(exposure, scene.light);
  return writeFits([
    {
      cards: frameCards(exposure, { name, night, scene, mean: meanOf(pixels) }),
      image: { axes: [exposure.camera.width, exposure.camera.height], bitpix: 16, pixels },
    },
  ]);
}

/** As if the disk of the camera's computer had filled up: a good header, half of the pixels. */
function makeBroken({ night, exposures }: NightPlan, renderer: Renderer): DemoFile {
  const last = firstWhere(exposures.toReversed(), ({ kind }) => kind === 'object');
  const numbers = exposures.filter(({ camera }) => camera === last.camera).map((e) => e.number);
  const exposure = {
    ...last,
    number: Math.max(...numbers) + 1,
    startMs: last.startMs + (last.exposureSec + last.camera.readoutSec) * 1000,
  };
  const name = frameName(exposure, night, 0);
  return {
    name: `${name}.fits`,
    isBroken: true,
    make: () => {
      const whole = makeRaw(exposure, name, night, renderer);
      return whole.subarray(0, Math.floor(whole.length * BROKEN_PART));
    },
  };
}

function makeProducts({ night, exposures }: NightPlan, renderer: Renderer): DemoFile[] {
  const first = firstWhere(exposures, ({ kind }) => kind === 'object');
  const ofCamera = exposures.filter(({ camera }) => camera === first.camera);
  const named = (exposure: Exposure): string => frameName(exposure, night, 0);
  const biases = ofCamera.filter(({ kind }) => kind === 'bias').slice(0, MASTER_FRAMES);
  const dark = firstWhere(ofCamera, ({ kind }) => kind === 'dark');
  const science = firstWhere(ofCamera, isClearVisual);
  const flat = firstWhere(ofCamera, ({ kind, filter }) => kind === 'skyflat' && filter === 'V');
  const stack = ofCamera.filter((e) => isClearVisual(e) && e.target === science.target);
  const masterName = `${namePrefix(first, night)}-bias-b01`;
  const reducedName = frameName(science, night, 1);
  const inputs: WriteCard[] = [
    ['L1BIAS', masterName],
    ['L1DARK', named(dark)],
    ['L1FLAT', named(flat)],
    ['L1RAW', named(science)],
    ...averaged(stack.map(named)),
  ];
  const bias = firstWhere(biases, () => true);
  return [
    {
      name: `${masterName}.fits`,
      isBroken: false,
      make: () => makeMaster(bias, biases.map(named), { night, name: masterName, renderer }),
    },
    {
      name: `${reducedName}.fits`,
      isBroken: false,
      make: () =>
        makeReduced(science, inputs, { night, name: reducedName, renderer, count: stack.length }),
    },
  ];
}

function isClearVisual({ kind, filter, weather }: Exposure): boolean {
  return kind === 'object' && filter === 'V' && weather === 'clear';
}

const averaged = (names: readonly string[]): WriteCard[] =>
  names.map((name, index) => [`L1AVG${String(index + 1).padStart(3, '0')}`, name]);

function makeMaster(
  first: Exposure,
  inputs: readonly string[],
  { night, name, renderer }: { night: string; name: string; renderer: Renderer },
): Uint8Array {
  const pixels = renderer.masterBias(first.camera, inputs.length);
  const mean = meanOf(pixels);
  const scene = { light: pixels, stars: [], wcs: undefined, fwhm: 0 };
  const raw = frameCards(first, { name, night, scene, mean });
  const cards = productCards(raw, { name, unit: 'adu', mean, relations: averaged(inputs) });
  const axes = [first.camera.width, first.camera.height];
  return writeFits([{ cards, image: { axes, bitpix: -32, pixels } }]);
}

/** An empty primary HDU, the image as extension SCI, and the table CAT, as pipelines write it. */
function makeReduced(
  exposure: Exposure,
  relations: readonly WriteCard[],
  how: { night: string; name: string; renderer: Renderer; count: number },
): Uint8Array {
  const { night, name, renderer, count } = how;
  const scene = renderer.expose(exposure);
  const pixels = renderer.reduce(exposure, scene.light, count);
  const mean = meanOf(pixels);
  const raw = frameCards(exposure, { name, night, scene, mean });
  const axes = [exposure.camera.width, exposure.camera.height];
  return writeFits([
    { cards: [['CREATOR', 'platevault demo', 'simulated: not a real observation']] },
    {
      cards: productCards(raw, { name, unit: 'adu', mean, relations }),
      image: { axes, bitpix: -32, pixels },
    },
    { cards: [], table: makeCatalogue(scene, exposure.camera.gain) },
  ]);
}

/** Stars of the frame, the brightest first. */
function makeCatalogue(scene: Scene, gain: number): WriteTable {
  const stars = scene.stars
    .filter(({ electrons }) => electrons > CATALOGUE_ELECTRONS)
    .sort((a, b) => b.electrons - a.electrons);
  const column = (read: (star: SeenStar) => number): number[] => stars.map(read);
  return {
    name: 'CAT',
    columns: [
      { name: 'x', form: 'D', unit: 'pix', values: column(({ x }) => x) },
      { name: 'y', form: 'D', unit: 'pix', values: column(({ y }) => y) },
      { name: 'ra', form: 'D', unit: 'deg', values: column(({ raDeg }) => raDeg) },
      { name: 'dec', form: 'D', unit: 'deg', values: column(({ decDeg }) => decDeg) },
      { name: 'flux', form: 'E', unit: 'adu', values: column((star) => star.electrons / gain) },
      { name: 'fwhm', form: 'E', unit: 'pix', values: column(() => scene.fwhm) },
    ],
  };
}

function meanOf(pixels: Uint16Array | Float32Array): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 1) sum += pixels[i] ?? 0;
  return sum / pixels.length;
}

/** The plan has at least one of every kind for each camera, so not to find one is a bug. */
function firstWhere(
  exposures: readonly Exposure[],
  test: (exposure: Exposure) => boolean,
): Exposure {
  const found = exposures.find(test);
  if (found === undefined) throw new RangeError('the plan of the night lacks a kind of frame');
  return found;
}
