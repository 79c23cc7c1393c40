/** One line of the report. */
export function say(what, figure) {
  console.log(`${what.padEnd(44)} ${figure}`);
}
