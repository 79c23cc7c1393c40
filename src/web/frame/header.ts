import {
  findFrames,
  findOriginal,
  listFrames,
  listHeaders,
  parseConditions,
  SORT_COLUMNS,
  type Correction,
  type CorrectionStep,
  type Frame,
  type StoredCard,
  type StoredHdu,
  type Viewer,
} from '../../catalog/index.js';
import { parameter } from '../../http/index.js';
import { formatInstant } from '../../lib/time.js';
import { kindLabel, formatCardValue, formatDateTime, filterSlot, shortName } from '../render.js';
import type { Web } from '../page.js';
import { imagesOf } from './frame-file.js';
import { pictureFields } from './picture.js';

type Parameters = ReadonlyMap<string, readonly string[]>;

/** Another frame whose header is laid beside that of the page. */
export interface Other {
  readonly frame: Frame;
  readonly hdus: readonly StoredHdu[];
  /** True if nobody asked for it: it is the frame before, taken in the same way. */
  readonly isUsual: boolean;
}

/** The frame to compare with: the one that `compare` names, else the one before in the same set; null for none. */
export async function findOther(
  web: Web,
  frame: Frame,
  parameters: Parameters,
  viewer: Viewer,
): Promise<Other | null> {
  const asked = parameter(parameters, 'compare');
  if (asked === 'none') return null;
  const { catalog } = web.services;
  const isId = /^\d{1,15}$/.test(asked);
  const [other] = isId
    ? await findFrames(catalog, [Number(asked)], viewer)
    : await findBefore(web, frame, viewer);
  if (other === undefined || other.id === frame.id) return null;
  return { frame: other, hdus: await listHeaders(catalog, other.version), isUsual: !isId };
}

/** The frame before of the same night, camera, filter and type; [] if there is none. */
export async function findBefore(
  { services }: Web,
  frame: Frame,
  viewer: Viewer,
): Promise<readonly Frame[]> {
  const { night, dateObsMs, filter, instrument } = frame;
  if (night === null || dateObsMs === null) return [];
  const conditions = parseConditions(
    new Map([
      ['night', [night]],
      ['end', [formatInstant(dateObsMs)]],
      ...(instrument === '' ? [] : ([['INSTRUME', [instrument]]] as const)),
      ...(filter === null ? [] : ([['FILTER', [filter]]] as const)),
    ]),
  );
  const order = { column: SORT_COLUMNS.DATE_OBS ?? 'frames.date_obs_ms', descending: true };
  const query = { conditions, order, limit: 40, offset: 0 };
  const { items } = await listFrames(services.catalog, query, viewer);
  const isBefore = (other: Frame): boolean =>
    other.imageKind === frame.imageKind && (other.dateObsMs ?? 0) < dateObsMs;
  return items.filter(isBefore).slice(0, 1);
}

/** A card as the page shows it. */
export interface HeaderRow {
  readonly keyword: string;
  readonly value: string;
  readonly comment: string;
  /** What a person set right. */
  readonly mark: string;
  /** Of a card that differs: what the other frame has there. */
  readonly other: string | null;
}

/** The cards of one HDU, beside those of another frame, and links to the other HDUs. */
export function toHeader(
  frame: Frame,
  hdus: readonly StoredHdu[],
  { parameters, pageUrl, corrections, other }: HeaderOptions,
) {
  const find = parameter(parameters, 'hq');
  const wanted = parameter(parameters, 'header');
  const isOnly = other !== null && parameter(parameters, 'only') !== '';
  const shown =
    hdus.find(({ hdu }) => String(hdu) === wanted) ??
    hdus.find(({ hdu }) => hdu === imagesOf(hdus)[0]?.hdu) ??
    hdus[0];
  const marks = new Map(corrections.map((each) => [each.keyword, toMark(each)]));
  const all = rowsOf(frame, shown, otherHdu(other, shown), marks);
  const here = new Set(
    hdus.flatMap(({ cards }) => cards.map((card) => card.keyword.toUpperCase())),
  );
  const word = find.toLowerCase();
  const cards = all.filter(
    (row) =>
      (!isOnly || row.other !== null) &&
      [row.keyword, row.value, row.comment].some((text) => text.toLowerCase().includes(word)),
  );
  const address = addressOf(parameters, pageUrl, find);
  return {
    find,
    hdu: shown?.hdu ?? 0,
    isChosen: wanted !== '',
    hidden: keptFields(parameters, ['from', 'compare', 'only']),
    cards,
    // Of what the file does not say at all there is no card to mark.
    added: corrections
      .filter(({ keyword, value }) => value !== null && !here.has(keyword))
      .map((each) => ({ keyword: each.keyword, mark: toMark(each) })),
    total: all.length,
    compare: other === null ? null : toCompare(other, all, isOnly, address),
    hdus: hdus.map(({ hdu, name, kind, axes }) => ({
      label: name === '' ? `HDU ${hdu}` : `HDU ${hdu} ${name}`,
      what: [kind.replace('-', ' '), axes.join('×')].filter((text) => text !== '').join(' '),
      url: address({ header: String(hdu) }),
      isShown: hdu === shown?.hdu,
    })),
  };
}

interface HeaderOptions {
  readonly parameters: Parameters;
  readonly pageUrl: string;
  readonly corrections: readonly Correction[];
  readonly other: Other | null;
}

type Address = (changes: Readonly<Record<string, string>>) => string;

/** Addresses of this page that keep how the picture is shown; `''` takes a parameter out. */
function addressOf(parameters: Parameters, pageUrl: string, find: string): Address {
  return (changes) => {
    const query = new URLSearchParams();
    for (const { name, value } of keptFields(parameters, ['from', 'compare', 'only', 'header'])) {
      query.set(name, value);
    }
    if (find !== '') query.set('hq', find);
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    return `${pageUrl}${text === '' ? '' : `?${text}`}#header`;
  };
}

function keptFields(parameters: Parameters, names: readonly string[]) {
  return [
    ...pictureFields(parameters),
    ...names.flatMap((name) => {
      const value = parameter(parameters, name);
      return value === '' ? [] : [{ name, value }];
    }),
  ];
}

function toCompare(
  { frame, isUsual }: Other,
  rows: readonly HeaderRow[],
  isOnly: boolean,
  address: Address,
) {
  return {
    name: frame.basename,
    short: shortName(frame.basename),
    why: isUsual ? 'the frame before, taken in the same way' : 'as chosen',
    differences: rows.filter(({ other }) => other !== null).length,
    isOnly,
    onlyUrl: address({ only: isOnly ? '' : '1' }),
    offUrl: address({ compare: 'none', only: '' }),
  };
}

/** The HDU of the other frame that stands at the same place, or has the same name. */
function otherHdu(other: Other | null, shown: StoredHdu | undefined): StoredHdu | null {
  if (other === null || shown === undefined) return null;
  const named = other.hdus.find(({ name }) => name !== '' && name === shown.name);
  return named ?? other.hdus.find(({ hdu }) => hdu === shown.hdu) ?? null;
}

function rowsOf(
  frame: Frame,
  shown: StoredHdu | undefined,
  beside: StoredHdu | null,
  marks: ReadonlyMap<string, string>,
): HeaderRow[] {
  const cards = (shown?.cards ?? []).filter(
    ({ keyword, kind, value }) => keyword !== '' || (kind === 'commentary' && value !== ''),
  );
  const there = beside === null ? null : valuesOf(beside);
  const rows = cards.map((card) => {
    const keyword = card.keyword.toUpperCase();
    const value = formatCardValue(card);
    const others = there?.get(keyword) ?? [];
    return {
      keyword: card.keyword,
      value,
      comment: readAs(frame, keyword) || card.comment,
      mark: marks.get(keyword) ?? '',
      other: there === null || others.includes(value) ? null : others.join(', ') || 'not there',
    };
  });
  const here = new Set(cards.map(({ keyword }) => keyword.toUpperCase()));
  const missing = [...(there ?? [])].flatMap(([keyword, values]) =>
    here.has(keyword) || keyword === ''
      ? []
      : [{ keyword, value: '', comment: 'not here', mark: '', other: values.join(', ') }],
  );
  return [...rows, ...missing];
}

function valuesOf({ cards }: StoredHdu): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const card of cards) {
    const keyword = card.keyword.toUpperCase();
    values.set(keyword, [...(values.get(keyword) ?? []), formatCardValue(card)]);
  }
  return values;
}

/** What the archive took a value for, where that is not what is written. */
function readAs(frame: Frame, keyword: string): string {
  if (keyword === 'IMAGETYP') return `read as: ${kindLabel(frame.imageKind).toLowerCase()}`;
  const slot = filterSlot(frame.filter);
  if (keyword === 'FILTER' && frame.filter !== null && slot !== 'none') return `read as: ${slot}`;
  return '';
}

/** What a person set right, and who and why, if that may be told. */
function toMark({ value, why, ...made }: Correction): string {
  const now = value === null ? ABSENT : `set to ${String(value)}`;
  const maker = made.ruleId === undefined && made.by !== '' ? `by ${made.by}` : toMaker(made);
  const said = why === undefined ? '' : `: ${why}`;
  return `${now}${maker === '' ? '' : ` ${maker}`}, ${formatDateTime(made.atMs)} UTC${said}`;
}

/** A name; with a rule that of its maker; '' for one that may not be told. */
function toMaker({ by, ruleId }: Pick<Correction, 'by' | 'ruleId'>): string {
  if (ruleId === undefined) return by;
  return `by rule ${ruleId}${by === '' ? '' : ` of ${by}`}`;
}

/** Of a value that is null. */
export const ABSENT = 'taken as absent';

/** All that was set and withdrawn, the oldest first; the last change of each keyword can be undone. */
export function toHistory(steps: readonly CorrectionStep[], hdus: readonly StoredHdu[]) {
  const last = new Map(steps.map((step) => [step.keyword, step]));
  return steps.map((step) => {
    const { keyword, from, to, why = '', atMs } = step;
    const original = toPlain(findOriginal(hdus, keyword));
    const shown = (value: Correction['value'] | undefined): string =>
      value === undefined ? original : value === null ? ABSENT : String(value);
    return {
      keyword,
      from: shown(from),
      to: shown(to),
      isWithdrawn: to === undefined,
      maker: toMaker(step),
      at: formatDateTime(atMs),
      why,
      isLast: last.get(keyword) === step,
    };
  });
}

/** As one would write it, without the quotes of a card. */
function toPlain(card: StoredCard | undefined): string {
  if (card === undefined) return 'not in the file';
  return typeof card.value === 'string' ? card.value : formatCardValue(card);
}
