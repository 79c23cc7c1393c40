/**
 * What a function made of an object is kept with that object, and given again as long as its other
 * arguments are the same: for what takes long and is asked for again and again of things that never
 * change. The last of each object alone is kept, and goes with it.
 *
 * @param make depends on nothing but its arguments, which are compared as by `Object.is`
 */
export function remember<K extends object, A extends readonly unknown[], T>(
  make: (of: K, ...args: A) => T,
): (of: K, ...args: A) => T {
  const kept = new WeakMap<K, { readonly args: A; readonly made: T }>();
  return (of, ...args) => {
    const known = kept.get(of);
    if (known !== undefined && areSame(known.args, args)) return known.made;
    const made = make(of, ...args);
    kept.set(of, { args, made });
    return made;
  };
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, at) => Object.is(each, others[at]));
}
