import type { Request } from 'express';
import { listUploads, type UploadBatch, type Viewer } from '../../catalog/index.js';
import { parameter, queryParameters } from '../../http/index.js';
import type { Web } from '../page.js';
import { countOf, formatBytes, formatDateTime } from '../render.js';

const PAGE_ROWS = 10;

/** One earlier upload as the page lists it. */
export interface EarlierRow {
  readonly icon: 'tick' | 'bad';
  readonly when: string;
  readonly stored: string;
  /** '' if the frames are not those of one range of numbers. */
  readonly framesUrl: string;
  readonly refused: string;
  /** '' if none of them waits any more. */
  readonly quarantineUrl: string;
}

/**
 * What the viewer has sent before, ten uploads a page.
 *
 * @returns `olderUrl` and `newestUrl` are '' where there is nothing to go to
 */
export async function earlierUploads({ services, base }: Web, req: Request, viewer: Viewer) {
  const asked = Number(parameter(queryParameters(req), 'before'));
  const isPaged = Number.isSafeInteger(asked) && asked > 0;
  const { userId } = viewer;
  const batches =
    userId === null
      ? []
      : await listUploads(services.catalog, userId, {
          limit: PAGE_ROWS + 1,
          ...(isPaged ? { beforeMs: asked } : {}),
        });
  const shown = batches.slice(0, PAGE_ROWS);
  const isMore = batches.length > PAGE_ROWS || shown.at(-1)?.goesOn === true;
  const last = isMore ? shown.at(-1) : undefined;
  return {
    rows: shown.map((batch) => toRow(base, batch)),
    olderUrl: last === undefined ? '' : `${base}/upload/?before=${last.fromMs}#earlier`,
    newestUrl: isPaged ? `${base}/upload/#earlier` : '',
  };
}

function toRow(base: string, batch: UploadBatch): EarlierRow {
  const { stored, sizeBytes, ids, refused, waiting } = batch;
  // Whoever sent at the same time has numbers in between: then the range would show theirs, too.
  const isOne = ids !== null && ids.last - ids.first + 1 === ids.count && ids.count === stored;
  return {
    icon: waiting > 0 ? 'bad' : 'tick',
    when: tellWhen(batch),
    stored:
      stored === 0 ? 'nothing stored' : `${countOf(stored, 'frame')}, ${formatBytes(sizeBytes)}`,
    framesUrl: isOne ? `${base}/frames/?id__gte=${ids.first}&id__lte=${ids.last}` : '',
    refused: tellRefused(refused, waiting),
    quarantineUrl: waiting > 0 ? `${base}/quarantine/` : '',
  };
}

function tellRefused(refused: number, waiting: number): string {
  if (refused === 0) return 'nothing refused';
  if (waiting === 0) return `${refused} refused, none of them waits`;
  return waiting === refused ? `${refused} quarantined` : `${refused} refused, ${waiting} waiting`;
}

/** `2026-11-15 02:33 to 02:55 UTC`; an upload of less than a minute has one time. */
function tellWhen({ fromMs, untilMs }: UploadBatch): string {
  const [from, until] = [fromMs, untilMs].map((ms) => formatDateTime(ms).slice(0, 16));
  if (from === until) return `${from ?? ''} UTC`;
  const isSameDay = from?.slice(0, 10) === until?.slice(0, 10);
  return `${from ?? ''} to ${(isSameDay ? until?.slice(11) : until) ?? ''} UTC`;
}
