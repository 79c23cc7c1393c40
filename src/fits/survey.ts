import { checkHdu, verdictOf, type Verdict } from './checksum.js';
import { makeLongHeader } from './header.js';
import { createPace } from './pace.js';
import { openFits } from './reader.js';
import type { Card, Container, FitsFile, Hdu, Issue, SourceLimits } from './types.js';

/** An HDU as plain data, which can cross threads. */
export interface HduRecord extends Omit<Hdu, 'header'> {
  readonly cards: readonly Card[];
  /** Whether CHECKSUM and DATASUM hold. FITS Standard 4.0 §4.4.2.7. */
  readonly checksum: Verdict;
}

/** All that is known of a file without looking at its pixels. */
export interface Survey {
  readonly format: FitsFile['format'];
  readonly container: Container;
  readonly hdus: readonly HduRecord[];
  readonly issues: readonly Issue[];
}

/**
 * Reads all headers of a file and checks its sums. Data are read only of HDUs that carry a checksum.
 * FITS Standard 4.0 §3 and §4.4.2.7.
 *
 * @throws as `openFits`
 */
export async function surveyFits(path: string, limits: SourceLimits): Promise<Survey> {
  const file = await openFits(path, limits);
  try {
    const hdus: HduRecord[] = [];
    for (const hdu of file.hdus) {
      const { header, ...rest } = hdu;
      const checksum = file.format === 'fits' ? verdictOf(await checkHdu(file, hdu)) : 'absent';
      hdus.push({ ...rest, cards: header.cards, checksum });
    }
    return { format: file.format, container: file.container, hdus, issues: file.issues };
  } finally {
    await file.close();
  }
}

/** The HDUs of a survey, with headers to ask; made in steps between which the event loop runs. */
export async function hdusOf({ hdus }: Pick<Survey, 'hdus'>): Promise<Hdu[]> {
  const pace = createPace();
  const made: Hdu[] = [];
  for (const { cards, ...rest } of hdus) {
    made.push({ ...rest, header: await makeLongHeader(cards, pace) });
  }
  return made;
}
