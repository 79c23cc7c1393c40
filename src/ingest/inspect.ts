import { open } from 'node:fs/promises';
import type { StoredCard, StoredHdu } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import {
  hdusOf,
  mainImage,
  openFits,
  surveyFits,
  type Card,
  type FitsFile,
  type Hdu,
  type HduRecord,
  type SourceLimits,
  type Survey,
} from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { createPace, inSteps, type Pace } from '../lib/pace.js';
import type { Store } from '../store/index.js';
import { lookupRequests, type LookupPixels } from '../wcs/index.js';
import { keywordsOf } from './keywords.js';
import type { Container } from './naming.js';
import type { Spooled } from './spool.js';

/** What an upload turns out to be. */
export interface Inspected {
  readonly container: Container;
  readonly hdus: readonly Hdu[];
  /** As `keywordsOf` has them. */
  readonly keywords: ReadonlySet<string> | undefined;
  /** The headers as the catalogue keeps them. */
  readonly stored: readonly StoredHdu[];
  /** Tables of corrections that the WCS of the main image names; for most files there are none. */
  readonly lookups: readonly LookupPixels[];
}

/** How far a compressed file may expand, and where to. */
export function sourceLimits(config: Config, store: Store): SourceLimits {
  return {
    maxExpandedBytes: config.MAX_EXPANDED_BYTES,
    maxExpansionRatio: config.MAX_EXPANSION_RATIO,
    tempDir: store.spoolDir,
  };
}

/** What judging a file needs of the pool of workers. */
export interface SurveyPool {
  run(task: 'survey', input: FileInput, options?: IngestJob): Promise<Survey>;
  run(
    task: 'readLookups',
    input: FileInput,
    options?: IngestJob,
  ): Promise<{ lookups: readonly LookupPixels[] }>;
}

/** Uploads do not wait behind pictures. */
interface IngestJob {
  readonly priority?: 'ingest';
}

interface FileInput {
  readonly path: string;
  readonly limits: SourceLimits;
}

/**
 * Reads all headers of a spooled file and judges whether it can be kept. What is odd but readable is
 * accepted; what lost its end, or has no data at all, is refused, so that its sender sends it again.
 *
 * @throws 'fits_invalid', 'fits_truncated', 'fits_unsupported', 'too_large'
 */
export async function inspect(
  file: Pick<Spooled, 'path' | 'sizeBytes'>,
  limits: SourceLimits,
  pool: SurveyPool,
): Promise<Inspected> {
  if (file.sizeBytes === 0) throw new AppError('fits_invalid', 'The file is empty.');
  const survey = (await isPlain(file.path))
    ? await surveyFits(file.path, limits)
    : await pool.run('survey', { path: file.path, limits }, { priority: 'ingest' });
  const fault = survey.issues.find((issue) => issue.level === 'error');
  if (fault?.code === 'truncated') {
    throw new AppError(
      'fits_truncated',
      `${fault.text} Nothing is lost: send the whole file again.`,
    );
  }
  if (fault !== undefined) throw new AppError('fits_invalid', fault.text);
  // A catalogue without rows says that nothing was found; headers alone say nothing.
  if (survey.hdus.every((hdu) => hdu.dataBytes === 0 && !isTable(hdu))) {
    throw new AppError('fits_invalid', 'The file has headers, but no image and no table.');
  }
  const hdus = await hdusOf(survey);
  const pace = createPace();
  const stored: StoredHdu[] = [];
  for (const record of survey.hdus) stored.push(await toStoredHdu(record, pace));
  const lookups = await readLookups(hdus, { path: file.path, limits }, pool);
  return {
    container: containerOf(survey),
    hdus,
    keywords: await keywordsOf(hdus, pace),
    stored,
    lookups,
  };
}

/**
 * The headers of a file that was judged before, what it is wrapped in, and what its WCS needs: sums and data are not looked
 * at again.
 *
 * @throws as the codec
 */
export async function readHdus(
  path: string,
  limits: SourceLimits,
  pool: SurveyPool,
): Promise<Pick<Inspected, 'hdus' | 'lookups' | 'container'>> {
  const { hdus, container } = (await isPlain(path))
    ? await plainHdus(path, limits)
    : await expandedHdus(path, limits, pool);
  return { hdus, container, lookups: await readLookups(hdus, { path, limits }, pool) };
}

async function plainHdus(
  path: string,
  limits: SourceLimits,
): Promise<Pick<Inspected, 'hdus' | 'container'>> {
  const file = await openFits(path, limits);
  await file.close();
  return { hdus: file.hdus, container: containerOf(file) };
}

async function expandedHdus(
  path: string,
  limits: SourceLimits,
  pool: SurveyPool,
): Promise<Pick<Inspected, 'hdus' | 'container'>> {
  const survey = await pool.run('survey', { path, limits }, { priority: 'ingest' });
  return { hdus: await hdusOf(survey), container: containerOf(survey) };
}

/** The tables of corrections that the WCS of the main image names. */
async function readLookups(
  hdus: readonly Hdu[],
  input: FileInput,
  pool: SurveyPool,
): Promise<readonly LookupPixels[]> {
  const main = mainImage({ hdus });
  if (main === undefined || lookupRequests(main.header).length === 0) return [];
  return (await pool.run('readLookups', input, { priority: 'ingest' })).lookups;
}

function isTable({ kind }: { readonly kind: string }): boolean {
  return kind === 'table' || kind === 'bintable';
}

/** Plain FITS is read here and now; what must be expanded first would hold up everyone else. */
async function isPlain(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const start = Buffer.alloc(6);
    await handle.read(start, 0, 6, 0);
    return start.toString('latin1') === 'SIMPLE';
  } finally {
    await handle.close();
  }
}

function containerOf({
  format,
  container,
  hdus,
}: Pick<FitsFile, 'format' | 'container'> & {
  readonly hdus: readonly { readonly kind: string }[];
}): Container {
  if (container !== 'plain') return container;
  if (format === 'xisf') return 'xisf';
  return hdus.some((hdu) => hdu.kind.startsWith('compressed')) ? 'tiles' : 'plain';
}

async function toStoredHdu(hdu: HduRecord, pace: Pace): Promise<StoredHdu> {
  const cards: StoredCard[] = [];
  const keep = (some: readonly Card[]): void => {
    for (const card of some) cards.push(toStoredCard(card));
  };
  await inSteps(hdu.cards, keep, pace);
  return {
    hdu: hdu.index,
    name: hdu.name,
    kind: hdu.kind,
    bitpix: hdu.bitpix,
    axes: hdu.axes,
    checksum: hdu.checksum,
    cards,
  };
}

function toStoredCard(card: Card): StoredCard {
  const { value } = card;
  return {
    keyword: card.keyword,
    kind: card.kind,
    value: typeof value === 'bigint' ? String(value) : value,
    comment: card.comment,
  };
}
