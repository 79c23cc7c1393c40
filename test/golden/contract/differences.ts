import { correlate } from './compare.js';
import type { Json, JsonObject } from './recordings.js';
import {
  errorOf,
  frameNames,
  isBadValue,
  isCreated,
  isDownload,
  isGone,
  isNotFound,
  isPyobsOnly,
  isZip,
  names,
  namesOf,
  newestFirst,
  withinCone,
  type Seen,
} from './right.js';
import type { Topic } from './topics.js';
import { readZip } from './zip.js';

export interface IntendedDifference {
  /**
   * Numbers of requests (`131`, `214-217`), marked as in INDEX.md of the recordings (`265#length`);
   * `*` for any other request too.
   */
  readonly requests: readonly string[];
  /** The differences that are meant. */
  readonly where: RegExp;
  /**
   * Who says so: a row of INTENDED.md that must or may be seen, other parts of the contract, our own
   * architecture; `decided`: not what INTENDED.md has in mind, on purpose.
   */
  readonly source: 'must' | 'allowed' | 'C.14' | 'A.2' | 'architecture' | 'decided';
  readonly topic: Topic;
  readonly reason: string;
  /** That what is here instead is right; throws if not. Asked for each request of the row. */
  readonly right?: (seen: Seen) => void | Promise<void>;
}

const ANY = /./;
const ERROR = /^(?:status|header content-type|body|body kind)$/;

/**
 * Every way in which our answers are not those recorded. The suite fails for a difference that no row
 * explains, and for a row that explains nothing any more.
 */
export const DIFFERENCES: readonly IntendedDifference[] = [
  // Uploads
  {
    requests: ['014'],
    where: /^body (?:created|filenames)$/,
    source: 'must',
    topic: 'uploads',
    reason: 'two files under one field name: both are stored',
    right: ({ answer }) => {
      expect(answer.json).toMatchObject({ created: 2, filenames: ['g01-bias', 'g03-dark'] });
    },
  },
  {
    requests: ['018'],
    where: /^body errors$/,
    source: 'must',
    topic: 'uploads',
    reason: 'a bad DATE-OBS is named, without the words of an exception',
    right: ({ answer }) => {
      expect(errorOf(answer)).toMatch(/DATE-OBS/);
      expect(errorOf(answer)).not.toMatch(/Error|Exception|formats where/);
    },
  },
  {
    requests: ['019', '027', '031'],
    where: /^body errors$/,
    source: 'allowed',
    topic: 'uploads',
    reason: 'the same refusal in other words',
    right: ({ answer }) => {
      expect(answer.json).toMatchObject({ created: 0, filenames: [] });
      expect(errorOf(answer)).toMatch(/^The file is /);
    },
  },
  {
    requests: ['022', '024', '026'],
    where: /^body (?:created|filenames|errors)$/,
    source: 'allowed',
    topic: 'uploads',
    reason: 'DAY-OBS, FNAME and SITEID are worked out where they are missing',
    right: isCreated,
  },
  {
    requests: ['023', '028', '035'],
    where: /^body (?:created|filenames|errors)$/,
    source: 'must',
    topic: 'uploads',
    reason: 'no EXPTIME, sexagesimal TEL-RA, .fits.gz: accepted',
    right: isCreated,
  },
  {
    requests: ['025'],
    where: /^body (?:created|filenames|errors)$/,
    source: 'decided',
    topic: 'uploads',
    reason:
      'an image without any header: not refused, neither for SCI nor for a date, but kept, undated',
    right: isCreated,
  },
  {
    requests: ['031#ghost'],
    where: /^never$/,
    source: 'must',
    topic: 'uploads',
    reason: 'a truncated upload leaves no row',
    right: ({ replay }) => {
      expect(replay.ghosts()).toEqual([]);
    },
  },
  {
    requests: ['044'],
    where: ANY,
    source: 'must',
    topic: 'http',
    reason: 'POST without the last slash works at once',
    right: isCreated,
  },

  // Lists
  {
    requests: ['074'],
    where: /^body (?:count|results)/,
    source: 'must',
    topic: 'choices',
    reason: 'basename=<name>.fits.fz, as shown and served, finds the frame',
    right: ({ answer }) => {
      expect(namesOf(answer)).toEqual(['g05-sci']);
    },
  },
  {
    requests: ['085', '089', '090', '091', '094'],
    where: /^body (?:count|results)$/,
    source: 'must',
    topic: 'cone',
    reason: 'a cone of 10′',
    right: (seen) => {
      const names = withinCone(seen);
      expect(seen.answer.json).toMatchObject({ count: names.length });
      expect(namesOf(seen.answer)).toEqual(names);
    },
  },
  {
    requests: ['157'],
    where: /^body (?:telescopes|instruments|filters|binnings)$/,
    source: 'must',
    topic: 'cone',
    reason: 'a cone of 10′: 2deg and 9deg away are out',
    right: ({ answer }) => {
      expect(answer.json).toMatchObject({
        telescopes: ['1m2'],
        filters: ['R', 'V'],
        binnings: ['1x1'],
      });
    },
  },
  {
    requests: ['095'],
    where: ERROR,
    source: 'must',
    topic: 'cone',
    reason: 'RA above 360 is a 400 that names RA',
    right: isBadValue,
  },
  {
    requests: ['138'],
    where: ERROR,
    source: 'must',
    topic: 'cone',
    reason: 'sexagesimal RA and DEC are understood',
    right: ({ answer }) => {
      expect([answer.status, namesOf(answer)]).toEqual([200, []]);
    },
  },
  {
    requests: ['111', '112'],
    where: ERROR,
    source: 'must',
    topic: 'sort',
    reason: 'sort=binning and sort=OBSTYPE work: the table of the reference asks for them',
    right: ({ recording, answer, everything }) => {
      const key = recording.path.endsWith('binning') ? 'binning' : 'OBSTYPE';
      const results = (answer.json as JsonObject).results as readonly JsonObject[];
      const values = results.map((frame) => JSON.stringify(frame[key]).replace(/x\d+/, ''));
      expect(values).toHaveLength(everything.length);
      expect(values).toEqual([...values].sort());
    },
  },
  {
    requests: ['113', '114'],
    where: ERROR,
    source: 'must',
    topic: 'sort',
    reason: 'related and frame are no columns: 400, and no doubled rows',
    right: ({ answer }) => {
      expect([answer.status, answer.json]).toMatchObject([
        400,
        { detail: 'Invalid value for sort.' },
      ]);
    },
  },
  {
    requests: ['109'],
    where: /^body results$/,
    source: 'allowed',
    topic: 'sort',
    reason: 'frames without a value stand last',
    right: ({ recording, answer }) => {
      const [their, our] = [namesOf(recording.answer), namesOf(answer)];
      expect([...our].sort()).toEqual([...their].sort());
      // bias and dark show no OBJECT, but have one.
      const without = ['g02-masterbias', 'g04-skyflat', 'bad-longtel', 'evil', 'bad-tz'];
      expect(our).toEqual([...their.filter((name) => !without.includes(name)), ...without]);
    },
  },
  {
    requests: ['119', '120'],
    where: ERROR,
    source: 'allowed',
    topic: 'sort',
    reason: 'an empty value means the default, as for every parameter',
    right: ({ answer, everything }) => {
      expect(namesOf(answer)).toEqual(everything.map(({ basename }) => basename));
    },
  },
  {
    requests: ['126'],
    where: /^body (?:count|results)$/,
    source: 'allowed',
    topic: 'choices',
    reason: 'a parameter given twice: any of the values',
    right: ({ answer }) => {
      expect(namesOf(answer)).toEqual(['g01-bias', 'g02-masterbias', 'g03-dark']);
    },
  },
  {
    requests: ['*'],
    where: /^body results$/,
    source: 'C.14',
    topic: 'order',
    reason: 'without a parameter that only pyobs has, newest first; the same frames',
    right: (seen) => {
      expect([isPyobsOnly(seen.recording.path), seen.found]).toEqual([false, seen.found]);
      expect(namesOf(seen.answer)).toEqual(newestFirst(seen));
    },
  },
  {
    requests: ['166#related', '167', '298', '*'],
    where: /(?:^body|related_frames)$/,
    source: 'must',
    topic: 'relations',
    reason: 'L1DARK = g03-dark.fits, with its extension, is linked',
    right: ({ recording, found, answer }) => {
      for (const { theirs, ours } of found) {
        expect(names(ours)).toEqual([...names(theirs), 'g03-dark'].sort());
      }
      if (recording.path.endsWith('/related/'))
        expect(frameNames(answer.json)).toContain('g03-dark');
    },
  },
  {
    requests: ['*'],
    where: /^body (?:results\[\] |\[\] )?url$|^body\[\] url$/,
    source: 'allowed',
    topic: 'url',
    reason: 'url is absolute and signed',
    right: ({ found, replay }) => {
      for (const { ours } of found) {
        expect(ours).toMatch(
          /^http:\/\/127\.0\.0\.1:\d+\/frames\/\d+\/download\/\?exp=\d+&sig=[\w-]+$/,
        );
        expect(ours.split('download')).toHaveLength(2);
        expect(ours.startsWith(replay.archive.url)).toBe(true);
      }
    },
  },

  // Bad values
  {
    requests: [
      ...['131', '132', '133', '134', '135', '136', '137', '140', '141', '143', '144', '145'],
      ...['146', '149', '152', '158', '159', '268', '269'],
    ],
    where: ERROR,
    source: 'must',
    topic: 'values',
    reason: 'a bad value is a 400 that names its parameter',
    right: isBadValue,
  },
  {
    requests: ['139', '142', '151'],
    where: ERROR,
    source: 'allowed',
    topic: 'values',
    reason: 'nan is no number and NUL no text: 400 that names its parameter',
    right: isBadValue,
  },
  {
    requests: ['147'],
    where: ERROR,
    source: 'must',
    topic: 'values',
    reason: 'an offset beyond all frames is an empty page',
    right: ({ answer, everything }) => {
      expect(answer.json).toMatchObject({ count: everything.length, results: [] });
    },
  },
  {
    requests: ['228'],
    where: ERROR,
    source: 'must',
    topic: 'values',
    reason: 'an id beyond all bounds is not found',
    right: isNotFound,
  },

  // One frame
  {
    requests: ['207#repeated'],
    where: /^body results\[DUPKEY\]$/,
    source: 'must',
    topic: 'headers',
    reason: 'a repeated keyword has its own value each time',
    right: ({ answer }) => {
      const { results } = answer.json as unknown as { results: { key: string; value: Json }[] };
      const values = results.filter(({ key }) => key === 'DUPKEY').map(({ value }) => value);
      expect(values).toEqual([1, 2]);
    },
  },
  {
    requests: ['*'],
    where: /^body results\[(?:FNAME|CHECKSUM|DATASUM|ZDITHER0|ZBLANK)\]$/,
    source: 'allowed',
    topic: 'stored',
    reason: 'headers as uploaded: FNAME is not rewritten, and there are no cards of packing',
  },
  {
    requests: ['204'],
    where: ERROR,
    source: 'must',
    topic: 'pictures',
    reason: 'a 3-D cube is drawn',
    right: ({ answer }) => {
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'image/png']);
    },
  },
  {
    requests: ['*'],
    where: /^body pixels$/,
    source: 'allowed',
    topic: 'pictures',
    reason: 'the right way up, of the same size, with much the same grey values',
    right: async ({ recording, answer }) => {
      expect(await correlate(recording.answer.body, answer.body)).toBeGreaterThan(0.6);
    },
  },
  {
    requests: ['170'],
    where: /^header content-length$/,
    source: 'architecture',
    topic: 'http',
    reason: 'a catalogue is streamed run by run, of whatever length',
  },
  {
    requests: ['165', '171#pixels', '177', '183', '189', '235', '236', '237'],
    where: /^(?:status|header content-disposition|body(?: bytes)?)$/,
    source: 'must',
    topic: 'stored',
    reason: 'exactly the uploaded bytes, float pixels too; HEAD, Range and validators work',
    right: isDownload,
  },
  {
    requests: ['214-217'],
    where: ERROR,
    source: 'allowed',
    topic: 'uploads',
    reason: 'a whole frame stands in for the ghost of a truncated one',
    right: ({ answer }) => {
      expect(answer.status).toBe(200);
    },
  },
  {
    requests: ['225', '226', '227', '287'],
    where: /^(?:header content-type|body kind)$/,
    source: 'architecture',
    topic: 'errors',
    reason: 'not found, as JSON: a page only for those who ask for one',
    right: isNotFound,
  },
  {
    requests: ['229', '230', '270'],
    where: ANY,
    source: 'allowed',
    topic: 'http',
    reason: 'without the last slash: the answer at once',
    right: ({ answer }) => {
      expect(answer.status).toBe(200);
    },
  },
  {
    requests: ['231'],
    where: /^(?:status|body)$/,
    source: 'must',
    topic: 'http',
    reason: 'HEAD on a frame',
    right: ({ answer }) => {
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
    },
  },
  {
    requests: ['232'],
    where: /^body/,
    source: 'allowed',
    topic: 'http',
    reason: 'OPTIONS tells the verbs, not how a framework renders',
    right: ({ answer }) => {
      expect(answer.headers.allow).toMatch(/GET.*POST.*OPTIONS/);
    },
  },
  {
    requests: ['234'],
    where: /^(?:header content-type|body kind)$/,
    source: 'architecture',
    topic: 'pages',
    reason: 'one address for page and list: text/html gets the page',
  },

  // Who may
  {
    requests: ['240'],
    where: /^body detail$/,
    source: 'allowed',
    topic: 'tokens',
    reason: 'Bearer is read as a token: this one is not known',
    right: ({ answer }) => {
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Token']);
    },
  },
  {
    requests: ['264'],
    where: ERROR,
    source: 'must',
    topic: 'tokens',
    reason: 'the documented end point gives a token that works',
    right: async ({ answer, replay }) => {
      const { token } = answer.json as unknown as { token: string };
      expect(token).toMatch(/^[0-9a-f]{40}$/);
      expect((await replay.ask({ method: 'GET', path: '/frames/?limit=1' }, token)).status).toBe(
        200,
      );
    },
  },

  // Zips
  {
    requests: ['257', '258', '283'],
    where: ANY,
    source: 'must',
    topic: 'zip',
    reason: 'nobody gets a zip without credentials',
    right: ({ answer }) => {
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Token']);
    },
  },
  {
    requests: ['265#length', '266#length', '279#length', '279#pixels'],
    where: /^header content-length$|^never$/,
    source: 'must',
    topic: 'zip',
    reason: 'a zip tells its length, and holds the uploaded bytes',
    right: isZip,
  },
  {
    requests: ['265', '266', '279'],
    where: /^(?:header content-disposition|body folders|body extensions)$/,
    source: 'C.14',
    topic: 'zip',
    reason: 'name of the zip and of its folder; files with the extension they have',
  },
  {
    requests: ['267', '282'],
    where: ANY,
    source: 'allowed',
    topic: 'zip',
    reason: 'nothing to pack: an error that a person can read',
    right: ({ recording, answer }) => {
      expect(answer.status).toBe(recording.method === 'GET' ? 404 : 400);
    },
  },
  {
    requests: ['271'],
    where: ERROR,
    source: 'allowed',
    topic: 'errors',
    reason: 'PUT is not a verb of zips',
    right: ({ answer }) => {
      expect(answer.status).toBe(405);
    },
  },
  {
    requests: ['272', '273'],
    where: ANY,
    source: 'must',
    topic: 'zip',
    reason: 'a token in the header or in the form will do for a chosen zip',
    right: isZip,
  },
  {
    requests: ['280'],
    where: ERROR,
    source: 'architecture',
    topic: 'errors',
    reason: 'not found, as JSON, and which',
    right: ({ answer }) => {
      expect([answer.status, JSON.stringify(answer.json)]).toEqual([
        404,
        expect.stringMatching('99999'),
      ]);
    },
  },
  {
    requests: ['281'],
    where: ERROR,
    source: 'must',
    topic: 'values',
    reason: 'frame_ids[]=abc is a 400',
    right: ({ answer }) => {
      expect([answer.status, JSON.stringify(answer.json)]).toEqual([
        400,
        expect.stringMatching('frame_ids'),
      ]);
    },
  },

  // Pages
  {
    requests: ['275', '276', '277'],
    where: /^body text$/,
    source: 'architecture',
    topic: 'pages',
    reason: 'pages of our own',
    right: ({ recording, answer }) => {
      const expected = recording.name === 'web-index' ? 'action="/search/"' : 'name="password"';
      expect(answer.body.toString()).toContain(expected);
    },
  },
  {
    requests: ['285', '286', '288'],
    where: ANY,
    source: 'allowed',
    topic: 'pages',
    reason: 'our admin has users; frames are looked after where they are listed',
    right: ({ answer }) => {
      expect(answer.status).toBeLessThan(500);
    },
  },

  // Deleting, and files that are gone
  {
    requests: ['292'],
    where: ANY,
    source: 'allowed',
    topic: 'errors',
    reason: 'DELETE on the frame itself, as OCS has it; the frame is then sent again',
    right: ({ answer }) => {
      expect([answer.status, answer.body.length]).toEqual([204, 0]);
    },
  },
  {
    requests: ['300', '301', '302'],
    where: ERROR,
    source: 'must',
    topic: 'gone',
    reason: 'the file is gone: 404 with the reason',
    right: isGone,
  },
  {
    requests: ['303'],
    where: /^body detail$/,
    source: 'A.2',
    topic: 'gone',
    reason: 'the same for the catalogue: 404 as recorded, with the reason',
    right: isGone,
  },
  {
    requests: ['304'],
    where: /^(?:header|body)/,
    source: 'allowed',
    topic: 'zip',
    reason: 'a zip that lists what is missing',
    right: async ({ answer }) => {
      const [entry] = await readZip(answer.body);
      expect(entry?.name).toMatch(/MISSING\.txt$/);
      expect(entry?.bytes.toString()).toContain('g11-focus');
    },
  },
  {
    requests: ['305'],
    where: ERROR,
    source: 'must',
    topic: 'gone',
    reason: 'a frame whose file is gone can be deleted',
    right: ({ answer }) => {
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
    },
  },
  {
    requests: ['306'],
    where: ERROR,
    source: 'must',
    topic: 'gone',
    reason: 'and is not there any more',
    right: isNotFound,
  },
];
