import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PUBLIC_DIR = fileURLToPath(new URL('../../public/', import.meta.url));

/** Address of a file of `public/`, such as `css/base.css`, below the base path. */
export type AssetUrl = (name: string) => string;

/**
 * Addresses of static files with the hash of their content, so that browsers may keep them for
 * ever. Each file is read once, when a page first asks for it.
 */
export function createAssets(base: string): AssetUrl {
  const known = new Map<string, string>();
  return (name) => {
    let url = known.get(name);
    if (url === undefined) {
      const hash = createHash('sha256')
        .update(readFileSync(`${PUBLIC_DIR}${name}`))
        .digest('hex');
      url = `${base}/static/${name}?v=${hash.slice(0, 12)}`;
      known.set(name, url);
    }
    return url;
  };
}
