import { COMMANDS, parseCommand } from '../../../src/solving/command.js';

const KNOWN = { file: '/a b/c.fits', dir: '/t', out: '/t/s', timeout: '9', radius: '5' };

test('words are split at blanks, and what stands in for a placeholder stays one word', () => {
  const command = parseCommand(`"/opt/my solver" -i {file} --name='two words' -o {out}.wcs`);
  expect(command.program).toBe('/opt/my solver');
  expect(command.fill(KNOWN)).toEqual([
    '/opt/my solver',
    '-i',
    '/a b/c.fits',
    '--name=two words',
    '-o',
    '/t/s.wcs',
  ]);
});

test('a bracket without one of its values is left out, and the others stay', () => {
  const command = parseCommand('solve [-p {ra} {dec}] [-s {scale}] {file}');
  const fill = (more: Record<string, string>): string =>
    command.fill({ ...KNOWN, ...more }).join(' ');
  expect(fill({})).toBe('solve /a b/c.fits');
  expect(fill({ ra: '1' })).toBe('solve /a b/c.fits');
  expect(fill({ ra: '1', dec: '-2' })).toBe('solve -p 1 -2 /a b/c.fits');
  expect(fill({ scale: '3' })).toBe('solve -s 3 /a b/c.fits');
});

test.each([
  ['', 'the first word is the program'],
  ['{file} x', 'the first word is the program'],
  ['a {fiel}', 'there is no placeholder {fiel}'],
  ['a -r {ra}', '{ra} is not always known, and has to stand in brackets: [… {ra} …]'],
  ['a [b [c]]', 'a bracket stands in another one'],
  ['a [b', 'a bracket is not closed'],
  ['a b]', 'a bracket is closed that was not opened'],
  ['a "b', 'a quote is not closed'],
])('the template %p is refused, and it is told why', (template, why) => {
  expect(() => parseCommand(template)).toThrow(`SOLVER_COMMAND: ${why}.`);
});

test('the programs that are known are called with what the header tells', () => {
  const solve = parseCommand(COMMANDS['astrometry.net']).fill({ ...KNOWN, ra: '10', dec: '-20' });
  expect(solve.slice(0, 1)).toEqual(['solve-field']);
  expect(solve.join(' ')).toMatch(
    /--wcs \/t\/s\.wcs .*--ra 10 --dec -20 --radius 5 \/a b\/c\.fits$/,
  );
  expect(solve).not.toContain('--scale-low');
  const astap = parseCommand(COMMANDS.astap).fill({ ...KNOWN, ra_hours: '2', spd: '70', fov: '1' });
  expect(astap.join(' ')).toBe('astap -f /a b/c.fits -o /t/s -wcs -r 5 -ra 2 -spd 70 -fov 1');
});
