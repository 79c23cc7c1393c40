/**
 * Counts what is asked for when arrays of bytes or numbers are made: memory that is claimed but not
 * yet touched does not show in the size of the process. Import it before all that is to be measured.
 */
let most = 0;

const NAMES = ['ArrayBuffer', 'Uint8Array', 'Int8Array', 'Uint16Array', 'Int16Array'];
const WIDE = ['Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array'];

for (const name of [...NAMES, ...WIDE]) {
  const original = globalThis[name];
  const width = original.BYTES_PER_ELEMENT ?? 1;
  const counted = new Proxy(original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === 'number') most = Math.max(most, args[0] * width);
      return Reflect.construct(target, args, newTarget === counted ? target : newTarget);
    },
  });
  globalThis[name] = counted;
  original.prototype.constructor = counted; // some code compares it with the global one
}

for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
  const original = Buffer[name];
  Buffer[name] = (size, ...rest) => {
    most = Math.max(most, size);
    return original(size, ...rest);
  };
}

/** Bytes of the largest array since the last call. */
export function largestArray() {
  const result = most;
  most = 0;
  return result;
}
