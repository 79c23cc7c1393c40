import type { Knex } from 'knex';
import type { Row } from './schema.js';

/** A header value that was set right, by a person or a rule of theirs. */
export interface Correction {
  readonly keyword: string;
  /** null for "take it as absent". */
  readonly value: string | number | boolean | null;
  readonly by: string;
  readonly atMs: number;
  /** Id of the rule that gave it, and `by` made the rule; absent if a person did. */
  readonly ruleId?: number;
  /** What was said about it; absent if nothing was. */
  readonly why?: string;
}

/** A correction that holds no more; without a value it is the withdrawal of one. */
export interface FormerCorrection extends Omit<Correction, 'value'> {
  readonly value?: Correction['value'];
}

/** One change of a header value: what it was set to before, and from then on. */
export interface CorrectionStep extends Omit<Correction, 'value'> {
  /** Absent: it was as in the file. */
  readonly from?: Correction['value'];
  /** Absent: it was withdrawn, and is as in the file again. */
  readonly to?: Correction['value'];
}

/**
 * All that was ever set and withdrawn of a frame, oldest first.
 *
 * @param corrections those that hold
 * @param former      those before them, in the order in which they happened
 */
export function toSteps(
  corrections: readonly Correction[],
  former: readonly FormerCorrection[],
): CorrectionStep[] {
  const before = new Map<string, Correction['value']>();
  const steps = [...former, ...corrections].map(({ value, ...made }: FormerCorrection) => {
    const { keyword } = made;
    const from = before.get(keyword);
    if (value === undefined) before.delete(keyword);
    else before.set(keyword, value);
    return {
      ...made,
      ...(from === undefined ? {} : { from }),
      ...(value === undefined ? {} : { to: value }),
    };
  });
  // Those that hold are by keyword. Of the same instant, what came first stays first.
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** The corrections of some frames that hold no more, in the order in which they happened, by frame. */
export async function readFormerOf(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, readonly FormerCorrection[]>> {
  const rows: Row[] = await db('former_corrections').whereIn('frame_id', frameIds).orderBy('id');
  const former = new Map<number, FormerCorrection[]>();
  for (const row of rows) {
    const frameId = Number(row.frame_id);
    const some = former.get(frameId) ?? [];
    some.push(toFormer(row));
    former.set(frameId, some);
  }
  return former;
}

/** Makes a correction in place of the one there was. In the caller's transaction. */
export async function putCorrection(
  tx: Knex.Transaction,
  frameId: number,
  correction: Correction,
): Promise<void> {
  await putAside(tx, frameId, correction.keyword);
  await insertCorrections(tx, frameId, [correction]);
}

/** Takes a correction back: its value is as in the file again. In the caller's transaction. */
export async function withdrawCorrection(
  tx: Knex.Transaction,
  frameId: number,
  withdrawal: Omit<FormerCorrection, 'value'>,
): Promise<void> {
  await putAside(tx, frameId, withdrawal.keyword);
  await insertFormer(tx, frameId, [withdrawal]);
}

async function putAside(tx: Knex.Transaction, frameId: number, keyword: string): Promise<void> {
  const there = { frame_id: frameId, keyword };
  const row: Row | undefined = await tx('corrections').where(there).first();
  if (row === undefined) return;
  await tx('corrections').where(there).delete();
  await tx('former_corrections').insert(row);
}

/** Writes corrections as they were made. */
export async function insertCorrections(
  tx: Knex.Transaction,
  frameId: number,
  corrections: readonly Correction[],
): Promise<void> {
  for (const each of corrections) await tx('corrections').insert(toRow(frameId, each));
}

/** Writes those that hold no more behind those there are, in the order in which they happened. */
export async function insertFormer(
  tx: Knex.Transaction,
  frameId: number,
  former: readonly FormerCorrection[],
): Promise<void> {
  for (const each of former) await tx('former_corrections').insert(toRow(frameId, each));
}

function toRow(frameId: number, each: FormerCorrection): Row {
  const { keyword, value, by, atMs, ruleId = null, why = null } = each;
  return {
    frame_id: frameId,
    keyword,
    value: value === undefined ? null : JSON.stringify(value),
    made_by: by,
    made_ms: atMs,
    rule_id: ruleId,
    why,
  };
}

/** A correction as it stands in its table. */
export function toCorrection(row: Row): Correction {
  const correction = toFormer(row);
  return { ...correction, value: correction.value ?? null };
}

function toFormer({ keyword, value, made_by, made_ms, rule_id, why }: Row): FormerCorrection {
  return {
    keyword: String(keyword),
    ...(typeof value === 'string' ? { value: JSON.parse(value) as Correction['value'] } : {}),
    by: String(made_by),
    atMs: Number(made_ms),
    ...(typeof rule_id === 'number' ? { ruleId: rule_id } : {}),
    ...(typeof why === 'string' ? { why } : {}),
  };
}
