import {
  createSigner,
  findPasswordFault,
  hashPassword,
  makePassword,
  may,
  verifyPassword,
} from '../../../src/auth/index.js';
import type { Role, Scope, Viewer } from '../../../src/catalog/index.js';

const viewer = (role: Role, scope: Scope = 'admin', seesPublic = false): Viewer => ({
  userId: role === 'anonymous' ? null : 1,
  username: role,
  address: '',
  role,
  scope,
  seesPublic,
  seesAll: role !== 'anonymous',
  proposals: [],
});

test('a password is kept as a salted scrypt hash and found again, whatever its Unicode form', async () => {
  const hash = await hashPassword('Café am Hügel', 'ana');
  expect(hash).toMatch(/^scrypt\$32768\$8\$1\$/);
  expect(await hashPassword('Café am Hügel', 'ana')).not.toBe(hash);
  expect(await verifyPassword('Café am Hügel'.normalize('NFD'), hash)).toBe(true);
  expect(await verifyPassword('cafe am Hügel', hash)).toBe(false);
  expect(await verifyPassword('anything', undefined)).toBe(false);
  expect(await verifyPassword('', 'not a hash')).toBe(false);
  expect(await verifyPassword('', 'scrypt$32768$8$1$$')).toBe(false);
  await expect(hashPassword('short', 'ana')).rejects.toThrow(/at least 8/);
});

test.each([
  ['seven77', 'ana', /at least 8/],
  ['x'.repeat(1025), 'ana', /longer than 1024/],
  ['Ana.Maria', 'ana.maria', /user name/],
  ['ＡＮＡ.ＭＡＲＩＡ', 'ana.maria', /user name/],
  ['Password1', 'ana', /tried first/],
  ['TELESCOPE', 'ana', /tried first/],
])('the password %.12s is not taken for %s', (password, username, fault) => {
  expect(findPasswordFault(password, username)).toMatch(fault);
});

test.each(['aaaaaaab', 'lower case only', '日本語のパスワード', 'x'.repeat(1024)])(
  'no kinds of characters are asked for: %.20s is taken',
  (password) => {
    expect(findPasswordFault(password, 'ana')).toBe('');
  },
);

test('a wrong password costs the same time whether there is such a user or not', async () => {
  const hash = await hashPassword('correct horse', 'ana');
  const time = async (known: string | undefined): Promise<number> => {
    const began = performance.now();
    await verifyPassword('wrong horse', known);
    return performance.now() - began;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    known.push(await time(hash));
    unknown.push(await time(undefined));
  }
  // The quickest of each: what is slower than that is the machine, not the answer.
  const ratio = Math.min(...known) / Math.min(...unknown);
  expect(ratio).toBeGreaterThan(0.6);
  expect(ratio).toBeLessThan(1.7);
});

test('made passwords are long and differ', () => {
  expect(makePassword()).toMatch(/^[a-z2-9]{20}$/);
  expect(makePassword()).not.toBe(makePassword());
});

test('a signature holds for its text, its purpose and its key alone', () => {
  const signer = createSigner('first key');
  const signature = signer.sign('fetch', '12 1000');
  expect(signer.verify('fetch', '12 1000', signature)).toBe(true);
  expect(signer.verify('fetch', '12 1001', signature)).toBe(false);
  expect(signer.verify('csrf', '12 1000', signature)).toBe(false);
  expect(createSigner('other key').verify('fetch', '12 1000', signature)).toBe(false);
  expect(signer.verify('fetch', '12 1000', '')).toBe(false);
});

test('who may do what: role and scope both have to allow it', () => {
  const table: [Viewer, boolean, boolean, boolean, boolean][] = [
    // read, upload, delete, administer
    [viewer('anonymous'), false, false, false, false],
    [viewer('anonymous', 'read', true), true, false, false, false],
    [viewer('user'), true, false, false, false],
    [viewer('writer'), true, true, true, false],
    [viewer('writer', 'upload'), true, true, false, false],
    [viewer('writer', 'read'), true, false, false, false],
    [viewer('admin'), true, true, true, true],
    [viewer('admin', 'upload'), true, true, false, false],
    [viewer('admin', 'read'), true, false, false, false],
  ];
  for (const [who, ...expected] of table) {
    const actual = (['read', 'upload', 'delete', 'administer'] as const).map((action) =>
      may(who, action),
    );
    expect([who.role, who.scope, ...actual]).toEqual([who.role, who.scope, ...expected]);
  }
});
