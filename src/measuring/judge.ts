import {
  countWindow,
  findUsual,
  isSameFindings,
  listNightFrames,
  noteJudged,
  readField,
  readJudged,
  readWindow,
  saveJudgements,
  saveUsual,
  type Catalog,
  type FieldMagnitude,
  type FindingSource,
  type FrameMeasures,
  type Judgement,
  type NightFrame,
  type Quantiles,
  type StoredFinding,
} from '../catalog/index.js';
import { checkSequence } from './sequence.js';
import {
  comparedOf,
  findClouds,
  findUnusual,
  LEAST_VALUES,
  quantilesOf,
  ranksOf,
  transparencyOf,
} from './usual.js';

/** Nights before one that tell what is usual in it. */
const USUAL_NIGHTS = 90;
/** Findings of the pixels that say why a frame is out of the usual, and the word for it. */
const VERDICTS: Readonly<Record<string, string>> = {
  trailed: 'trailed',
  defocused: 'out of focus',
};
const SOURCES: readonly FindingSource[] = ['usual', 'sequence'];

/**
 * Compares the frames of a night with each other and with the ninety nights before: ranks, light that
 * came through, findings. Only what has changed is written. If later nights have another history by it,
 * they are judged again when all else is done.
 */
export async function judgeNight(catalog: Catalog, nightNo: number): Promise<void> {
  const frames = await listNightFrames(catalog, nightNo);
  const ids = frames.map(({ id }) => id);
  const known = await readJudged(catalog, ids, [...SOURCES, 'pixels']);
  const sequence = checkSequence(frames);
  const usual = createUsual(catalog, nightNo);
  const changed: Judgement[] = [];
  for (const frame of frames) {
    const verdict = verdictOf(known.get(`${frame.id}:pixels`) ?? []);
    const own = await compare(frame, usual, verdict);
    const findings = { usual: own.findings, sequence: sequence.get(frame.id) ?? [] };
    const differs = SOURCES.filter((source) => {
      const said = source === 'usual' ? findings.usual : findings.sequence;
      return !isSameFindings(said, known.get(`${frame.id}:${source}`) ?? []);
    });
    const standing =
      own.standing !== undefined && isMoved(frame, own.standing) ? own.standing : undefined;
    if (standing === undefined && differs.length === 0) continue;
    changed.push({
      frameId: frame.id,
      standing,
      findings: Object.fromEntries(
        differs.map((source) => [source, source === 'usual' ? findings.usual : findings.sequence]),
      ),
    });
  }
  await saveJudgements(catalog, changed);
  await noteJudged(catalog, { nightNo, groups: countGroups(frames), within: USUAL_NIGHTS });
}

/** By group, how many frames of a night were measured. */
function countGroups(frames: readonly NightFrame[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { groupId } of frames) {
    if (groupId !== null) counts.set(groupId, (counts.get(groupId) ?? 0) + 1);
  }
  return counts;
}

function verdictOf(findings: readonly StoredFinding[]): string {
  for (const { code } of findings) {
    const word = VERDICTS[code];
    if (word !== undefined) return word;
  }
  return '';
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
  verdict: string,
): Promise<{
  readonly standing: Judgement['standing'];
  readonly findings: readonly StoredFinding[];
}> {
  const { measures, groupId } = frame;
  if (measures === undefined || groupId === null) return { standing: undefined, findings: [] };
  const quantiles = await usual.quantiles(groupId, frame.exposureSec);
  const transparency = await usual.transparency(frame, measures, groupId);
  return {
    standing: { ranks: ranksOf(measures, quantiles), transparency },
    findings: [...findUnusual(measures, quantiles, verdict), ...findClouds(transparency)],
  };
}

/** What is usual in a night, each answer looked for once. */
interface Usual {
  quantiles(groupId: number, exposureSec: number | null): Promise<Quantiles>;
  transparency(frame: NightFrame, measures: FrameMeasures, groupId: number): Promise<number | null>;
}

function createUsual(catalog: Catalog, nightNo: number): Usual {
  const distributions = new Map<string, Promise<Quantiles>>();
  const fields = new Map<string, Promise<readonly FieldMagnitude[]>>();
  const once = <T>(
    known: Map<string, Promise<T>>,
    key: string,
    ask: () => Promise<T>,
  ): Promise<T> => {
    const found = known.get(key) ?? ask();
    known.set(key, found);
    return found;
  };
  const distribution = (groupId: number, exposureSec: number | null): Promise<Quantiles> =>
    once(distributions, `${groupId} ${exposureSec ?? ''}`, () =>
      readUsual(catalog, { groupId, nightNo, exposureSec }),
    );
  return {
    async quantiles(groupId, exposureSec) {
      const all = await distribution(groupId, null);
      const own = exposureSec === null ? {} : await distribution(groupId, exposureSec);
      return { ...pick(all, comparedOf(false)), ...pick(own, comparedOf(true)) };
    },
    async transparency(frame, { instrumentalMag, stars }, groupId) {
      const { objectId, exposureSec, raDeg, decDeg, airmass, dateObsMs, reductionLevel } = frame;
      if (instrumentalMag === null || objectId === null || exposureSec === null) return null;
      const [fromNight, toNight] = [nightNo - USUAL_NIGHTS, nightNo];
      const history = await once(fields, `${groupId} ${objectId} ${exposureSec}`, () =>
        readField(catalog, { groupId, fromNight, toNight, exposureSec }, objectId),
      );
      const own = { instrumentalMag, stars, raDeg, decDeg, airmass, dateObsMs, reductionLevel };
      return transparencyOf(own, history);
    },
  };
}

function pick(quantiles: Quantiles, names: readonly string[]): Quantiles {
  return Object.fromEntries(Object.entries(quantiles).filter(([name]) => names.includes(name)));
}

/**
 * The distribution of a group in the nights before one. As long as no frame of these is measured anew
 * it is worked out once. Where there is hardly a history, the night itself tells what is usual.
 */
async function readUsual(
  catalog: Catalog,
  key: { readonly groupId: number; readonly nightNo: number; readonly exposureSec: number | null },
): Promise<Quantiles> {
  const { groupId, nightNo, exposureSec } = key;
  const before = { groupId, exposureSec, fromNight: nightNo - USUAL_NIGHTS, toNight: nightNo - 1 };
  const frames = await countWindow(catalog, before);
  if (frames < 2 * LEAST_VALUES) {
    return quantilesOf(await readWindow(catalog, { ...before, toNight: nightNo }));
  }
  const known = await findUsual(catalog, groupId, nightNo, exposureSec);
  if (known?.frames === frames) return known.quantiles;
  const quantiles = quantilesOf(await readWindow(catalog, before));
  await saveUsual(catalog, key, { frames, quantiles });
  return quantiles;
}
