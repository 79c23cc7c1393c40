import type { FrameShare, SharedFrame, Withdrawn } from '../../catalog/index.js';
import type { ZippedFile } from '../../downloads/index.js';
import { safeName } from '../../zip/index.js';
import { countOf, formatBytes, formatDateTime, formatNumber } from '../render.js';

/** How long a link is good: days. */
export const SHARE_DAYS = [1, 7, 30, 90, 365] as const;
export const USUAL_DAYS = 30;
export const MAX_TITLE = 120;

/** Why a frame cannot be had any more, as people are told. */
export const WITHDRAWN: Readonly<Record<Withdrawn, string>> = {
  deleted: 'deleted from the archive since',
  hidden: 'no longer open to the person who shared it',
  changed: 'the file is no longer the one that was shared',
};

/** How a share stands. */
export type ShareState = 'open' | 'expired' | 'revoked';

export function stateOf({ revokedMs, expiresMs }: FrameShare, now = Date.now()): ShareState {
  if (revokedMs !== null) return 'revoked';
  return expiresMs <= now ? 'expired' : 'open';
}

/** Name of the zip of a share, without extension, and of the folder in it. */
export function shareFolder({ id, title }: FrameShare): string {
  const words = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return safeName(`share-${id}${words === '' ? '' : `-${words}`}`);
}

/** Lines that `sha256sum -c` takes. A name with a backslash or line end cannot come: see `safeName`. */
export function sumsText(files: readonly Pick<ZippedFile, 'name' | 'sha256'>[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/**
 * What a share is, as plain text; the same each time.
 *
 * @param frames all of it, those that have gone too
 * @param files those that can be had, by the names that they have in the zip
 */
export function readmeText(
  share: FrameShare,
  of: {
    readonly siteName: string;
    readonly frames: readonly SharedFrame[];
    readonly files: readonly ZippedFile[];
  },
): string {
  const gone = of.frames.flatMap(({ basename, extension, file }) =>
    typeof file === 'string' ? [`  ${basename}${extension}: ${WITHDRAWN[file]}`] : [],
  );
  const bytes = of.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const lines = [
    share.title,
    '='.repeat(share.title.length),
    '',
    `Shared by ${share.madeBy.username}, ${of.siteName}, ${formatDateTime(share.madeMs)} UTC.`,
    `The link is good until ${formatDateTime(share.expiresMs)} UTC.`,
    `${countOf(of.files.length, 'file')}, ${formatBytes(bytes)}.`,
    ...(gone.length === 0 ? [] : ['', 'Shared, but not here any more:', ...gone]),
    '',
    'Check the files, in their folder: sha256sum -c SHA256SUMS',
    '',
    ...factLines(of.frames),
    '',
    'SHA-256 of the files:',
    '',
  ];
  return `${lines.join('\n').replaceAll('\u202f', ' ')}\n${sumsText(of.files)}`;
}

/** One line for each frame that is there: name, object, filter, exposure, start. */
function factLines(frames: readonly SharedFrame[]): string[] {
  return frames.flatMap((frame) => {
    if (typeof frame.file === 'string') return [];
    const { basename, extension, object, imageKind, filter, exposureSec, dateObsMs } = frame;
    const facts = [
      object ?? imageKind ?? '',
      filter ?? '',
      exposureSec === null ? '' : `${formatNumber(exposureSec)} s`,
      dateObsMs === null ? '' : `${formatDateTime(dateObsMs)} UTC`,
    ];
    return [`${basename}${extension}: ${facts.filter((fact) => fact !== '').join(', ')}`];
  });
}
