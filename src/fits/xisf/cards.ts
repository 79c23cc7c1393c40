import { parseCard, parseNumber } from '../card.js';
import type { Card } from '../types.js';

/** Where the XML header, and with it every card, starts. XISF 1.0 §9.2. */
export const HEADER_OFFSET = 16;

/** Longer fields are strings, whatever is in them: no number is that long. */
const MAX_TYPED_LENGTH = 100;
const MAX_PROPERTY_LENGTH = 1000;
/** Long strings are joined up to here, as each further piece copies what there is. */
const MAX_JOINED_LENGTH = 64 * 1024;

/**
 * Adds the card of a FITSKeyword element, typed by the same rules as a card of a FITS file; a text
 * that lacks its quotes is a string, as its end is not in doubt here. A CONTINUE that goes on with
 * the string before it is joined to that (FITS Standard 4.0 §4.2.1.2). XISF 1.0 §11.6.
 */
export function addKeyword(cards: Card[], attributes: ReadonlyMap<string, string>): void {
  const keyword = oneLine(attributes.get('name')).toUpperCase();
  const value = oneLine(attributes.get('value'));
  const comment = oneLine(attributes.get('comment'));
  if (keyword === 'END') return;
  if (keyword === '' || keyword === 'COMMENT' || keyword === 'HISTORY') {
    const text = [value, comment].filter(Boolean).join(' ');
    cards.push(parseCard(`${keyword.padEnd(8)}${text}`, HEADER_OFFSET));
    return;
  }
  const card = typedCard(keyword, value, comment);
  const last = cards.at(-1);
  if (keyword === 'CONTINUE' && card.kind === 'string' && last?.kind === 'string') {
    const start = String(last.value);
    const isOpen = start.endsWith('&') && start.length < MAX_JOINED_LENGTH;
    if (isOpen) {
      const whole = `${start.slice(0, -1)}${String(card.value)}`;
      cards[cards.length - 1] = stringCard(last.keyword, whole, last.comment || comment);
      return;
    }
  }
  cards.push(card);
}

/**
 * Cards for what an index wants to know and the keywords do not tell, from the XISF properties.
 *
 * @param properties text of the properties by their id
 * @param imageType  the attribute of the image, such as `Light`
 * @param known      keywords that are told already
 */
export function propertyCards(
  properties: ReadonlyMap<string, string>,
  imageType: string | undefined,
  known: ReadonlySet<string>,
): Card[] {
  const cards = new Map<string, Card>();
  const add = (keyword: string, field: string | undefined, comment: string): void => {
    if (field === undefined || known.has(keyword) || cards.has(keyword)) return;
    cards.set(keyword, typedCard(keyword, field, comment));
  };
  for (const [id, { keyword, toField, comment }] of PROPERTIES) {
    const text = oneLine(properties.get(id)).slice(0, MAX_PROPERTY_LENGTH);
    add(keyword, text === '' ? undefined : toField(text), comment ?? id);
  }
  const type = oneLine(imageType).slice(0, MAX_PROPERTY_LENGTH);
  add('IMAGETYP', type === '' ? undefined : quote(type), 'imageType');
  return [...cards.values()];
}

/** True for a property that `propertyCards` uses. */
export function isWantedProperty(id: string | undefined): boolean {
  return id !== undefined && PROPERTIES.has(id);
}

interface PropertyRule {
  readonly keyword: string;
  /** The value as it would stand in a card; undefined if it is of no use. */
  readonly toField: (text: string) => string | undefined;
  readonly comment?: string;
}

/** Properties of XISF 1.0 §11.5.3 that have a keyword in common use; the first of a keyword counts. */
const PROPERTIES: ReadonlyMap<string, PropertyRule> = new Map<string, PropertyRule>([
  ['Observation:Time:Start', { keyword: 'DATE-OBS', toField: timeField }],
  ['Observation:Time:End', { keyword: 'DATE-END', toField: timeField }],
  ['Observation:Object:Name', { keyword: 'OBJECT', toField: quote }],
  ['Observation:Center:RA', degrees('RA')],
  ['Observation:Center:Dec', degrees('DEC')],
  ['Observation:Location:Latitude', degrees('SITELAT')],
  ['Observation:Location:Longitude', degrees('SITELONG')],
  ['Observation:Location:Elevation', { keyword: 'SITEELEV', toField: numberField }],
  ['Observer:Name', { keyword: 'OBSERVER', toField: quote }],
  ['Instrument:ExposureTime', { keyword: 'EXPTIME', toField: numberField }],
  ['Instrument:FrameExposureTime', { keyword: 'EXPTIME', toField: numberField }],
  ['Instrument:Filter:Name', { keyword: 'FILTER', toField: quote }],
  ['Instrument:Camera:Name', { keyword: 'INSTRUME', toField: quote }],
  ['Instrument:Camera:XBinning', { keyword: 'XBINNING', toField: numberField }],
  ['Instrument:Camera:YBinning', { keyword: 'YBINNING', toField: numberField }],
  ['Instrument:Sensor:XPixelSize', { keyword: 'XPIXSZ', toField: numberField }],
  ['Instrument:Sensor:YPixelSize', { keyword: 'YPIXSZ', toField: numberField }],
  ['Instrument:Sensor:Temperature', { keyword: 'CCD-TEMP', toField: numberField }],
  ['Instrument:Telescope:Name', { keyword: 'TELESCOP', toField: quote }],
  [
    'Instrument:Telescope:FocalLength',
    { keyword: 'FOCALLEN', toField: millimetres, comment: '[mm]' },
  ],
]);

function degrees(keyword: string): PropertyRule {
  return { keyword, toField: numberField, comment: '[deg]' };
}

function numberField(text: string): string | undefined {
  const number = finiteNumber(text);
  return number === undefined ? undefined : formatNumber(number);
}

/** Metres, as XISF has lengths, in millimetres, as the keyword has them. */
function millimetres(text: string): string | undefined {
  const metres = finiteNumber(text);
  if (metres === undefined) return undefined;
  return formatNumber(Number((metres * 1000).toPrecision(12)));
}

function finiteNumber(text: string): number | undefined {
  const number = text.length > MAX_TYPED_LENGTH ? undefined : parseNumber(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Digits that JavaScript writes are also those of FITS, but for the small e. */
function formatNumber(number: number): string {
  return String(number).toUpperCase();
}

/** Time points are UTC (XISF 1.0), as DATE-OBS is, which has no zone. */
function timeField(text: string): string {
  return quote(text.replace(/Z$/i, ''));
}

/** The card of a field as it would stand in a FITS file; what is no such field is a string. */
function typedCard(keyword: string, field: string, comment: string): Card {
  if (field.length <= MAX_TYPED_LENGTH) {
    const { kind, value, comment: more } = parseCard(`KEYWORD = ${field}`);
    // With more after its value, or a comment alone, it is not a field but a text.
    const isField = kind !== 'bad' && more === '' && !field.startsWith('/');
    if (isField) return makeCard({ keyword, kind, value, comment }, field);
  }
  const text = field.replace(/^'/, '');
  const isQuoted = text.length < field.length && text.endsWith("'");
  return stringCard(keyword, isQuoted ? text.slice(0, -1).replaceAll("''", "'") : text, comment);
}

function stringCard(keyword: string, text: string, comment: string): Card {
  const value = text.trimEnd();
  return makeCard({ keyword, kind: 'string', value, comment }, quote(value));
}

function makeCard(card: Omit<Card, 'text' | 'offset'>, field: string): Card {
  const { keyword, comment } = card;
  const isStandard = /^[A-Z0-9_-]{1,8}$/.test(keyword);
  const name = isStandard ? keyword.padEnd(8) : `HIERARCH ${keyword.replaceAll('=', '_')} `;
  const end = comment === '' ? '' : ` / ${comment}`;
  const text = `${name}${keyword === 'CONTINUE' ? ' ' : '='} ${field}${end}`;
  return { ...card, text, offset: HEADER_OFFSET };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Without control characters and outer blanks; '' if absent. */
function oneLine(text: string | undefined): string {
  return text === undefined ? '' : text.replace(/[\0-\x1f\x7f]+/g, ' ').trim();
}
