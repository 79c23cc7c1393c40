/** What programs write for the object when there is none, in small letters and without signs. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(
  `none null nil na nan unknown unspecified undefined unnamed untitled noname notset noobject notarget
bias biases zero dark darks flat flats flatfield skyflat domeflat twilightflat sky calibration
object target light lightframe default`.split(/\s+/),
);

/** Whether a name of an object says that there is none: it is no target. */
export function isPlaceholder(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return PLACEHOLDERS.has(plain);
}
