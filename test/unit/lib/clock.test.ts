import { createAgeGuard, createJumpMeter } from '../../../src/lib/clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A machine whose clock can be set while time goes on. */
function createMachine(startMs: number) {
  let steadyMs = 1000;
  let offsetMs = startMs;
  return {
    clocks: { wall: () => steadyMs + offsetMs, steady: () => steadyMs },
    pass: (ms: number) => (steadyMs += ms),
    set: (byMs: number) => (offsetMs += byMs),
  };
}

test('a jump is told once, forward and back, and time that passes is none', () => {
  const { clocks, pass, set } = createMachine(1e12);
  const jump = createJumpMeter(clocks);
  pass(DAY);
  expect(jump()).toBe(0);
  set(HOUR);
  pass(5);
  expect([jump(), jump()]).toEqual([HOUR, 0]);
  set(-DAY);
  expect(jump()).toBe(-DAY);
});

test('an even clock is trusted, also after a night without power', () => {
  const { clocks, pass } = createMachine(1e12);
  const guard = createAgeGuard(clocks);
  expect(guard.isTrusted(clocks.wall() - DAY)).toBe(true);
  for (let hour = 0; hour < 200; hour += 1) {
    pass(HOUR);
    expect(guard.isTrusted(clocks.wall() - HOUR)).toBe(true);
  }
  expect(createAgeGuard(clocks).isTrusted(undefined)).toBe(true);
});

test.each([
  ['forward', 400 * DAY],
  ['back', -400 * DAY],
])('a clock that is set %s is trusted when it has gone evenly for a day', (_name, by) => {
  const { clocks, pass, set } = createMachine(1e12);
  const guard = createAgeGuard(clocks);
  expect(guard.isTrusted(clocks.wall())).toBe(true);
  set(by);
  expect(guard.isTrusted(clocks.wall())).toBe(false);
  pass(20 * HOUR);
  expect(guard.isTrusted(clocks.wall())).toBe(false);
  pass(5 * HOUR);
  expect(guard.isTrusted(clocks.wall())).toBe(true);
});

test('a start in another year than the last is not trusted, and a correction begins the day anew', () => {
  const { clocks, pass, set } = createMachine(1e12);
  const lastMs = clocks.wall();
  set(365 * DAY);
  const guard = createAgeGuard(clocks);
  expect(guard.isTrusted(lastMs)).toBe(false);
  pass(23 * HOUR);
  set(-365 * DAY);
  expect(guard.isTrusted(clocks.wall())).toBe(false);
  pass(2 * HOUR);
  expect(guard.isTrusted(clocks.wall())).toBe(false);
  pass(23 * HOUR);
  expect(guard.isTrusted(clocks.wall())).toBe(true);
});
