import type { TestArchive } from './archive.js';

/** Asks again and again. @throws if it is not so after a minute */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not come to that in a minute.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** When nothing of an archive waits to be measured or compared. */
export async function allMeasured(archive: TestArchive): Promise<void> {
  await until(async () => {
    const { measuring } = await archive.json<{
      measuring: { waiting: number; nights_to_judge: number };
    }>('/admin/?format=json');
    return measuring.waiting === 0 && measuring.nights_to_judge === 0;
  });
}
