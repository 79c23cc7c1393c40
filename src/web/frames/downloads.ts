import { exportUrl, filterQuery, type ListState } from './list-state.js';

/** Most frames of one zip: the same as the API gives at once. */
const MOST_AT_ONCE = 100_000;

/** One way to have frames or a table of them. */
export interface Way {
  readonly label: string;
  readonly hint: string;
  readonly url: string;
}

/** Ways to have a whole list. */
export interface Downloads {
  /** Files of all frames that match; none if they are too many for one zip. */
  readonly files: readonly Way[];
  /** Tables of them. */
  readonly tables: readonly Way[];
  /** The list of this page as JSON. */
  readonly apiUrl: string;
  readonly size: string;
  readonly isTooMany: boolean;
}

/** How the frames of a list can be had, by their query. @param size of all their files, '' if unknown */
export function toDownloads(
  base: string,
  state: ListState,
  { total, size }: { readonly total: number; readonly size: string },
): Downloads {
  const isTooMany = total > MOST_AT_ONCE;
  const zip = (options: string): string => {
    const query = [filterQuery(state), options].filter((part) => part !== '').join('&');
    return `${base}/frames/zip/${query === '' ? '' : `?${query}`}`;
  };
  const files = [
    { label: 'Zip', hint: 'as archived', url: zip('') },
    { label: 'Zip, unpacked', hint: 'without compression', url: zip('uncompress=true') },
    { label: 'Zip with calibrations', hint: 'bias, dark, flats', url: zip('calibrations=true') },
    { label: 'Script for wget', hint: 'Linux, macOS', url: zip('format=script') },
    { label: 'Script for PowerShell', hint: 'Windows', url: zip('format=script-windows') },
  ];
  return {
    files: isTooMany || total === 0 ? [] : files,
    tables: [
      { label: 'CSV', hint: 'spreadsheets', url: exportUrl(base, state, 'csv') },
      { label: 'JSON', hint: 'programs', url: exportUrl(base, state, 'json') },
      { label: 'VOTable', hint: 'TOPCAT, Aladin, astropy', url: exportUrl(base, state, 'votable') },
    ],
    apiUrl: exportUrl(base, state, 'json'),
    size,
    isTooMany,
  };
}
