import type { RequestAttack } from './requests.js';

/** What of an OpenAPI document says where to attack. */
export interface ToldApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ToldOperation>>>>;
}

interface ToldOperation {
  readonly parameters?: readonly { readonly in?: string; readonly name?: string }[];
  readonly requestBody?: unknown;
}

const IDS = ['%00', '-1', '99999999999999999999', '..%2f..', '__proto__', '1%27', '%ff'];
const VALUES = ['%00', 'NaN', '-1', '99999999999999999999', '1e999', '%27%22%3Cx', '%ff', '%5B%5D'];
const BODIES = ['', 'null', '[]', '"x"', '{', '{"__proto__":{"a":1}}', '[[[[]]]]', '{"a":1e999}'];
const WORDS = ['ids', 'frame_ids', 'value', 'text', 'keyword', 'profile', 'name', 'overrides'];

/** Every address that the archive itself tells of, with junk for each of its parameters and bodies. */
export function documentedAttacks(api: ToldApi): RequestAttack[] {
  const kind = 'documented addresses';
  return Object.entries(api.paths).flatMap(([path, operations], row) =>
    Object.entries(operations).flatMap(([verb, operation]) => {
      const method = verb.toUpperCase();
      const attack = (target: string, more: Partial<RequestAttack> = {}): RequestAttack => ({
        ...{ kind, name: target, method, target },
        ...more,
      });
      const some = <T>(list: readonly T[]): T[] =>
        list.filter((_, column) => (row + column) % 2 === 0);
      const target = path.replaceAll(/\{\w+\}/g, '1');
      const ids = path.includes('{')
        ? some(IDS).map((id) => attack(path.replaceAll(/\{\w+\}/g, id)))
        : [];
      const values = (operation.parameters ?? []).flatMap(({ in: place, name = '' }, index) =>
        place === 'query'
          ? VALUES.filter((_, column) => (row + index + column) % 4 === 0).map((value) =>
              attack(`${target}?${name}=${value}`),
            )
          : [],
      );
      // Frame 1 is to stay: only what takes a body is asked about it otherwise than by GET.
      if (method === 'DELETE' || operation.requestBody === undefined) {
        return [...ids, ...(method === 'GET' ? values : [])];
      }
      const headers = { 'Content-Type': 'application/json' };
      const odd = WORDS.map((word) => JSON.stringify({ [word]: { $ne: [null, 1e300] } }));
      const bodies = [...BODIES, ...odd].map((body) =>
        attack(target, { headers, body, name: `${target} ${body}` }),
      );
      return [...ids, ...bodies];
    }),
  );
}
