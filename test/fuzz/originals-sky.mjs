import { rawFits } from '../fixtures/make-fits.ts';
import { card } from '../fixtures/make-table.ts';
import { POSITIONS } from '../unit/wcs/positions.ts';
import { HEIGHT, skyPixels, WIDTH } from './originals-images.mjs';

const START = [
  ...[card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 2)],
  ...[card('NAXIS1', WIDTH), card('NAXIS2', HEIGHT)],
];

const isNumber = (value) => Number.isFinite(Number(value));
const toCard = ([keyword, value]) => card(keyword, isNumber(value) ? value : `'${value}'`);

const file = (name, cards, ...more) => ({
  name,
  bytes: rawFits({ cards: [...START, ...cards], data: skyPixels(WIDTH * HEIGHT, 8) }, ...more),
});

const base = (code) => [
  ...[card('CTYPE1', `'RA---${code}'`), card('CTYPE2', `'DEC--${code}'`)],
  ...[card('CRVAL1', 150), card('CRVAL2', -35), card('CRPIX1', 20.5), card('CRPIX2', 15.5)],
  ...[card('CD1_1', -0.01), card('CD1_2', 0.001), card('CD2_1', 0.001), card('CD2_2', 0.01)],
];

/** Every projection with unusual parameters, and every distortion. */
export function skyFiles() {
  return [...projections(), ...distortions(), lookups(), plate()];
}

/** The headers that positions of pixels are tested with. */
function projections() {
  return POSITIONS.trim()
    .split(/\n\n+/)
    .map((block) => {
      const [name = '', ...lines] = block.split('\n');
      const text = lines
        .filter((line) => line.startsWith('|'))
        .map((line) => line.slice(2))
        .join(' ');
      const cards = text
        .split(';')
        .map((pair) => pair.trim().split(/\s+/))
        .filter(([keyword = '']) => keyword !== '' && !/^NAXIS/.test(keyword));
      return file(`sky ${name}`, cards.map(toCard));
    });
}

function distortions() {
  const sip = ['A', 'B'].flatMap((side) => [
    ...[card(`${side}_ORDER`, 3), card(`${side}_2_0`, 1e-5), card(`${side}_1_1`, -2e-5)],
    ...[card(`${side}_0_3`, 3e-8), card(`${side}P_ORDER`, 2), card(`${side}P_2_0`, -1e-5)],
  ]);
  const tpv = [1, 2].flatMap((axis) =>
    Array.from({ length: 40 }, (_, m) => card(`PV${axis}_${m}`, m === 1 ? 1 : 1e-4 / (m + 1))),
  );
  const surface = '3. 3. 3. 2. -1.2 1. -0.8 0.9 0.001 0.002 -0.003 0.004 0.005 -0.006 0.001 2E-4';
  const wat = (kind) => [
    card('WAT0_001', "'system=image'"),
    ...watCards(1, `wtype=${kind} axtype=ra projp1=1.0 projp3=42. lngcor = "${surface}"`),
    ...watCards(
      2,
      `wtype=${kind} axtype=dec projp1=1.0 projp3=42. latcor = "1${surface.slice(1)}"`,
    ),
  ];
  return [
    file('sky SIP', [...base('TAN-SIP'), ...sip]),
    file('sky TPV', [...base('TPV'), ...tpv]),
    file('sky TNX', [...base('TNX'), ...wat('tnx')]),
    file('sky ZPX', [...base('ZPX'), ...wat('zpx')]),
    file('sky CROTA', [...base('TAN').slice(0, 6), card('CDELT1', -1e-3), card('CROTA2', 30)]),
    file('sky none', [card('RA', 10.5), card('DEC', 5), card('SECPIX', 0.5), card('POSANG', 9)]),
  ];
}

function watCards(axis, text) {
  const pieces = text.match(/.{1,68}/g) ?? [];
  return pieces.map((piece, i) =>
    card(`WAT${axis}_${String(i + 1).padStart(3, '0')}`, `'${piece}'`),
  );
}

/** An image whose pixels are corrected by tables in extensions. */
function lookups() {
  const table = (name, version) => ({
    cards: [
      ...[card('XTENSION', "'IMAGE'"), card('BITPIX', -32), card('NAXIS', 2), card('NAXIS1', 5)],
      ...[card('NAXIS2', 4), card('PCOUNT', 0), card('GCOUNT', 1), card('EXTNAME', `'${name}'`)],
      ...[card('EXTVER', version), card('CRPIX1', 1), card('CRPIX2', 1), card('CRVAL1', 1)],
      ...[card('CRVAL2', 1), card('CDELT1', 10), card('CDELT2', 10)],
    ],
    data: skyPixels(20, -32),
  });
  const asking = [
    ...[card('CPDIS1', "'LOOKUP'"), card('DP1', "'EXTVER: 1'"), card('CPDIS2', "'LOOKUP'")],
    ...[card('DP2', "'EXTVER: 2'"), card('D2IMDIS1', "'LOOKUP'"), card('D2IM1', "'EXTVER: 1'")],
  ];
  const tables = [table('WCSDVARR', 1), table('WCSDVARR', 2), table('D2IMARR', 1)];
  return file('sky lookup', [...base('TAN'), ...asking], ...tables);
}

/** A survey plate, and an image that inherits from the primary header. */
function plate() {
  const solution = (name) =>
    Array.from({ length: 13 }, (_, i) =>
      card(`${name}${i + 1}`, [67.2, 0.7, -200, 1e-5][i] ?? 1e-8),
    );
  const own = [
    ...[card('PLTRAH', 5), card('PLTRAM', 46), card('PLTRAS', 51.7), card('PLTDECSN', "'-'")],
    ...[card('PLTDECD', 24), card('PLTDECM', 3), card('PLTDECS', 42.5), card('EPOCH', 1951.8)],
    ...[
      card('CNPIX1', 12694),
      card('CNPIX2', 2610),
      card('XPIXELSZ', 25.3),
      card('YPIXELSZ', 25.3),
    ],
    ...[card('PPO3', 174974.7), card('PPO6', 174900), ...solution('AMDX'), ...solution('AMDY')],
  ];
  const heir = {
    cards: [
      ...[card('XTENSION', "'IMAGE'"), card('BITPIX', 8), card('NAXIS', 2), card('NAXIS1', 4)],
      ...[card('NAXIS2', 3), card('PCOUNT', 0), card('GCOUNT', 1), card('INHERIT', 'T')],
    ],
    data: skyPixels(12, 8),
  };
  return file('sky plate', own, heir);
}
