import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PUBLIC_DIR = fileURLToPath(new URL('../../public/', import.meta.url));
const PACKAGES = createRequire(import.meta.url);

/** Packages whose files browsers load → the folder of the package that holds them. */
const VENDORS: Readonly<Record<string, string>> = {
  js9: '',
  openseadragon: 'build/openseadragon',
};

/** Address of a file of `public/`, such as `css/base.css`, or of `vendor/<package>/`, below the base path. */
export type AssetUrl = (name: string) => string;

/** What is served below `static/`: `vendor/<package>` → its folder, and '' → our own files. */
export function staticFolders(): ReadonlyMap<string, string> {
  const vendors = Object.keys(VENDORS).map((name) => [`vendor/${name}`, vendorDir(name)] as const);
  return new Map([...vendors, ['', PUBLIC_DIR]]);
}

function vendorDir(name: string): string {
  const folder = dirname(PACKAGES.resolve(`${name}/package.json`));
  return join(folder, VENDORS[name] ?? '');
}

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
        .update(readFileSync(fileOf(name)))
        .digest('hex');
      url = `${base}/static/${name}?v=${hash.slice(0, 12)}`;
      known.set(name, url);
    }
    return url;
  };
}

function fileOf(name: string): string {
  const [, vendor, rest] = /^vendor\/([^/]+)\/(.+)$/.exec(name) ?? [];
  return vendor === undefined || rest === undefined
    ? join(PUBLIC_DIR, name)
    : join(vendorDir(vendor), rest);
}
