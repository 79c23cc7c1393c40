// What is dropped or chosen: files of folders with their paths, and what was sent before.

/** What lies beside frames and is none, by its name. */
const OTHERS =
  /\.(?:jpe?g|png|gif|tiff?|bmp|txt|log|csv|tsv|xml|html?|pdf|db|ini|json|ya?ml|md|py|sh|exe|mp4|avi|ser|tmp|part)$/i;

/** A file with its path below what was dropped. */
export async function filesOfDrop(transfer) {
  // The entries are gone after the first wait.
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const lists = await Promise.all(entries.map((entry) => filesOf(entry, '')));
  return { files: lists.flat(), name: nameOf(entries.filter(({ isDirectory }) => isDirectory)) };
}

/** As `filesOfDrop`, of an input. */
export function filesOfInput(input) {
  const files = [...input.files].map((file) => ({
    file,
    path: file.webkitRelativePath || file.name,
  }));
  const folder = files[0]?.path.split('/') ?? [];
  return {
    files: files.filter(({ path }) => !isHidden(path)),
    name: folder.length > 1 ? folder[0] : '',
  };
}

/** True for what a folder holds besides frames: it is left where it is. */
export function isOther({ path }) {
  return path.includes('/') && OTHERS.test(path);
}

function nameOf(folders) {
  return folders.length === 1 ? folders[0].name : '';
}

function isHidden(path) {
  return path.split('/').some((part) => part.startsWith('.'));
}

async function filesOf(entry, above) {
  const path = above + entry.name;
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => {
      entry.file(resolve, reject);
    });
    return [{ file, path }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // One call gives at most a hundred entries.
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) break;
    found.push(...some);
  }
  return (await Promise.all(found.map((each) => filesOf(each, `${path}/`)))).flat();
}

const DONE = 'upload-done';
const OPEN = 'upload-open';

/** A file is known again by its path, size and date: its bytes are not read for that. */
export function keyOf({ file, path }) {
  return `${path}\n${file.size}\n${file.lastModified}`;
}

/** What this tab has sent, and what it was still to send when it was left. */
export function createMemory() {
  const done = new Set(read(DONE));
  const left = read(OPEN);
  const open = new Set();
  return {
    left,
    isDone: (key) => done.has(key),
    begin(key) {
      open.add(key);
      write(OPEN, open);
    },
    finish(key, isStored) {
      open.delete(key);
      if (isStored) done.add(key);
      write(DONE, done);
      write(OPEN, open);
    },
  };
}

function read(name) {
  try {
    const list = JSON.parse(sessionStorage.getItem(name) ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function write(name, keys) {
  try {
    sessionStorage.setItem(name, JSON.stringify([...keys]));
  } catch {
    // No room: then a folder that is dropped again is sent again, and known by its bytes.
  }
}
