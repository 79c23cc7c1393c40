import { createGzip, gzipSync } from 'node:zlib';
import { makeFits } from '../fixtures/make-fits.js';
import { card } from '../fixtures/make-table.js';
import { makeXisf, rawXisf, xisfOf } from '../fixtures/make-xisf.js';
import { packBzip2, packCompress, packZip } from '../fixtures/pack.js';
import { attacks, type FileAttack } from './attack.js';

const frame = makeFits({ width: 8, height: 6 });

/** gzip of a header that promises much, and then of zeros: made without ever holding them. */
export async function gzipBomb(start: Uint8Array, megabytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => gzip.once('end', resolve));
  gzip.write(start);
  const block = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < megabytes; i += 1) {
    await new Promise((resolve) => gzip.write(block, resolve));
  }
  gzip.end();
  await ended;
  return Buffer.concat(chunks);
}

/** A header of an image of bytes with so many megabytes. */
export function promise(megabytes: number): Buffer {
  const cards = [card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 2)].concat([
    card('NAXIS1', 1024),
    card('NAXIS2', megabytes * 1024),
    'END',
  ]);
  return Buffer.from(
    cards
      .map((line) => line.padEnd(80))
      .join('')
      .padEnd(2880),
    'latin1',
  );
}

function wrapped(): FileAttack[] {
  const gz = gzipSync(frame);
  const member = gzipSync(frame.subarray(0, 100));
  const z = packCompress(frame);
  const bz2 = packBzip2(frame);
  const wrongSum = Buffer.from(gz);
  wrongSum.writeUInt32LE(1, gz.length - 8);
  return [
    ...attacks('gzip', 'refused', [
      ['cut off', () => gz.subarray(0, gz.length - 20)],
      ['wrong sum', () => wrongSum],
      ['its first bytes', () => gz.subarray(0, 12)],
      ['of nothing', () => gzipSync(Buffer.alloc(0))],
      ['of text', () => gzipSync('hello')],
      ['of gzip of gzip', () => gzipSync(gzipSync(gzipSync(frame)))],
      ['with an endless name', () => endlessName()],
      ['100 000 members of nothing', () => repeated(gzipSync(Buffer.alloc(0)), 100_000)],
      ['ten times the beginning', () => repeated(member, 10)],
    ]),
    ...attacks('gzip', 'any', [
      ['and rubbish', () => Buffer.concat([gz, Buffer.from('rubbish'.repeat(100))])],
      ['then zeros', () => Buffer.concat([gz, Buffer.alloc(100_000)])],
    ]),
    ...attacks('other wraps', 'refused', [
      ['half a compress', () => z.subarray(0, 40)],
      [
        'compress of 31 bits',
        () => Buffer.concat([Buffer.from([0x1f, 0x9d, 0x9f]), z.subarray(3)]),
      ],
      ['half a bzip2', () => bz2.subarray(0, bz2.length - 30)],
      ['bzip2 of nothing', () => Buffer.from('BZh9')],
      ['bzip2 of noise', () => Buffer.concat([Buffer.from('BZh91AY&SY'), z])],
      ['bzip2 in gzip', () => gzipSync(bz2)],
    ]),
  ];
}

const repeated = (bytes: Buffer, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

/** A gzip header whose file name has no end. RFC 1952 §2.3. */
function endlessName(): Buffer {
  const start = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
  return Buffer.concat([start, Buffer.alloc(5_000_000, 'n')]);
}

function zips(): FileAttack[] {
  const entry = (name: string, bytes: Uint8Array = frame) => ({ name, bytes });
  const zip = packZip([entry('a.fits')]);
  const many = Array.from({ length: 5000 }, (_, i) => entry(`${i}.txt`, Buffer.from('x')));
  const lying = Buffer.from(zip);
  const central = lying.indexOf('PK\x01\x02');
  lying.writeUInt32LE(10, central + 24);
  const far = Buffer.from(zip);
  far.writeUInt32LE(0x7fffffff, far.length - 6);
  return [
    ...attacks('zip', 'refused', [
      ['of nothing', () => packZip([])],
      ['of 5 000 texts', () => packZip(many)],
      ['cut off', () => zip.subarray(0, zip.length - 10)],
      ['with a lie about its length', () => lying],
      ['with its directory far away', () => far],
      ['in zip', () => packZip([entry('a.zip', packZip([entry('a.zip', zip)]))])],
      ['that asks for a password', () => packZip([{ ...entry('a.fits'), encrypted: true }])],
      ['of an unknown method', () => packZip([{ ...entry('a.fits'), method: 99 }])],
    ]),
    ...attacks('zip', 'any', [
      ['that climbs out', () => packZip([entry('../../../../tmp/evil.fits')]), 'z1.fits.zip'],
      ['of an absolute path', () => packZip([entry('/etc/cron.d/evil.fits')]), 'z2.fits.zip'],
      ['of Windows', () => packZip([entry('C:\\x\\con.fits')]), 'z3.fits.zip'],
      ['of two frames', () => packZip([entry('a.fits'), entry('b.fits')]), 'z4.fits.zip'],
    ]),
  ];
}

function xisf(): FileAttack[] {
  const image = '<Image geometry="2:1:1" sampleFormat="UInt8" location="inline:hex">0102</Image>';
  const unit = (inside: string, start = ''): Buffer =>
    xisfOf(`${start}<xisf version="1.0">${inside}</xisf>`);
  const entities = Array.from(
    { length: 9 },
    (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`,
  );
  const laughs = `<!DOCTYPE xisf [<!ENTITY a0 "ha">${entities.join('')}]>`;
  const secret = '<!DOCTYPE xisf [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
  const odd = ['0:0:0', '-1:2:1', '99999999:99999999:1', '2147483648:2:1', '1e9:1e9:1', 'NaN:1:1'];
  return [
    ...attacks('XML', 'refused', [
      ['entities of entities', () => unit(`<Metadata>&a9;</Metadata>${image}`, laughs)],
      ['a file of the server', () => unit(`<Metadata>&e;</Metadata>${image}`, secret)],
      ['a file for an image', () => unit(image.replace('inline:hex', 'url(file:///etc/passwd)'))],
      ['200 000 elements deep', () => unit('<a>'.repeat(200_000))],
      ['without end', () => xisfOf(`<xisf version="1.0"><Image geometry="${'9'.repeat(1e6)}`)],
      ['a header of 4 GB', () => xisfOf('<xisf/>', 0xffffffff)],
      ...odd.map((geometry): [string, () => Buffer] => [
        `geometry ${geometry}`,
        () => makeXisf({ attributes: { geometry } }),
      ]),
    ]),
    ...attacks('XML', 'any', [
      ['100 000 images', () => rawXisf(image.repeat(30_000))],
      ['100 000 keywords', () => makeXisf({ keywords: keywords(50_000) })],
      ['data elsewhere', () => makeXisf({ attributes: { location: 'attachment:0:99999999999' } })],
      ['a lie about packing', () => makeXisf({ attributes: { compression: 'zlib:99999999999' } })],
    ]),
  ];
}

const keywords = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`K${i}`, `'<&"${i}'`]);

/** What is not FITS at all, called as if it were. */
function disguises(): FileAttack[] {
  const pages = '<!DOCTYPE html><script>alert(1)</script>';
  return attacks('disguises', 'refused', [
    ['a page', () => Buffer.from(pages.repeat(200)), 'page.fits'],
    ['a picture', () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'a.png'],
    ['a drawing', () => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${pages}</svg>`)],
    ['a program', () => Buffer.concat([Buffer.from('7f454c46', 'hex'), frame])],
    ['a script', () => Buffer.from('#!/bin/sh\nrm -rf /\n'), 'run.sh'],
    ['a page of PHP', () => Buffer.from('<?php system($_GET["c"]); ?>'), 'shell.php'],
    ['a database', () => Buffer.from('SQLite format 3\0'.padEnd(4096, '\0')), 'x.fits'],
    ['a FITS file after a page', () => Buffer.concat([Buffer.from(pages), frame])],
    ['an EICAR test file', () => Buffer.from('X5O!P%@AP[4\\PZX54(P^)7CC)7}$'), 'e.fits'],
  ]);
}

/** Hostile files of other formats, and around FITS. */
export function wrappedAttacks(): FileAttack[] {
  return [...wrapped(), ...zips(), ...xisf(), ...disguises()];
}
