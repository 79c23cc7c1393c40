const EXPECTED = ['fits_invalid', 'fits_unsupported', 'fits_truncated', 'too_large'];

/**
 * The code of an error that the codec may throw.
 *
 * @param also further codes that are right here: for requests that a damaged file cannot meet
 * @throws any other error, which is a fault
 */
export function codeOf(error, also = []) {
  const isExpected = EXPECTED.includes(error?.code) || also.includes(error?.code);
  if (error?.name === 'AppError' && isExpected) return error.code;
  throw error;
}

/** A fault if something that must be so is not. */
export function check(isRight, what) {
  if (!isRight) throw new Error(`fault: ${what}`);
}
