import {
  createSigner,
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
});

test('a password is kept as a salted scrypt hash and found again, whatever its Unicode form', async () => {
  const hash = await hashPassword('Café am Hügel');
  expect(hash).toMatch(/^scrypt\$32768\$8\$1\$/);
  expect(await hashPassword('Café am Hügel')).not.toBe(hash);
  expect(await verifyPassword('Café am Hügel'.normalize('NFD'), hash)).toBe(true);
  expect(await verifyPassword('cafe am Hügel', hash)).toBe(false);
  expect(await verifyPassword('anything', undefined)).toBe(false);
  expect(await verifyPassword('', 'not a hash')).toBe(false);
  expect(await verifyPassword('', 'scrypt$32768$8$1$$')).toBe(false);
  await expect(hashPassword('short')).rejects.toThrow(/at least 8/);
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
