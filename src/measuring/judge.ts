import {
  countWindow,
  countWindowChanges,
  endUndated,
  findUsual,
  isSameFindings,
  listNightFrames,
  listUndated,
  nightOfNumber,
  noteJudged,
  queueUndatedOf,
  readField,
  readFirstCopies,
  readGroupChanges,
  readJudged,
  readElsewhere,
  readWindow,
  saveJudgements,
  saveUsual,
  UNDATED,
  type Catalog,
  type FieldMagnitude,
  type FindingSource,
  type FrameMeasures,
  type Judgement,
  type NightFrame,
  type Quantiles,
  type StoredFinding,
  type UsualKey,
} from '../catalog/index.js';
import { WRONG_EXPOSURE } from './exposures.js';
import { checkSequence, checkUndated, type FoundByFrame } from './sequence.js';
import { findClouds, transparencyOf } from './transparency.js';
import { comparedOf, findUnusual, LEAST_VALUES, quantilesOf, ranksOf } from './usual.js';

/** Nights before one that tell what is usual in it. */
const USUAL_NIGHTS = 90;
const SOURCES: readonly FindingSource[] = ['usual', 'sequence'];

/**
 * Compares the frames of a night with each other and with the ninety nights before: ranks, light that
 * came through, findings. Only what has changed is written. If later nights have another history by it,
 * they are judged again when all else is done.
 */
export async function judgeNight(catalog: Catalog, nightNo: number): Promise<void> {
  // Read first: what changes from here on has the night judged once more.
  const groups = await readGroupChanges(catalog, nightNo);
  const frames = await listNightFrames(catalog, nightNo);
  const ids = frames.map(({ id }) => id);
  const known = await readJudged(catalog, ids, [...SOURCES, 'pixels']);
  const elsewhere = await readElsewhere(catalog, nightOfNumber(nightNo));
  const sequence = checkSequence(frames, await readFirstCopies(catalog, ids), elsewhere);
  const lights = await readLights(catalog, nightNo, frames);
  const usual = createUsual((groupId, exposureSec) =>
    readUsual(catalog, { groupId, nightNo, exposureSec }, lights),
  );
  await saveJudgements(catalog, await judgeFrames(frames, { known, sequence, lights, usual }));
  await noteJudged(catalog, { nightNo, groups, within: USUAL_NIGHTS });
}

/** Frames without a night that are judged at once. */
const UNDATED_AT_ONCE = 200;

/**
 * Compares the next frames without a night with all that were taken the same way, of whatever night, and
 * with the pixels of the archive. @returns false if none waits
 */
export async function judgeUndated(catalog: Catalog): Promise<boolean> {
  const queued = await listUndated(catalog, UNDATED_AT_ONCE);
  if (queued.length === 0) return false;
  const frames = queued.map(({ frame }) => frame);
  const ids = frames.map(({ id }) => id);
  const known = await readJudged(catalog, ids, [...SOURCES, 'pixels']);
  const sequence = checkUndated(frames, await readFirstCopies(catalog, ids));
  const usual = createUsual((groupId, exposureSec) =>
    readWholeUsual(catalog, { groupId, exposureSec }),
  );
  const lights: Lights = new Map();
  await saveJudgements(catalog, await judgeFrames(frames, { known, sequence, lights, usual }));
  await endUndated(catalog, queued);
  return true;
}

/** By what frames are judged. */
interface Grounds {
  /** As `readJudged`. */
  readonly known: ReadonlyMap<string, readonly StoredFinding[]>;
  readonly sequence: FoundByFrame;
  readonly lights: Lights;
  readonly usual: Usual;
}

/** What has changed about frames. */
async function judgeFrames(
  frames: readonly NightFrame[],
  { known, sequence, lights, usual }: Grounds,
): Promise<Judgement[]> {
  const changed: Judgement[] = [];
  for (const frame of frames) {
    const own = await compare(frame, usual, {
      light: lights.get(frame.id) ?? null,
      pixels: known.get(`${frame.id}:pixels`) ?? [],
    });
    const findings = { usual: own.findings, sequence: sequence.get(frame.id) ?? [] };
    const differs = SOURCES.filter((source) => {
      const said = source === 'usual' ? findings.usual : findings.sequence;
      return !isSameFindings(said, known.get(`${frame.id}:${source}`) ?? []);
    });
    const standing =
      own.standing !== undefined && isMoved(frame, own.standing) ? own.standing : undefined;
    const isExposureOdd = findings.sequence.some(({ code }) => code === WRONG_EXPOSURE);
    const isSame = isExposureOdd === frame.isExposureOdd;
    if (standing === undefined && differs.length === 0 && isSame) continue;
    changed.push({
      frameId: frame.id,
      standing,
      ...(isSame ? {} : { isExposureOdd }),
      findings: Object.fromEntries(
        differs.map((source) => [source, source === 'usual' ? findings.usual : findings.sequence]),
      ),
    });
  }
  return changed;
}

function isMoved({ measures }: NightFrame, standing: NonNullable<Judgement['standing']>): boolean {
  if (measures === undefined) return false;
  const { ranks, transparency } = measures;
  const isSame = Object.entries(standing.ranks).every(
    ([name, rank]) => ranks[name as keyof typeof ranks] === rank,
  );
  return !isSame || transparency !== standing.transparency;
}

async function compare(
  frame: NightFrame,
  usual: Usual,
  { light, pixels }: { readonly light: number | null; readonly pixels: readonly StoredFinding[] },
): Promise<{
  readonly standing: Judgement['standing'];
  readonly findings: readonly StoredFinding[];
}> {
  const { measures, groupId } = frame;
  if (measures === undefined || groupId === null) return { standing: undefined, findings: [] };
  const seen = { ...measures, transparency: light };
  const quantiles = await usual.quantiles(groupId, measures.kind, frame.exposureSec);
  const clouds = findClouds(light);
  return {
    standing: { ranks: ranksOf(seen, quantiles), transparency: light },
    findings: [
      ...findUnusual(seen, quantiles, { findings: [...pixels, ...clouds], setting: frame.setting }),
      ...clouds,
    ],
  };
}

/** Light that came through, by id of the frame: of those whose field has a history. */
type Lights = ReadonlyMap<number, number>;

async function readLights(
  catalog: Catalog,
  nightNo: number,
  frames: readonly NightFrame[],
): Promise<Lights> {
  const [fromNight, toNight] = [nightNo - USUAL_NIGHTS, nightNo];
  const fields = new Map<string, Promise<readonly FieldMagnitude[]>>();
  const lights = new Map<number, number>();
  for (const frame of frames) {
    const { measures, groupId, objectId, exposureSec } = frame;
    if (measures === undefined || groupId === null) continue;
    const { instrumentalMag, stars } = measures;
    if (instrumentalMag === null || objectId === null || exposureSec === null) continue;
    const history = await once(fields, `${groupId} ${objectId} ${exposureSec}`, () =>
      readField(catalog, { groupId, fromNight, toNight, exposureSec }, objectId),
    );
    const { raDeg, decDeg, airmass, dateObsMs, reductionLevel } = frame;
    const own = { instrumentalMag, stars, raDeg, decDeg, airmass, dateObsMs, reductionLevel };
    const light = transparencyOf(own, history);
    if (light !== null) lights.set(frame.id, light);
  }
  return lights;
}

/** What is usual in a night, each answer looked for once. */
interface Usual {
  quantiles(groupId: number, kind: string, exposureSec: number | null): Promise<Quantiles>;
}

function createUsual(
  ask: (groupId: number, exposureSec: number | null) => Promise<Quantiles>,
): Usual {
  const distributions = new Map<string, Promise<Quantiles>>();
  const distribution = (groupId: number, exposureSec: number | null): Promise<Quantiles> =>
    once(distributions, `${groupId} ${exposureSec ?? ''}`, () => ask(groupId, exposureSec));
  return {
    async quantiles(groupId, kind, exposureSec) {
      const all = pick(await distribution(groupId, null), comparedOf(kind, false));
      const names = comparedOf(kind, true);
      if (exposureSec === null || names.length === 0) return all;
      return { ...all, ...pick(await distribution(groupId, exposureSec), names) };
    },
  };
}

/** What was asked for under a key before, or the answer to asking now. */
function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? ask();
  known.set(key, found);
  return found;
}

function pick(quantiles: Quantiles, names: readonly string[]): Quantiles {
  return Object.fromEntries(Object.entries(quantiles).filter(([name]) => names.includes(name)));
}

/**
 * The distribution of a group in the nights before one. As long as nothing changes in these it is
 * worked out once. Where there is hardly a history, the night itself tells what is usual.
 *
 * @param lights of the frames of the night, which may not be written down yet
 */
async function readUsual(catalog: Catalog, key: UsualKey, lights: Lights): Promise<Quantiles> {
  const { groupId, nightNo, exposureSec } = key;
  const before = { groupId, exposureSec, fromNight: nightNo - USUAL_NIGHTS, toNight: nightNo - 1 };
  const changes = await countWindowChanges(catalog, before); // before they are read
  const known = await findUsual(catalog, groupId, nightNo, exposureSec);
  if (known?.changes === changes) return known.quantiles;
  const frames = await countWindow(catalog, before);
  if (frames < 2 * LEAST_VALUES) {
    if (known !== undefined) await saveUsual(catalog, key, undefined);
    const own = await readWindow(catalog, { ...before, toNight: nightNo });
    return quantilesOf(own.map((frame) => withLight(frame, lights)));
  }
  const quantiles = quantilesOf(await readWindow(catalog, before));
  await saveUsual(catalog, key, { frames, changes, quantiles });
  return quantiles;
}

/** A group is read anew for frames without a night when it has changed by this part since. */
const GROWTH = 1.25;

/**
 * The distribution of a whole group. It stands until the group has grown by a part: else each frame that
 * comes would have all of them read. Those that were judged by the one before are judged again.
 */
async function readWholeUsual(
  catalog: Catalog,
  group: Pick<UsualKey, 'groupId' | 'exposureSec'>,
): Promise<Quantiles> {
  const key = { ...group, nightNo: UNDATED };
  const whole = { ...group, fromNight: UNDATED, toNight: -UNDATED };
  const changes = await countWindowChanges(catalog, whole); // before they are read
  const known = await findUsual(catalog, group.groupId, UNDATED, group.exposureSec);
  if (known !== undefined && changes <= known.changes * GROWTH) return known.quantiles;
  const frames = await readWindow(catalog, whole);
  const quantiles = quantilesOf(frames);
  await saveUsual(catalog, key, { frames: frames.length, changes, quantiles });
  await queueUndatedOf(catalog, group);
  return quantiles;
}

function withLight<T extends FrameMeasures & { readonly frameId: number }>(
  frame: T,
  lights: Lights,
): T {
  return { ...frame, transparency: lights.get(frame.frameId) ?? frame.transparency };
}
