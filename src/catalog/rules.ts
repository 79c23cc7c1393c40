import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { recordDeed } from './audit.js';
import { parseOverrides, type CorrectionValue } from './corrections.js';
import { inTransaction, required, type Catalog } from './db.js';
import type { Actor } from './visibility.js';

/** A value that uploads to come are given where their headers lack it. */
export interface RepairRule {
  readonly id: number;
  /** In capitals. */
  readonly keyword: string;
  readonly value: Exclude<CorrectionValue, null>;
  /** INSTRUME of the files that it holds for, in lower case; null for any. */
  readonly instrument: string | null;
  /** Their names, in lower case: `*` stands for anything, `?` for one letter; null for any. */
  readonly namePattern: string | null;
  readonly madeBy: string;
  readonly madeMs: number;
}

/** What is asked for a rule. */
export type NewRule = Pick<RepairRule, 'keyword' | 'value' | 'instrument' | 'namePattern'>;

/** A rule with what came of it. */
export interface UsedRule extends RepairRule {
  /** Frames that have their value from it still. */
  readonly frames: number;
}

/** Rules at most: each upload asks all of them. */
const MAX_RULES = 200;
const MAX_CONDITION = 200;

/** All rules, the oldest first: where two give the same value, the later one wins. */
export async function listRules(db: Knex): Promise<RepairRule[]> {
  const rows = (await db('repair_rules').orderBy('id')) as RuleRow[];
  return rows.map(toRule);
}

/** The same with how many frames have their value from each. */
export async function listUsedRules({ read }: Catalog): Promise<UsedRule[]> {
  const frames = read('corrections').whereRaw('rule_id = repair_rules.id').count('*');
  const rows = (await read('repair_rules')
    .select('repair_rules.*', read.raw('(?) as frames', [frames]))
    .orderBy('id')) as (RuleRow & { readonly frames: number })[];
  return rows.map((row) => ({ ...toRule(row), frames: row.frames }));
}

/**
 * Makes a rule. The same one a second time is not doubled.
 *
 * @returns its id
 * @throws 'bad_request' for a rule that would hold for every file, that has an odd condition or keyword,
 *         or if there are too many
 */
export async function insertRule(catalog: Catalog, rule: NewRule, by: Actor): Promise<number> {
  const { keyword, value, instrument, namePattern } = checkRule(rule);
  const row = {
    keyword,
    value: JSON.stringify(value),
    instrument,
    name_pattern: namePattern,
  };
  return inTransaction(catalog, async (tx) => {
    const same: { id: number } | undefined = await tx('repair_rules').where(row).first('id');
    if (same !== undefined) return same.id;
    const there = await tx('repair_rules').count({ total: '*' }).first();
    if (Number(there?.total ?? 0) >= MAX_RULES) {
      throw new AppError('bad_request', `There are ${MAX_RULES} rules: remove one first.`);
    }
    const made = { made_by: by.username, made_ms: Date.now() };
    const [id] = await tx('repair_rules').insert({ ...row, ...made });
    const ruleId = required(id);
    await recordDeed(tx, by, {
      action: 'rule.made',
      subject: `rule:${ruleId}`,
      outcome: 'done',
      detail: { keyword, value, instrument, namePattern },
    });
    return ruleId;
  });
}

/**
 * Takes a rule away. Frames that have their value from it keep it.
 *
 * @param owner only if it was made by this account; undefined for anybody's
 * @throws 'not_found'; 'forbidden' for that of another account
 */
export async function removeRule(
  catalog: Catalog,
  id: number,
  owner: string | undefined,
  by: Actor,
): Promise<RepairRule> {
  return inTransaction(catalog, async (tx) => {
    const row: RuleRow | undefined = await tx('repair_rules').where({ id }).first();
    const rule = toRule(required(row));
    if (owner !== undefined && rule.madeBy.toLowerCase() !== owner.toLowerCase()) {
      const message = `Rule ${id} was made by ${rule.madeBy}: only that account or an admin may remove it.`;
      throw new AppError('forbidden', message);
    }
    await tx('repair_rules').where({ id }).delete();
    await recordDeed(tx, by, {
      action: 'rule.removed',
      subject: `rule:${id}`,
      outcome: 'done',
      old: rule,
    });
    return rule;
  });
}

/** Writes rules back as they were; those whose id is there stay as they are. */
export async function insertRuleRecords(
  tx: Knex.Transaction,
  rules: readonly RepairRule[],
): Promise<void> {
  for (const { id, keyword, value, instrument, namePattern, madeBy, madeMs } of rules) {
    const made = { made_by: madeBy, made_ms: madeMs };
    const row = { keyword, value: JSON.stringify(value), instrument, name_pattern: namePattern };
    await tx('repair_rules')
      .insert({ id, ...row, ...made })
      .onConflict('id')
      .ignore();
  }
}

function checkRule({ keyword, value, instrument, namePattern }: NewRule): NewRule {
  const conditions = [instrument, namePattern].map((text) => text?.trim().toLowerCase() || null);
  const [camera = null, name = null] = conditions;
  if (camera === null && (name === null || /^\*+$/.test(name))) {
    const message =
      'A rule needs a camera or a file name that it holds for: else it would hold for every upload.';
    throw new AppError('bad_request', message);
  }
  if (
    conditions.some((text) => text !== null && (text.length > MAX_CONDITION || /\p{C}/u.test(text)))
  ) {
    const message = `Camera and file name of a rule have at most ${MAX_CONDITION} letters.`;
    throw new AppError('bad_request', message);
  }
  const [checked] = [...parseOverrides({ [keyword]: value })];
  const [name0, value0] = required(checked);
  if (value0 === null || value0 === '') {
    throw new AppError('bad_request', `A rule gives ${name0} a value: it cannot take one away.`);
  }
  return { keyword: name0, value: value0, instrument: camera, namePattern: name };
}

interface RuleRow {
  readonly id: number;
  readonly keyword: string;
  readonly value: string;
  readonly instrument: string | null;
  readonly name_pattern: string | null;
  readonly made_by: string;
  readonly made_ms: number;
}

function toRule(row: RuleRow): RepairRule {
  return {
    id: row.id,
    keyword: row.keyword,
    value: JSON.parse(row.value) as RepairRule['value'],
    instrument: row.instrument,
    namePattern: row.name_pattern,
    madeBy: row.made_by,
    madeMs: row.made_ms,
  };
}
