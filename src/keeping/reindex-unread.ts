import {
  eachWithoutHeaders,
  readRecord,
  type Catalog,
  type FrameFacts,
  type FrameRecord,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Store } from '../store/index.js';
import type { Difference } from './check.js';

/**
 * What can be told of a frame whose current file cannot be read: its id, name, versions and notes are
 * kept, and what only its headers say is left open. Nobody knows when it becomes public, so it does not.
 */
export function unreadFacts(config: Config, { chosenProfile }: FrameRecord): FrameFacts {
  return {
    profile: chosenProfile ?? '',
    siteId: config.SITE_ID,
    telescope: config.TELESCOPE_ID,
    instrument: config.INSTRUMENT_ID,
    imageType: null,
    imageKind: 'other',
    dateObsMs: null,
    night: null,
    object: null,
    filter: null,
    exposureSec: null,
    reductionLevel: 0,
    requestNumber: null,
    obsNumber: null,
    proposal: null,
    publicDateMs: null,
    binningX: 1,
    binningY: 1,
    width: 0,
    height: 0,
    raDeg: null,
    decDeg: null,
    altDeg: null,
    azDeg: null,
    siderealHours: null,
    hourAngleHours: null,
    focus: null,
    sunAltDeg: null,
    sunDistanceDeg: null,
    moonAltDeg: null,
    moonFraction: null,
    moonDistanceDeg: null,
    originX: null,
    originY: null,
    dataMean: null,
    airmass: null,
    ccdTempC: null,
    gain: null,
    footprint: null,
    relations: [],
    computed: [],
    warnings: [
      'Its file could not be read when the catalogue was made anew: nothing is known of its header.',
    ],
  };
}

/**
 * Where a file that is filed already may have been moved from, by hand.
 *
 * @returns a sentence; '' if no file of the frame is missing
 */
export async function tellOrigin(
  { catalog, store }: { readonly catalog: Catalog; readonly store: Store },
  frameId: number,
): Promise<string> {
  const { versions } = await readRecord(catalog.read, frameId);
  for (const { key } of versions) {
    if ((await store.stat(key)) !== undefined) continue;
    return ` The file ${key} of it is missing: if this is the one, move it back there, then run \`platevault reindex\` again.`;
  }
  return '';
}

/** Frames that a reindex has kept by what the journal tells, until another one has read their files. */
export async function* eachUnread(catalog: Catalog): AsyncIterable<Difference> {
  for await (const { key, basename } of eachWithoutHeaders(catalog)) {
    const text = `The header of frame '${basename}' was not read: its file was missing or damaged when the catalogue was made anew. Put the file back, then run \`platevault reindex\` again.`;
    yield { kind: 'unreadable', key, text };
  }
}
