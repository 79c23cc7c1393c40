// Many links in a drawing as one tab stop, with arrow keys inside.

/** Links of a drawing in order of time, which is not that of its rows. */
export function inOrderOfTime(links) {
  return links
    .map((link) => ({ link, x: link.querySelector('rect').x.baseVal.valueInSpecifiedUnits }))
    .sort((a, b) => a.x - b.x)
    .map(({ link }) => link);
}

/**
 * Makes links one tab stop: the one that was last in focus. Arrows go to the next and the one before,
 * Home and End to the ends.
 *
 * @param box what holds them all
 */
export function startStops(box, links) {
  const makeStop = (stop) => {
    for (const each of links) each.setAttribute('tabindex', each === stop ? '0' : '-1');
  };
  if (links.length > 0) makeStop(links[0]);
  box.addEventListener('keydown', (event) => {
    const at = links.indexOf(document.activeElement);
    const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1 };
    const ends = { Home: 0, End: links.length - 1 };
    const next = links[{ ...steps, ...ends }[event.key] ?? -1];
    if (at === -1 || next === undefined) return;
    event.preventDefault();
    makeStop(next);
    next.focus();
  });
}
