/**
 * Version of the way in which pixels are measured. Raise it when numbers change so much that those of
 * before are not to be compared with those of after: then every frame is measured anew.
 */
export const MEASURE_METHOD = 1;
