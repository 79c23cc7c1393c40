/**
 * Makes `config/targets/catalogue.tsv` from the data of the npm package d3-celestial:
 *
 *     npm pack d3-celestial@0.7.35 && tar xzf d3-celestial-0.7.35.tgz
 *     node scripts/make-targets.mjs package/data
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MISSING, MORE_NAMES, NUMBERS, SAME } from './target-facts.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('usage: make-targets.mjs FOLDER (the data of d3-celestial)');
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** Catalogues that are taken whole; of others only what has a name of its own. */
const WHOLE = /^(?:M|NGC|IC|Sh2|B|Cr|Mel|vdB|LMC|SMC) ?\d*$/;

const plain = (text) =>
  String(text ?? '')
    .replace(/[\s\u2009]+/g, ' ')
    .trim();
const degrees = (lon) => ((Number(lon) % 360) + 360) % 360;
const spaced = (id) =>
  plain(id)
    .replace(/^Sh 2-/, 'Sh2 ')
    .replace(/^Sh2[- ]?/, 'Sh2 ')
    .replace(
      /^(M|NGC|IC|B|Cr|Mel|vdB|VdB)\s*(\d)/i,
      (_, name, digit) =>
        `${name.length < 3 && name !== 'Cr' ? name.toUpperCase() : name} ${digit}`,
    )
    .replace(/^NGc /i, 'NGC ')
    .replace(/^VdB /, 'vdB ');

/** To a tenth; '' if there is none: the source has 0 and 99 for that. */
function magnitude(text) {
  const value = Number(text);
  return text === '' || value === 0 || !(value < 30) ? '' : String(Math.round(value * 10) / 10);
}

/** Arc minutes, as `8x4` or `8`, to a tenth, small ones to a hundredth. */
function sizeOf(text) {
  if (!/^[\d.]+(?:x[\d.]+)?$/.test(text)) return '';
  const digits = (value) => (value < 1 ? 100 : 10);
  return text
    .split('x')
    .map((side) => String(Math.round(Number(side) * digits(Number(side))) / digits(Number(side))))
    .join('x');
}

/** Primary name → what is written of it. */
const objects = new Map();

function add(names, lon, lat, { type, mag, size, others }) {
  const [name, ...aliases] = [...new Set(names.filter((each) => each !== ''))];
  if (name === undefined) return;
  objects.set(name, {
    name,
    ra: degrees(lon)
      .toFixed(4)
      .replace(/\.?0+$/, ''),
    dec: Number(lat)
      .toFixed(4)
      .replace(/\.?0+$/, ''),
    type,
    // Of dark nebulae the source has a class of opacity there.
    mag: type === 'dn' ? '' : magnitude(mag),
    size: sizeOf(size),
    aliases: [...new Set([...aliases, ...others])].filter((each) => each !== name),
  });
}

const titles = new Map(
  Object.entries(read('dsonames.json')).map(([id, { name }]) => [spaced(id), plain(name)]),
);
const isTold = (name) => !/ group$|^NGC|^η Car|^χ|[()]/i.test(name);

/** Messier objects first: their names stand before those of NGC. */
const messier = new Map();
for (const { properties: p, geometry } of read('messier.json').features) {
  const name = spaced(p.name);
  const ngc = /^(?:NGC|IC) \d+$/.exec(spaced(p.desig))?.[0] ?? '';
  const [title] = [plain(p.alt).replace(/[´’]/g, "'")];
  messier.set(name, { p, geometry, ngc, title: /patch|4 Star/.test(title) ? '' : title });
}
const ngcOfMessier = new Set();

const features = [...read('dsos.20.json').features];
for (const { id, properties: p, geometry } of features) {
  const ids = [spaced(p.desig), spaced(id)];
  const m = ids.find((each) => /^M \d+$/.test(each));
  const rest = ids.filter((each) => each !== m);
  const found = ids.map((each) => titles.get(each) ?? '').filter(isTold);
  if (!ids.some((each) => WHOLE.test(each)) && found.every((each) => each === '')) continue;
  const main = m === undefined ? [] : [m];
  const known = m === undefined ? undefined : messier.get(m);
  if (known !== undefined) messier.delete(m);
  const ngc = [known?.ngc ?? '', ...(SAME[m] ?? [])];
  for (const each of [...ngc, ...rest]) ngcOfMessier.add(m === undefined ? '' : each);
  const others = [...ngc, known?.title ?? '', ...found, ...(MORE_NAMES[m ?? rest[0]] ?? [])];
  const [lon, lat] = geometry.coordinates;
  add([...main, ...rest], lon, lat, {
    type: p.type,
    mag: p.mag,
    size: plain(p.dim),
    others: others.filter((each) => each !== ''),
  });
}
for (const [name, { p, geometry, ngc, title }] of messier) {
  const others = [ngc, ...(SAME[name] ?? []), title, ...(MORE_NAMES[name] ?? [])].filter(
    (each) => each !== '',
  );
  for (const each of others) ngcOfMessier.add(each);
  const [lon, lat] = geometry.coordinates;
  const type = name === 'M 40' ? '2s' : name === 'M 73' ? 'as' : name === 'M 24' ? 'oc' : p.type;
  add([name], lon, lat, { type, mag: p.mag, size: plain(p.dim), others });
}
for (const [name, ra, dec, type, mag, size, title] of MISSING) {
  if (objects.has(name)) continue;
  for (const object of objects.values())
    object.aliases = object.aliases.filter((each) => each !== title);
  add([name], ra, dec, { type, mag, size, others: title === '' ? [] : [title] });
}
for (const [name, numbers] of Object.entries(NUMBERS)) {
  const known = [name, ...numbers].flatMap((each) => objects.get(each) ?? []);
  const [first] = known;
  if (first === undefined) throw new Error(`the source has no ${name}`);
  for (const each of known) objects.delete(each.name);
  const aliases = [...known.flatMap((each) => each.aliases), ...numbers];
  objects.set(name, {
    ...first,
    name,
    aliases: [...new Set(aliases)].filter((each) => each !== name),
  });
}
// A number of its own and at the same time another name of a Messier object: one of them goes.
for (const each of ngcOfMessier) objects.delete(each);

const GREEK = 'αβγδεζηθικλμνξοπρστυφχψω';
const places = new Map(
  read('stars.14.json').features.map(({ id, properties, geometry }) => [
    String(id),
    { mag: properties.mag, at: geometry.coordinates },
  ]),
);
let stars = 0;
for (const [id, star] of Object.entries(read('starnames.json'))) {
  const place = places.get(id);
  if (place === undefined) continue;
  const con = plain(star.c);
  const bayer = plain(star.bayer);
  const isBayer = bayer !== '' && (GREEK.includes(bayer[0]) || /^[A-Za-z]\d*$/.test(bayer));
  const variable = /^(?:[R-Z]|[A-Z]{2}|V\d+)$/.test(plain(star.var))
    ? `${plain(star.var)} ${con}`
    : '';
  // Of a pair, the brighter one goes by the letter alone as well.
  const single = /^(.)1$/.exec(bayer)?.[1];
  const names = [
    plain(star.name),
    isBayer && con !== '' ? `${bayer} ${con}` : '',
    isBayer && con !== '' && single !== undefined ? `${single} ${con}` : '',
    plain(star.flam) !== '' && con !== '' ? `${plain(star.flam)} ${con}` : '',
    con === '' ? '' : variable,
  ];
  if (names.every((each) => each === '')) continue;
  const hd = plain(star.hd);
  // Two stars of one designation (a pair): the first, which is the brighter, has it.
  const free = names.filter((each) => each !== '' && !objects.has(each));
  add(free, place.at[0], place.at[1], {
    type: '*',
    mag: place.mag,
    size: '',
    others: [hd, `HIP ${id}`].filter((each) => each !== ''),
  });
  stars += 1;
}

const rank = ({ name }) => {
  const at = ['M', 'NGC', 'IC'].indexOf(name.split(' ')[0]);
  return at < 0 || !/\d$/.test(name) ? 3 : at;
};
const numberOf = ({ name }) => Number(/\d+/.exec(name)?.[0] ?? 0);
const rows = [...objects.values()].sort(
  (a, b) =>
    rank(a) - rank(b) ||
    (a.type === '*') - (b.type === '*') ||
    (rank(a) < 3 ? numberOf(a) - numberOf(b) : 0) ||
    (a.name < b.name ? -1 : 1),
);
const lines = rows.map(({ name, ra, dec, type, mag, size, aliases }) =>
  [name, aliases.join(';'), ra, dec, type, mag, size].join('\t').replace(/\t+$/, ''),
);
const head =
  '# name, other names, RA and Dec (ICRS, degrees, J2000), type, magnitude, size (arc minutes). See README.md\n';
writeFileSync(
  new URL('../config/targets/catalogue.tsv', import.meta.url),
  `${head}${lines.join('\n')}\n`,
);
process.stdout.write(`${rows.length} objects, ${stars} of them stars\n`);
