/** Small whole files to be damaged, in groups, every one of them built here. */
import { wrappedFiles, xisfFiles } from './originals-containers.mjs';
import { headerFiles, imageFiles } from './originals-images.mjs';
import { skyFiles } from './originals-sky.mjs';
import { packedTableFiles, tableFiles } from './originals-tables.mjs';
import { tileFiles } from './originals-tiles.mjs';

/**
 * @param folder for files on the way
 * @returns groups of files: name and bytes of each, and how it was wrapped if it was
 */
export async function buildOriginals(folder) {
  const images = imageFiles();
  return [
    images,
    await tileFiles(folder, images),
    tableFiles(),
    packedTableFiles(),
    headerFiles(),
    skyFiles(),
    wrappedFiles(images),
    xisfFiles(),
  ];
}
