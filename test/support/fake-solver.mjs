/**
 * A program in the place of a plate solver: `fake-solver.mjs FILE OUT LOG [RA DEC]`. What it does stands
 * in the OBJECT of the file; each call is a line of LOG.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

const [file, out, log, ra] = process.argv.slice(2);
const header = readFileSync(file).toString('latin1');
const numberOf = (name) => Number(new RegExp(`${name.padEnd(8)}= +(\\d+)`).exec(header)?.[1]);
const object = /OBJECT {2}= '([^']*)'/.exec(header)?.[1]?.trim() ?? '';
const centre = [numberOf('NAXIS1') / 2 + 0.5, numberOf('NAXIS2') / 2 + 0.5];
const isPlain = header.startsWith('SIMPLE') && !header.includes('ZCMPTYPE');

appendFileSync(log, `${JSON.stringify({ object, hint: ra ?? null, isPlain, pid: process.pid })}\n`);

const wcs = (crval, scale) => [
  "CTYPE1  = 'RA---TAN'",
  "CTYPE2  = 'DEC--TAN'",
  `CRVAL1  = ${crval[0]}`,
  `CRVAL2  = ${crval[1]}`,
  `CRPIX1  = ${centre[0]}`,
  `CRPIX2  = ${centre[1]}`,
  `CD1_1   = ${-scale}`,
  'CD1_2   = 0.0',
  'CD2_1   = 0.0',
  `CD2_2   = ${scale}`,
];
const asFile = (cards) =>
  ['SIMPLE  =                    T', 'BITPIX  = 8', 'NAXIS   = 0', ...cards, 'END']
    .map((card) => card.padEnd(80))
    .join('')
    .padEnd(2880);

switch (object) {
  case 'good':
    writeFileSync(`${out}.wcs`, asFile(wcs([10.6847, 41.269], 0.001)));
    break;
  case 'of the day':
    // Where TEL-RA and TEL-DEC of the equinox of 1 March 2026 are in the ICRS.
    writeFileSync(`${out}.wcs`, asFile(wcs([10.32621, 41.12579], 0.001)));
    break;
  case 'elsewhere':
    // Only a search of the whole sky finds it.
    if (ra === undefined) writeFileSync(`${out}.wcs`, asFile(wcs([200, -30], 0.001)));
    break;
  case 'astap':
    writeFileSync(
      `${out}.ini`,
      `PLTSOLVD=T\r\n${wcs([10.7, 41.3], 0.002)
        .slice(2)
        .map((card) => card.replace(/ *= /, '='))
        .join('\r\n')}\r\nCMDLINE=astap\r\n`,
    );
    break;
  case 'hang': {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], {
      stdio: 'inherit',
    });
    appendFileSync(log, `${JSON.stringify({ object: 'child', pid: child.pid })}\n`);
    // Not for ever: a test that is broken off leaves nothing behind.
    setTimeout(() => undefined, 60_000);
    break;
  }
  case 'rubbish':
    writeFileSync(`${out}.wcs`, 'Lorem ipsum '.repeat(100_000));
    break;
  case 'other size':
    writeFileSync(
      `${out}.wcs`,
      asFile([...wcs([10, 41], 0.001), 'IMAGEW  = 4000', 'IMAGEH  = 3000']),
    );
    break;
  case 'fail':
    process.stderr.write(`${'much to say '.repeat(1000)}\nno index for this scale\n`);
    process.exitCode = 3;
    break;
  default: // finds nothing
}
