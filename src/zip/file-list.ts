/** A file that a script fetches. */
export interface ListedFile {
  readonly name: string;
  /** Address that needs no credentials. */
  readonly url: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What a script is made of. */
export interface FileList {
  /** Folder that the files go to, a plain name. */
  readonly folder: string;
  readonly count: number;
  readonly sizeBytes: number;
  /** Until when the addresses are good, epoch ms. */
  readonly expiresMs: number;
  /** In slices, so that a list of thousands is made as it is sent. */
  slices(): Iterable<readonly ListedFile[]>;
}

/** The lines on top of a script: what it does, for those who open it before they run it. */
export function introduction(list: FileList): readonly string[] {
  const megabytes = Math.ceil(list.sizeBytes / 1_000_000);
  const until = new Date(list.expiresMs).toISOString().slice(0, 16).replace('T', ' ');
  return [
    `Fetches ${list.count} files (${megabytes} MB) from the archive into the folder ${list.folder}.`,
    'Run it again to go on after a break: what is there and right is not fetched again.',
    `The addresses are good until ${until} UTC; ask the archive for a new script then.`,
  ];
}
