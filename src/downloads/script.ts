import type { Request, Response } from 'express';
import type { StoredFile } from '../catalog/index.js';
import {
  contentDisposition,
  downloadUrl,
  markBegun,
  rootUrl,
  sendStream,
  viewerOf,
  type Services,
} from '../http/index.js';
import {
  createNamer,
  powerShellScript,
  safeName,
  shellScript,
  windowsName,
  type FileList,
  type ListedFile,
} from '../zip/index.js';
import { zipFolder } from './plain-zip.js';

const SCRIPTS = {
  shell: { write: shellScript, safe: safeName, extension: '.sh', type: 'text/x-shellscript' },
  powershell: { write: powerShellScript, safe: windowsName, extension: '.ps1', type: 'text/plain' },
} as const;

export type ScriptLanguage = keyof typeof SCRIPTS;

/** Where the files of a script are fetched from. */
export interface ScriptAddresses {
  readonly urlOf: (frameId: number) => string;
  /** Until when the addresses are good, epoch ms. */
  readonly expiresMs: number;
  /** Folder that the files go to; without it as for a zip of them. */
  readonly folder?: string;
}

/**
 * Sends a script that fetches files one by one, by addresses that need no credentials.
 *
 * @param addresses without them signed ones, which open what whoever asks may see
 */
export async function sendScript(
  services: Services,
  req: Request,
  res: Response,
  slices: AsyncIterable<readonly StoredFile[]>,
  language: ScriptLanguage,
  addresses: ScriptAddresses = signedAddresses(services, req, res),
): Promise<void> {
  const { write, safe, extension, type } = SCRIPTS[language];
  const files: (readonly StoredFile[])[] = [];
  for await (const slice of slices) files.push(slice);
  const list = createList(services, files, safe, addresses);
  markBegun(res);
  res.set({
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Disposition': contentDisposition(`${list.folder}${extension}`),
    // There are addresses in it that stand for the right to read.
    'Cache-Control': 'private, no-store',
  });
  if (req.method === 'HEAD') res.end();
  else await sendStream(eachPiece(write(list)), res);
}

function signedAddresses(services: Services, req: Request, res: Response): ScriptAddresses {
  const [root, viewer] = [rootUrl(services, req), viewerOf(res)];
  const urlOf = (frameId: number): string => downloadUrl(services, root, frameId, viewer);
  const expires = new URL(urlOf(0)).searchParams.get('exp');
  return { urlOf, expiresMs: Number(expires) * 1000 };
}

/** Lets other requests in between: signing the addresses of a slice takes its time. */
async function* eachPiece(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await new Promise(setImmediate);
  }
}

function createList(
  services: Services,
  files: readonly (readonly StoredFile[])[],
  safe: (name: string) => string,
  { urlOf, expiresMs, folder }: ScriptAddresses,
): FileList {
  const nameOf = createNamer(safe);
  const toListed = ({ frameId, sizeBytes, sha256, ...file }: StoredFile): ListedFile => {
    const name = nameOf(`${file.basename}${file.extension}`);
    return { name, url: urlOf(frameId), sizeBytes, sha256 };
  };
  let [count, sizeBytes, modifiedMs] = [0, 0, 0];
  for (const slice of files) {
    count += slice.length;
    for (const file of slice) {
      sizeBytes += file.sizeBytes;
      modifiedMs = Math.max(modifiedMs, file.createdMs);
    }
  }
  return {
    folder: folder ?? zipFolder(services.config.ZIP_BASENAME, { modifiedMs, count }),
    count,
    sizeBytes,
    expiresMs,
    *slices() {
      for (const slice of files) yield slice.map(toListed);
    },
  };
}
