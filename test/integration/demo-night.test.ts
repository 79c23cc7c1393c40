/** The simulated night, brought in through the API alone: the archive names all that is wrong with it. */
import { setTimeout as wait } from 'node:timers/promises';
import { listFiles } from '../../src/cli/demo/files.js';
import { planNight } from '../../src/cli/demo/plan.js';
import { createRenderer } from '../../src/cli/demo/render.js';
import { startArchive, type TestArchive } from '../support/archive.js';

interface Finding {
  readonly basename: string;
  readonly code: string;
  readonly text: string;
}
interface Night {
  readonly findings: readonly Finding[];
  readonly missing: readonly { readonly text: string }[];
  readonly quarantine: readonly { readonly name: string; readonly reason: string }[];
  readonly use: readonly {
    readonly instrument: string;
    readonly gaps: readonly { readonly why: string | null; readonly minutes: number }[];
  }[];
}

const NIGHT = '2026-11-14';
const FRAMES = 60;
/** Side of the detector: large enough for the stars that tell of clouds. */
const SIZE = 320;
/** A slow machine measures them in time. */
const PATIENCE_MS = 60_000;

const plan = planNight(NIGHT, FRAMES, SIZE);
let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ MEASURE: 'true' });
  const files = listFiles(plan, createRenderer('test'));
  for (const file of files) {
    const { name, isBroken } = file;
    const { files: answers } = await archive.upload(file.make(), name);
    expect([name, answers[0]?.status]).toEqual([name, isBroken ? 'refused' : 'stored']);
  }
}, PATIENCE_MS);
afterAll(() => archive.close());

/** The night, once it is as it is waited for. */
async function nightWhen(isThere: (night: Night) => boolean): Promise<Night> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const night = await archive.json<Night>(`/nights/${NIGHT}/`);
    if (isThere(night) || Date.now() > end) return night;
    await wait(500);
  }
}

const codesOf = ({ findings }: Night, part: string): string[] =>
  findings.filter(({ basename }) => basename.includes(part)).map(({ code }) => code);

/** As it stands in the name of a frame. */
function nameOf(isIt: (exposure: (typeof plan.exposures)[number]) => boolean): string {
  const found = plan.exposures.find(isIt);
  return `${found?.camera.id}-20261114-${String(found?.number).padStart(4, '0')}-e00`;
}

test(
  'the night names the trailed frame, the clouds and the gap, the wrong clock, missing flats and the broken file',
  async () => {
    const drifted = nameOf(({ weather }) => weather === 'drift');
    const night = await nightWhen(
      (now) =>
        codesOf(now, drifted).includes('trailed') &&
        now.findings.some(({ code }) => code === 'clouds') &&
        now.findings.some(({ code }) => code === 'wrong-clock'),
    );
    const field = plan.exposures.find(
      ({ weather, camera }) => camera.id === 'cam1' && weather === 'clouds',
    )?.target;
    const dimmest = nameOf(({ weather, cover, camera }) => {
      return camera.id === 'cam1' && weather === 'clouds' && cover < 0.4;
    });
    const clear = nameOf(({ weather, exposureSec, camera, target }) => {
      return camera.id === 'cam1' && weather === 'clear' && exposureSec < 60 && target === field;
    });
    const gap = night.use[0]?.gaps.find(({ minutes }) => minutes > 70 && minutes < 90);
    const isNamed = {
      trailed: codesOf(night, drifted).includes('trailed'),
      clouds: codesOf(night, dimmest).includes('clouds'),
      cloudsWhereNoneWere: codesOf(night, clear).includes('clouds'),
      gap: gap?.why,
      clock: codesOf(
        night,
        nameOf(({ clockAheadSec }) => clockAheadSec > 0),
      ),
      all: night.findings.map(({ basename, code }) => `${basename} ${code}`),
    };
    expect(isNamed).toMatchObject({
      trailed: true,
      clouds: true,
      cloudsWhereNoneWere: false,
      gap: 'clouds',
      clock: expect.arrayContaining(['wrong-clock']) as string[],
    });
    expect(night.missing.map(({ text }) => text)).toContain('science without flats: R on cam2');
    expect(night.quarantine).toHaveLength(1);
    expect(night.quarantine[0]?.name).toMatch(/^kh\d\d-cam\d-20261114-\d{4}-e00\.fits$/);
  },
  3 * PATIENCE_MS,
);
