import type { WriteHdu } from '../../src/fits/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from './archive.js';

/** A server with a small night in it: every kind of frame once, two instruments, one catalogue. */
export interface TestNight {
  readonly archive: TestArchive;
  /** The file as it was uploaded. */
  bytesOf(name: string): Buffer;
  idOf(name: string): number;
}

const CAT: WriteHdu = {
  cards: [],
  table: {
    name: 'CAT',
    columns: [
      { name: 'x', form: 'D', values: [1.5, 2] },
      { name: 'flux', form: 'E', values: [0.5, -3] },
      { name: 'id', form: 'J', values: [7, 8] },
    ],
  },
};

/** Names and what is particular about each frame; all others facts are those of `pyobsCards`. */
export const NIGHT: Readonly<Record<string, Record<string, string | number | null>>> = {
  bias: {
    IMAGETYP: 'bias',
    EXPTIME: 0,
    FILTER: null,
    OBJECT: 'bias',
    'TEL-RA': null,
    'DATE-OBS': '2026-03-01T17:00:00',
  },
  dark: {
    IMAGETYP: 'dark',
    EXPTIME: 120,
    FILTER: 'V',
    'TEL-RA': null,
    'DATE-OBS': '2026-03-01T17:10:00',
  },
  flat: {
    IMAGETYP: 'skyflat',
    EXPTIME: 3.5,
    'TEL-RA': 120,
    'TEL-DEC': -45,
    'DATE-OBS': '2026-03-01T17:30:00',
  },
  m31: { REQNUM: '001001', OBSNUM: '20260301-001' },
  'm31-red': {
    RLEVEL: 1,
    L1BIAS: 'bias',
    L1DARK: 'dark.fits',
    L1FLAT: 'flat',
    L1RAW: 'm31',
    L1AVG001: 'm31',
  },
  'near-9': {
    FILTER: 'R',
    OBJECT: '50%_off',
    'TEL-DEC': 41.269 + 0.16,
    'DATE-OBS': '2026-03-01T21:00:00',
  },
  'far-11': {
    FILTER: 'R',
    'TEL-DEC': 41.269 + 0.18,
    XBINNING: 2,
    YBINNING: 2,
    'DATE-OBS': '2026-03-01T22:00:00',
  },
  pole: {
    SITEID: 'roof',
    TELID: '80mm',
    INSTRUME: 'cam2',
    FILTER: null,
    'TEL-RA': 37.95,
    'TEL-DEC': 89.9,
    'DAY-OBS': '2026-03-02',
    'DATE-OBS': '2026-03-02T23:59:59.999999',
  },
};

export async function startNight(settings: Record<string, string> = {}): Promise<TestNight> {
  const archive = await startArchive(settings);
  const ids = new Map<string, number>();
  const bytes = new Map<string, Buffer>();
  for (const [name, changes] of Object.entries(NIGHT)) {
    const extensions = name === 'm31-red' ? [CAT] : [];
    const options = { extensions, seed: ids.size + 1 };
    const file = pyobsFrame({ FNAME: `${name}.fits`, ...changes }, options);
    const answer = await archive.upload(file, `${name}.fits`);
    ids.set(name, Number(answer.files[0]?.id));
    bytes.set(name, file);
  }
  return {
    archive,
    idOf: (name) => Number(ids.get(name)),
    bytesOf: (name) => bytes.get(name) ?? Buffer.alloc(0),
  };
}
