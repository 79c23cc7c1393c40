/** Something about a frame that a person should know, in words. */
export interface Finding {
  /** Stable word for filters: `trailed`, `defocused`, `blank`, `wrong-clock` … */
  readonly code: string;
  readonly level: 'note' | 'warning' | 'error';
  /** One sentence with the numbers: `FWHM 5.8″, usual 2.1″.` */
  readonly text: string;
}
