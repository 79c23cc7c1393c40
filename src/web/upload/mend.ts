import type { Request } from 'express';
import {
  parseKeyword,
  parseWhy,
  type CorrectionValue,
  type Overrides,
  type Quarantined,
} from '../../catalog/index.js';
import { bodyText } from '../../http/index.js';
import { bodyIds, bodyTexts, toCorrection } from '../forms.js';

/** Rows of the form for header values, at least. */
const FIELDS = 3;
/** Rows at most that are filled in already: as many as one reads at a glance. */
const MOST_FILLED = 8;

/** What stands in the form, to be shown again as it was typed. */
export interface Typed {
  readonly ids: ReadonlySet<number>;
  /** A value of other frames that was chosen; '' for none. */
  readonly usual: string;
  readonly rows: readonly { readonly keyword: string; readonly value: string }[];
  /** Name of a profile; '-' for whatever fits; '' for as before. */
  readonly profile: string;
  readonly why: string;
  /** What a rule of these values would hold for; both '' before anything is known. */
  readonly rule: { readonly camera: string; readonly name: string };
}

/** What was typed comes on top of what was tried before. @throws 'bad_request' for an odd keyword or reason */
export function readMend(
  req: Request,
  { attempt }: Pick<Quarantined, 'attempt'>,
): { overrides: Overrides; profile?: string | null; why: string | undefined } {
  const overrides = new Map<string, CorrectionValue>(Object.entries(attempt?.overrides ?? {}));
  for (const [keyword, value] of readValues(req)) overrides.set(keyword, value);
  const profile = bodyText(req, 'profile');
  const why = parseWhy(bodyText(req, 'why'));
  if (profile === '') return { overrides, why };
  return { overrides, profile: profile === '-' ? null : profile, why };
}

/** The values that stand in the form, by keyword. @throws 'bad_request' for an odd keyword */
export function readValues(req: Request): Overrides {
  const values = new Map<string, CorrectionValue>();
  const [usual, usualKeyword] = [bodyText(req, 'usual'), bodyText(req, 'usual-keyword')];
  if (usual !== '' && usualKeyword !== '') {
    values.set(parseKeyword(usualKeyword), toCorrection(usual));
  }
  for (const { keyword, value } of readRows(req)) {
    if (keyword !== '' && value !== '') values.set(parseKeyword(keyword), toCorrection(value));
  }
  return values;
}

function readRows(req: Request): { keyword: string; value: string }[] {
  const values = bodyTexts(req, 'value');
  return bodyTexts(req, 'keyword').map((keyword, index) => {
    return { keyword: keyword.trim(), value: values[index]?.trim() ?? '' };
  });
}

/** The form as it was sent. @throws 'bad_request' */
export function readTyped(req: Request): Typed {
  return {
    ids: new Set(bodyIds(req, 'ids')),
    usual: bodyText(req, 'usual'),
    rows: filled(readRows(req)),
    profile: bodyText(req, 'profile'),
    why: bodyText(req, 'why'),
    rule: { camera: bodyText(req, 'rule-camera'), name: bodyText(req, 'rule-name') },
  };
}

/**
 * The form before anything is typed.
 *
 * @param keywords that stand in the way
 * @param shown the file that is shown, which is chosen then
 */
export function freshForm(
  keywords: readonly string[],
  shown: { readonly id: number; readonly camera: string; readonly pattern: string } | null,
): Typed {
  return {
    ids: new Set(shown === null ? [] : [shown.id]),
    usual: '',
    rows: filled([...new Set(keywords)].map((keyword) => ({ keyword, value: '' }))),
    profile: '',
    why: '',
    rule: { camera: shown?.camera ?? '', name: shown?.pattern ?? '' },
  };
}

function filled(rows: readonly { keyword: string; value: string }[]): Typed['rows'] {
  const some = rows.filter(({ keyword, value }) => keyword + value !== '').slice(0, MOST_FILLED);
  const empty = Math.max(1, FIELDS - some.length);
  return [...some, ...Array.from({ length: empty }, () => ({ keyword: '', value: '' }))];
}
