/** A file that is sent as an upload. */
export interface FileAttack {
  readonly kind: string;
  readonly name: string;
  /** Made when it is its turn: some are large. */
  readonly bytes: () => Uint8Array;
  /** `refused` if nothing may be stored; else it may be read, and then all that is made of it too. */
  readonly expected: 'refused' | 'any';
  /** Name of the file in the form; `x.fits` if it does not matter. */
  readonly filename?: string;
}

type Variant = readonly [name: string, bytes: () => Uint8Array, filename?: string];

/** Attacks of one kind from its variants. */
export function attacks(
  kind: string,
  expected: FileAttack['expected'],
  variants: readonly Variant[],
): FileAttack[] {
  return variants.map(([name, bytes, filename]) => ({
    kind,
    name,
    bytes,
    expected,
    ...(filename === undefined ? {} : { filename }),
  }));
}
