import { errorFields } from '../../../src/lib/log.js';

test('an error of the database is told without its statement, which holds the values', () => {
  const values = "insert into `users` (`password_hash`) values ('scrypt$1$secret')";
  const error = new Error(`${values} - SQLITE_BUSY: database is locked`, {
    cause: new Error(`${values} - SQLITE_FULL: database or disk is full`),
  });
  const told = errorFields(error);
  expect(told).toMatchObject({
    error: 'SQLITE_BUSY: database is locked',
    cause: { error: 'SQLITE_FULL: database or disk is full' },
  });
  expect(JSON.stringify(told)).not.toContain('secret');
  expect(String(told.stack)).toContain('log.test');
});
