import { readKeywords, type Catalog, type FrameSetup } from '../catalog/index.js';
import { judgeHeaders, type HeaderSetup } from './compare.js';
import { MAX_MATCHES, middleOf, type Draft, type Match, type Target } from './match.js';
import type { CalibrationRule, CalibrationRules } from './rules.js';

/** What the headers of frames say, each read once. */
export interface HeaderReader {
  /** Reads those that have not been read. */
  read(frames: readonly FrameSetup[]): Promise<void>;
  /** Undefined if it has not been read. */
  of(frame: FrameSetup): HeaderSetup | undefined;
  /** Number of headers that have been read. */
  count(): number;
}

/** What has been looked at of a draft. */
export interface Looked {
  readonly draft: Draft;
  /** Masters and sets that fit, of their middle frame or of some other. */
  readonly fitting: { readonly masters: number; readonly sets: number };
  readonly headersOf: (frame: FrameSetup) => HeaderSetup;
}

/** Matches whose headers are read in one go. */
const AT_ONCE = 10;
/** Headers read for a frame: beyond it the middle of a set stands for all of it. */
const MAX_WHOLE = 3000;

const NO_HEADERS: HeaderSetup = new Map();

/** @param rules say which keywords tell which setting */
export function createHeaderReader(catalog: Catalog, rules: CalibrationRules): HeaderReader {
  const names = Object.entries(rules.headers);
  const keywords = Object.values(rules.headers).flat();
  const known = new Map<number, HeaderSetup>();
  return {
    async read(frames) {
      const versions = frames.map(({ versionId }) => versionId);
      const unread = [...new Set(versions)].filter((version) => !known.has(version));
      if (unread.length === 0) return;
      const found = await readKeywords(catalog, unread, keywords);
      for (const version of unread) {
        const values = found.get(version);
        const settings = names.flatMap(([name, words]) => {
          const keyword = words.find((word) => values?.has(word));
          return keyword === undefined ? [] : [[name, values?.get(keyword) ?? ''] as const];
        });
        known.set(version, new Map(settings));
      }
    },
    of: ({ versionId }) => known.get(versionId),
    count: () => known.size,
  };
}

/**
 * Reads the headers of what a draft has, the best first, until enough of each sort fits: of a set that
 * in the middle, which stands for all of it, and if that one does not fit those of the whole set, for
 * in one night a camera may have been read out in two ways. What has not been looked at is left out.
 */
export async function lookAtHeaders(
  target: Target,
  draft: Draft,
  rule: CalibrationRule,
  reader: HeaderReader,
): Promise<Looked> {
  const { sameHeaders } = rule;
  const before = reader.count();
  const fits = (frame: FrameSetup): boolean => {
    const headers = reader.of(frame) ?? NO_HEADERS;
    return judgeHeaders(headers, target.headers, sameHeaders).reasons.length === 0;
  };
  const look = async (matches: readonly Match[]): Promise<[Match[], number]> => {
    const looked: Match[] = [];
    let fitting = 0;
    for (let at = 0; at < matches.length && fitting < MAX_MATCHES; at += AT_ONCE) {
      const some = matches.slice(at, at + AT_ONCE);
      await reader.read(some.map(({ frames }) => middleOf(frames)));
      const others = some.filter(({ frames }) => !fits(middleOf(frames)));
      if (reader.count() - before < MAX_WHOLE) {
        await reader.read(others.flatMap(({ frames }) => frames));
      }
      fitting += some.length - others.length;
      fitting += others.filter(({ frames }) => readOf(frames, reader).some(fits)).length;
      looked.push(...some);
    }
    return [looked, fitting];
  };
  if (sameHeaders.length === 0) {
    const fitting = { masters: draft.masters.length, sets: draft.sets.length };
    return { draft, fitting, headersOf: () => NO_HEADERS };
  }
  const [masters, fittingMasters] = await look(draft.masters);
  const [sets, fittingSets] = await look(draft.sets);
  const standIns = new Map<number, FrameSetup>();
  for (const { frames } of [...masters, ...sets]) {
    for (const frame of frames) standIns.set(frame.id, middleOf(frames));
  }
  return {
    draft: { ...draft, masters, sets },
    fitting: { masters: fittingMasters, sets: fittingSets },
    headersOf: (frame) => {
      const standIn = standIns.get(frame.id) ?? frame;
      return reader.of(frame) ?? reader.of(standIn) ?? NO_HEADERS;
    },
  };
}

function readOf(frames: readonly FrameSetup[], reader: HeaderReader): FrameSetup[] {
  return frames.filter((frame) => reader.of(frame) !== undefined);
}
