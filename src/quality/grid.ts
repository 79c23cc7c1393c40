/** Things at places, to be found by their neighbourhood. */
export interface Grid<T> {
  add(thing: T): void;
  /** Those within the radius of the grid. */
  around(place: { x: number; y: number }): T[];
}

/** @param radius how far things are looked for, in the unit of their places */
export function createGrid<T extends { x: number; y: number }>(radius: number): Grid<T> {
  const cells = new Map<number, T[]>();
  const key = (column: number, row: number): number => row * 1e6 + column;
  const cellOf = (value: number): number => Math.floor(value / radius) + 1;
  return {
    add(thing) {
      const at = key(cellOf(thing.x), cellOf(thing.y));
      const list = cells.get(at);
      if (list === undefined) cells.set(at, [thing]);
      else list.push(thing);
    },
    around({ x, y }) {
      const found: T[] = [];
      for (let row = cellOf(y) - 1; row <= cellOf(y) + 1; row += 1) {
        for (let column = cellOf(x) - 1; column <= cellOf(x) + 1; column += 1) {
          for (const thing of cells.get(key(column, row)) ?? []) {
            if ((thing.x - x) ** 2 + (thing.y - y) ** 2 <= radius * radius) found.push(thing);
          }
        }
      }
      return found;
    },
  };
}
