/**
 * Version of the way in which pixels are measured. Raise it when numbers change so much that those of
 * before are not to be compared with those of after: then every frame is measured anew.
 */
export const MEASURE_METHOD = 4;

/** Fewest stars of a field whose bright ones can be left out of its light. */
const RICH_FIELD = 20;

/** Whether the light of a field is that of its fainter stars: it compares only with others that are so. */
export function isRichField(stars: number): boolean {
  return stars >= RICH_FIELD;
}
