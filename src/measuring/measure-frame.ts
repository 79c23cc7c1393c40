import {
  dropUnmeasured,
  delayMeasuring,
  findBiasLevel,
  findChosenProfile,
  giveUpMeasuring,
  listCorrections,
  readKeywords,
  saveFindings,
  saveMeasures,
  SETTING_NAMES,
  toOverrides,
  NEVER_MEASURED,
  UNMEASURED_CODES,
  type Catalog,
  type HeaderSettings,
  type ImageKind,
  type Overrides,
  type StoredFinding,
  type StoredMeasures,
  type Unmeasured,
} from '../catalog/index.js';
import type { SourceLimits } from '../fits/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { MeasureKind } from '../quality/index.js';
import type { Store } from '../store/index.js';

/** What a worker is told of a file that it is to measure. */
export interface MeasureInput {
  readonly path: string;
  readonly limits: SourceLimits;
  readonly kind: MeasureKind;
  readonly saturation: number | null;
  readonly pixelScaleArcsec: number | null;
  readonly exposureSec: number | null;
  readonly biasLevel: number | null;
  readonly maxPixels: number;
}

/** What a worker answers. */
export interface MeasureOutput extends StoredMeasures {
  /** `[x, y, x, y, …]` of the brightest stars, FITS pixels; absent where none were looked for. */
  readonly brightest?: readonly number[];
  readonly findings: readonly StoredFinding[];
}

/** Where pixels are measured: the pool of workers, as far as this room needs it. */
export interface MeasurePool {
  run(
    task: 'measureFile',
    input: MeasureInput,
    options: {
      readonly priority: 'background';
      readonly client: string;
      readonly signal?: AbortSignal;
    },
  ): Promise<MeasureOutput>;
}

/** Reads the headers of stored files, as far as this room needs it. */
export interface SkyReader {
  /** Where a header disagrees with the sky over the site. @throws if the file cannot be read */
  skyFindings(
    key: string,
    reading: { readonly overrides: Overrides; readonly profile: string | null },
  ): Promise<readonly StoredFinding[]>;
}

/** What measuring needs of an archive. */
export interface MeasureParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly pool: MeasurePool;
  readonly reader: SkyReader;
  readonly limits: SourceLimits;
  /** Pictures with more pixels are not measured, and get a finding. */
  readonly maxPixels: number;
  /** Of calibrations: `headers` says which keywords tell how a camera was set, the best first. */
  readonly rules: { readonly headers: Readonly<Record<string, readonly string[]>> };
}

/**
 * `measured`: the numbers are kept. `unmeasured`: it has none, and a finding that says why, such as that
 * its file is damaged. `skipped`: it has no picture that makes sense to measure.
 * `changed`: it has another version by now, which waits itself. `failed`: it could
 * not be measured. `away`: its file could not be reached, and may be later.
 */
export type MeasureResult = 'measured' | 'unmeasured' | 'skipped' | 'changed' | 'failed' | 'away';

/** What became of a frame. */
export interface MeasureOutcome {
  readonly result: MeasureResult;
  /** Why, of what failed or could not be reached. */
  readonly error?: string;
}

type MeasuredKind = Exclude<ImageKind, (typeof NEVER_MEASURED)[number]>;

/** Kind of a frame → how it is measured. */
const KINDS: Readonly<Record<MeasuredKind, MeasureKind>> = {
  object: 'sky',
  standard: 'sky',
  focus: 'sky',
  acquisition: 'sky',
  guiding: 'sky',
  other: 'sky',
  bias: 'bias',
  dark: 'dark',
  flat: 'flat',
  skyflat: 'flat',
};

/**
 * Keywords that tell from which level pixels are full, the plainest first. DATAMAX is not one: it is the
 * highest value that is there. FITS Standard 4.0 §4.4.2.5.
 */
const SATURATION = ['SATURATE', 'SATLEVEL', 'SATURATION', 'MAXLIN', 'FULLWELL'];

/** After this often a frame is given up until it changes, or somebody asks for it. */
const MAX_ATTEMPTS = 4;
/** Whoever had too little time may have more when the machine is less busy: some hours are waited for it. */
const MAX_TIMEOUTS = 12;
const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 3_600_000;

/** Measures one frame and writes down what came of it. Done twice, it comes to the same. */
export async function measureFrame(
  parts: MeasureParts,
  frame: Unmeasured,
  signal?: AbortSignal,
): Promise<MeasureOutcome> {
  const { catalog, pool } = parts;
  const { frameId, versionId, imageKind } = frame;
  const kind = isMeasured(imageKind) ? KINDS[imageKind] : undefined;
  await checkHeader(parts, frame);
  if (kind === undefined || frame.width * frame.height === 0) {
    await dropUnmeasured(catalog, frameId);
    return { result: 'skipped' };
  }
  try {
    const { input, settings } = await prepare(parts, frame, kind);
    const options = { priority: 'background', client: 'measuring' } as const;
    const answer = await pool.run(
      'measureFile',
      input,
      signal === undefined ? options : { ...options, signal },
    );
    const { findings, brightest = [], ...measures } = answer;
    const saved = await saveMeasures(catalog, {
      frameId,
      versionId,
      imageKind,
      measures,
      settings,
      brightest,
      findings,
    });
    if (!saved) return { result: 'changed' };
    const isEmpty = measures.background === null;
    const without = isEmpty && findings.find(({ code }) => UNMEASURED_CODES.includes(code));
    return without === false || without === undefined
      ? { result: 'measured' }
      : { result: 'unmeasured', error: without.text };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return putOff(catalog, frame, error);
  }
}

function isMeasured(kind: ImageKind): kind is MeasuredKind {
  return NEVER_MEASURED.every((each) => each !== kind);
}

/** A header that cannot be read any more says nothing of the sky; its pixels will tell why. */
async function checkHeader(
  { catalog, reader }: MeasureParts,
  { frameId, key }: Unmeasured,
): Promise<void> {
  const reading = {
    overrides: toOverrides(await listCorrections(catalog.read, frameId)),
    profile: await findChosenProfile(catalog.read, frameId),
  };
  const findings = await reader.skyFindings(key, reading).catch((error: unknown) => {
    if (error instanceof AppError) return undefined;
    throw error;
  });
  if (findings !== undefined) await saveFindings(catalog, frameId, 'sky', findings);
}

/** What the worker is told, and what the header says of how the camera was set. */
async function prepare(
  { catalog, store, limits, maxPixels, rules }: MeasureParts,
  frame: Unmeasured,
  kind: MeasureKind,
): Promise<{ readonly input: MeasureInput; readonly settings: HeaderSettings }> {
  const { versionId, frameId, key, pixelScaleArcsec, exposureSec } = frame;
  const path = await store.localPath(key);
  const told = SETTING_NAMES.map((name) => [name, rules.headers[name] ?? []] as const);
  const wanted = [...SATURATION, ...told.flatMap(([, keywords]) => keywords)];
  const values = (await readKeywords(catalog, [versionId], wanted)).get(versionId);
  const settings = new Map(
    told.flatMap(([name, keywords]) => {
      const keyword = keywords.find((each) => values?.has(each)) ?? '';
      const value = values?.get(keyword);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const input = {
    path,
    limits,
    maxPixels,
    kind,
    saturation: saturationOf(values),
    pixelScaleArcsec,
    exposureSec,
    biasLevel: kind === 'bias' ? null : await findBiasLevel(catalog, frameId, settings),
  };
  return { input, settings };
}

/** The level of full pixels that a header tells; null if it tells none that can be meant. */
export function saturationOf(keywords: ReadonlyMap<string, string> | undefined): number | null {
  for (const keyword of SATURATION) {
    const value = Number(keywords?.get(keyword) ?? NaN);
    if (Number.isFinite(value) && value > 0) return value;
  }
  return null;
}

/** A file that cannot be had now waits; one that cannot be measured is given up after some attempts. */
async function putOff(
  catalog: Catalog,
  frame: Unmeasured,
  problem: unknown,
): Promise<MeasureOutcome> {
  const error = problem instanceof Error ? problem.message : String(problem);
  const isAway = hasCode(problem, 'store_unavailable') || hasCode(problem, 'not_found');
  // The pool is full or ends: nothing is wrong with the frame. A crash is its own, a timeout may be.
  const isOurs = problem instanceof AppError && problem.code === 'busy';
  const reason = isOurs ? String(problem.data.reason) : '';
  const isTired = isOurs && !['timeout', 'crash'].includes(reason);
  const attempts = frame.attempts + 1;
  const most = reason === 'timeout' ? MAX_TIMEOUTS : MAX_ATTEMPTS;
  const isHopeless = problem instanceof AppError && !isAway && !isOurs;
  if (!isAway && !isTired && (isHopeless || attempts >= most)) {
    const text = `The pixels could not be measured: ${error}`;
    const findings: StoredFinding[] = [{ code: 'unmeasured', level: 'warning', text }];
    const { frameId, versionId, imageKind } = frame;
    await giveUpMeasuring(catalog, { frameId, versionId, imageKind, findings });
    return { result: 'failed', error };
  }
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 4 ** frame.attempts);
  await delayMeasuring(catalog, frame.frameId, { delayMs, error });
  return { result: isAway || isTired ? 'away' : 'failed', error };
}
