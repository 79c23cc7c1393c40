/**
 * How names of objects are spelled. Two names with the same key are one: `M31`, `m 031` and `Messier 31`,
 * `α Lyr`, `alf Lyr` and `Alpha Lyrae`.
 */

/** Letters of Bayer in order: Greek, in full, and as SIMBAD writes them. */
const GREEK: readonly (readonly [letter: string, name: string, short: string])[] = [
  ['α', 'alpha', 'alf'],
  ['β', 'beta', 'bet'],
  ['γ', 'gamma', 'gam'],
  ['δ', 'delta', 'del'],
  ['ε', 'epsilon', 'eps'],
  ['ζ', 'zeta', 'zet'],
  ['η', 'eta', 'eta'],
  ['θ', 'theta', 'tet'],
  ['ι', 'iota', 'iot'],
  ['κ', 'kappa', 'kap'],
  ['λ', 'lambda', 'lam'],
  ['μ', 'mu', 'mu'],
  ['ν', 'nu', 'nu'],
  ['ξ', 'xi', 'ksi'],
  ['ο', 'omicron', 'omi'],
  ['π', 'pi', 'pi'],
  ['ρ', 'rho', 'rho'],
  ['σ', 'sigma', 'sig'],
  ['τ', 'tau', 'tau'],
  ['υ', 'upsilon', 'ups'],
  ['φ', 'phi', 'phi'],
  ['χ', 'chi', 'chi'],
  ['ψ', 'psi', 'psi'],
  ['ω', 'omega', 'ome'],
];

/** Constellations: the abbreviation of the IAU, and the genitive that stands in names of stars. */
const GENITIVES =
  `and andromedae, ant antliae, aps apodis, aqr aquarii, aql aquilae, ara arae, ari arietis,
aur aurigae, boo bootis, cae caeli, cam camelopardalis, cnc cancri, cvn canum_venaticorum,
cma canis_majoris, cmi canis_minoris, cap capricorni, car carinae, cas cassiopeiae, cen centauri,
cep cephei, cet ceti, cha chamaeleontis, cir circini, col columbae, com comae_berenices,
cra coronae_australis, crb coronae_borealis, crv corvi, crt crateris, cru crucis, cyg cygni,
del delphini, dor doradus, dra draconis, equ equulei, eri eridani, for fornacis, gem geminorum,
gru gruis, her herculis, hor horologii, hya hydrae, hyi hydri, ind indi, lac lacertae, leo leonis,
lmi leonis_minoris, lep leporis, lib librae, lup lupi, lyn lyncis, lyr lyrae, men mensae,
mic microscopii, mon monocerotis, mus muscae, nor normae, oct octantis, oph ophiuchi, ori orionis,
pav pavonis, peg pegasi, per persei, phe phoenicis, pic pictoris, psc piscium, psa piscis_austrini,
pup puppis, pyx pyxidis, ret reticuli, sge sagittae, sgr sagittarii, sco scorpii, scl sculptoris,
sct scuti, ser serpentis, sex sextantis, tau tauri, tel telescopii, tri trianguli,
tra trianguli_australis, tuc tucanae, uma ursae_majoris, umi ursae_minoris, vel velorum,
vir virginis, vol volantis, vul vulpeculae`
    .split(/,\s+/)
    .map((pair) => pair.split(' '))
    .map(([short = '', genitive = '']) => [short, genitive.replace('_', ' ')] as const);

const CONSTELLATIONS = new Set(GENITIVES.map(([short]) => short));
const SHORT_OF_GENITIVE = new Map(GENITIVES.map(([short, genitive]) => [genitive, short]));
const NAME_OF_LETTER = new Map(GREEK.map(([letter, name]) => [letter, name]));
const NAME_OF_SHORT = new Map(GREEK.map(([, name, short]) => [short, name]));

/** Catalogues written out → as their numbers are given. */
const CATALOGUES: Readonly<Record<string, string>> = {
  messier: 'm',
  collinder: 'cr',
  melotte: 'mel',
  barnard: 'b',
  sharpless: 'sh2.',
};

const NUMBER_OF_CATALOGUE = /^[1-9]\d*$/;
/** A word, a number, or a sign between two numbers, which may be that of a declination. */
const TOKENS = /\p{L}+|(?<=\d)[+-](?=\d)|\d+/gu;

/**
 * The same text for all spellings of a name: case, accents, blanks, zeros in front of numbers, Greek
 * letters and the catalogue's own name make no difference. '' if there is neither letter nor digit.
 */
export function spellingKey(name: string): string {
  const quick = quickKey(name);
  if (quick !== undefined) return quick;
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ς/g, 'σ')
    .replace(/[α-ω]/g, (letter) => ` ${NAME_OF_LETTER.get(letter) ?? letter} `)
    .replace(/^\s*(?:sharpless|sh)\s*2?[\s_-]*(?=\d)/, 'sh2 ')
    .replace(/'/g, '');
  return joinTokens(plain.match(TOKENS) ?? []);
}

/** The key of names as the catalogue spells them, which are thousands: `NGC 224`, `α Lyr`, `3 Lyr`. */
function quickKey(name: string): string | undefined {
  const at = name.indexOf(' ');
  const second = name.slice(at + 1);
  if (at <= 0 || second.includes(' ')) return undefined;
  const first = name.slice(0, at);
  if (NUMBER_OF_CATALOGUE.test(second)) {
    const word = /^[A-Za-z]+$/.test(first) ? first.toLowerCase() : undefined;
    return word === undefined ? undefined : `${CATALOGUES[word] ?? word}${second}`;
  }
  if (second.length !== 3) return undefined;
  const constellation = second.toLowerCase();
  if (!CONSTELLATIONS.has(constellation)) return undefined;
  if (/^[1-9]\d*$/.test(first)) return first + constellation;
  const letter = NAME_OF_LETTER.get(first.charAt(0));
  if (letter === undefined || !/^\d?$/.test(first.slice(1))) return undefined;
  return letter + first.slice(1) + constellation;
}

function joinTokens(tokens: readonly string[]): string {
  const words = tokens[0] === 'the' && tokens.length > 1 ? tokens.slice(1) : tokens;
  const parts = inStarNames(words).map((token, at) =>
    /^\d/.test(token)
      ? token.replace(/^0+(?=\d)/, '')
      : at === 0
        ? (CATALOGUES[token] ?? token)
        : token,
  );
  let key = '';
  for (const part of parts) key += /\d$/.test(key) && /^\d/.test(part) ? `.${part}` : part;
  return key;
}

/** Brings `alf Lyr`, `Alpha Lyrae` and `3 Ursae Majoris` to one form each. */
function inStarNames(tokens: readonly string[]): readonly string[] {
  if (tokens.length < 2) return tokens;
  const two = SHORT_OF_GENITIVE.get(tokens.slice(-2).join(' '));
  const one = SHORT_OF_GENITIVE.get(tokens.at(-1) ?? '');
  const words =
    two !== undefined && tokens.length > 2
      ? [...tokens.slice(0, -2), two]
      : one === undefined
        ? tokens
        : [...tokens.slice(0, -1), one];
  const [first = '', ...rest] = words;
  if (!CONSTELLATIONS.has(words.at(-1) ?? '')) return words;
  return [NAME_OF_SHORT.get(first) ?? first, ...rest];
}

/** Words that say how a frame was taken, and nothing of what it shows. */
const TAKEN =
  /^(?:h-?a(?:lpha)?|h-?b(?:eta)?|o-?iii|o3|s-?ii|s2|n-?ii|lum(?:inance)?|red|green|blue|clear|lrgb|rgb|[lrgbuvizy]|[ugriz]['p]|bin\d?|\d+x\d+|\d+(?:\.\d+)?s(?:ec)?|0\d*|light|lights?|frame|sub|panel|pane|mosaic|p\d+)$/i;
const NUMBER = /^\d+$/;

/**
 * A name without what cameras put behind it: `M31_Ha_001` → `M31`. A plain number goes only behind
 * another such word, or with a zero in front: `NGC 7 2` may be two things.
 *
 * @returns undefined if there is nothing to leave out
 */
export function withoutSuffix(name: string): string | undefined {
  const bare = name.replace(/\s*[([{][^)\]}]*[)\]}]\s*/g, ' ').trim();
  const parts = bare.split(/([\s_-]+)/);
  const words = parts.filter((_, at) => at % 2 === 0);
  let keep = words.length;
  // The number of a catalogue belongs to the name: it stands behind its first word.
  const least = /^(?:[A-Za-z]+)$/.test(words[0] ?? '') && NUMBER.test(words[1] ?? '') ? 2 : 1;
  for (let at = least; at < keep; at += 1) {
    if (words.slice(at).every((word, i, rest) => isTaken(word, rest[i - 1]))) keep = at;
  }
  const left = parts.slice(0, 2 * keep - 1).join('');
  return left === name || left === '' ? undefined : left;
}

function isTaken(word: string, before: string | undefined): boolean {
  return TAKEN.test(word) || (before !== undefined && NUMBER.test(word));
}
