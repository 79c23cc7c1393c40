import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCard } from '../../../src/fits/card.js';
import { makeHeader } from '../../../src/fits/header.js';
import { formatTemplate } from '../../../src/ingest/naming.js';

/** Cases made by running the reference archive's own formatter; they stay outside the repository. */
interface Case {
  id: number;
  template: string;
  cards: string[];
  expected: { output?: string; any?: string[]; error?: boolean; names?: string[] };
  note: string | null;
}

const path = join(process.env['CONTRACT_DIR'] ?? '../shared/contract', 'formatter_cases.json');
const cases: Case[] = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }).cases
  : [];

function run(one: Case): string {
  const header = makeHeader(one.cards.map((card) => parseCard(card.padEnd(80))));
  return formatTemplate(one.template, (key) => header.card(key));
}

function check(one: Case): void {
  if (one.expected.error === true) {
    let message: string | undefined;
    try {
      run(one);
    } catch (error) {
      message = String(error);
    }
    expect(message).toBeDefined();
    for (const name of one.expected.names ?? []) expect(message).toContain(name);
    return;
  }
  const allowed = one.expected.any ?? [one.expected.output];
  expect(allowed).toContain(run(one));
}

if (cases.length === 0) {
  test.skip(`the formatter cases are not at ${path}`, () => undefined);
} else {
  describe('the template grammar of the reference archive', () => {
    // Rare conversions are marked "free" there: any answer, also a refusal, will do.
    const strict = cases.filter((one) => !('free' in one.expected));
    test.each(strict.map((one) => [one.id, one.template, one] as const))(
      'case %d: %s',
      (_id, _t, one) => {
        check(one);
      },
    );
    test('all 141 cases are there', () => {
      expect(cases.length).toBe(141);
    });
  });
}
