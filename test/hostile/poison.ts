import { rawTable, card } from '../fixtures/make-table.js';
import { namedFrame } from './files-names.js';

/** What runs where it is not escaped: in a page, an attribute, a script, a shell, a spreadsheet. */
export const POISONS = {
  page: `"><img src=x onerror=document.title='pwned'>`,
  script: `</script><script>document.title='pwned'</script>`,
  attribute: `' onmouseover='document.title=1' x='`,
  template: '<%= 7*7 %>${7*7}{{7*7}}',
  shell: `$(touch pwned)\`touch pwned\`'; touch pwned; '"; touch pwned; "`,
  formula: `=HYPERLINK("http://evil.example","x")`,
  address: 'javascript:document.title=1',
} as const;

/** A name that a file may have, and that a shell would obey if it could. */
export const SHELL_NAME = "a'b$(touch pwned)`touch pwned`; touch pwned # %s %0a -o =1";

/** Frames that bring poison in every header that is shown anywhere. */
export function poisonedFrames(): { name: string; bytes: Buffer }[] {
  const { page, script, attribute, template, shell, formula, address } = POISONS;
  const frames = Object.entries({ page, script, attribute, template, shell, formula, address }).map(
    ([name, poison]) => ({
      name: `${name}.fits`,
      bytes: namedFrame({
        ...{ FNAME: `poison-${name}`, OBJECT: poison, FILTER: poison, INSTRUME: poison },
        ...{ TELID: poison, IMAGETYP: poison, REQNUM: poison, OBSNUM: poison, PROPID: poison },
        ...{ OBSERVER: poison, L1BIAS: poison, ORIGIN: poison, TITLE: poison },
      }),
    }),
  );
  return [
    ...frames,
    { name: 'x.fits', bytes: namedFrame({ FNAME: `${SHELL_NAME}.fits`, OBJECT: 'shell' }) },
    { name: 'y.fits', bytes: namedFrame({ FNAME: '<img src=x onerror=alert(1)>\'".fits' }) },
    { name: 'z.fits', bytes: namedFrame({ FNAME: '=1+1.fits', SITEID: '$(touch pwned)' }) },
    { name: `${page.replaceAll('"', '%22')}.fits`, bytes: Buffer.from('not FITS, but kept') },
  ];
}

/** Texts of a catalogue, of which some are formulas to a spreadsheet; and numbers, which are none. */
export const CELLS = ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1+1', '\r=1+1', 'a"b,c', 'plain'];

/** A frame with a catalogue of `CELLS`, each beside the number -1.5. */
export function poisonedTable(): Buffer {
  const rows = CELLS.map((text) => {
    const row = Buffer.alloc(16);
    row.write(text, 'latin1');
    row.writeDoubleBE(-1.5, 8);
    return row;
  });
  return rawTable({
    ...{ forms: ['8A', '1D'], rows },
    cards: [card('EXTNAME', "'CAT'"), card('TTYPE1', "'=cmd()'"), card('TTYPE2', "'FLUX'")],
  });
}
