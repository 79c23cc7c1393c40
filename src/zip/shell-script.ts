import { introduction, type FileList, type ListedFile } from './file-list.js';

/**
 * A POSIX shell script that fetches files, by wget or else curl: each into `<name>.part`, which
 * becomes `<name>` when its length and, where a program for it is there, its SHA-256 are right. It
 * ends with status 1 if a file could not be had.
 */
export function* shellScript(list: FileList): Generator<string> {
  const notes = introduction(list).map((line) => `# ${line}\n`);
  yield `#!/bin/sh\n${notes.join('')}\nfolder=${quote(list.folder)}\ntotal=${list.count}\n${FUNCTIONS}`;
  for (const slice of list.slices()) yield slice.map(toLine).join('');
  yield ENDING;
}

function toLine({ url, sizeBytes, sha256, name }: ListedFile): string {
  return `get ${sizeBytes} ${sha256} ${quote(url)} ${quote(name)}\n`;
}

/** One word of a shell, whatever is in it; our names have no line ends. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const FUNCTIONS = String.raw`
LC_ALL=C
export LC_ALL
count=0
failed=0

if command -v wget >/dev/null 2>&1; then
  fetch() { wget -q -c -O "$2" "$1"; }
elif command -v curl >/dev/null 2>&1; then
  fetch() { curl -fsSL -C - -o "$2" "$1"; }
else
  echo 'This script needs wget or curl.' >&2
  exit 2
fi

if command -v sha256sum >/dev/null 2>&1; then
  sum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }
elif command -v shasum >/dev/null 2>&1; then
  sum_of() { shasum -a 256 <"$1" | cut -d ' ' -f 1; }
elif command -v openssl >/dev/null 2>&1; then
  sum_of() { openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1; }
else
  echo 'There is no program for SHA-256: only lengths are checked.' >&2
  sum_of() { echo "$sum"; }
fi

size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }
is_right() { [ -f "$1" ] && [ "$(size_of "$1")" = "$size" ] && [ "$(sum_of "$1")" = "$sum" ]; }

# get SIZE SHA256 URL NAME
get() {
  size=$1 sum=$2 url=$3 file=./$4 part=./$4.part
  count=$((count + 1))
  is_right "$file" && return
  try=1
  while [ "$try" -le 5 ]; do
    # What is too long, or long enough and wrong, cannot be gone on with.
    if [ "$(size_of "$part")" -ge "$size" ] && ! is_right "$part"; then rm -f "$part"; fi
    if ! is_right "$part"; then fetch "$url" "$part"; fi
    if is_right "$part"; then
      mv -f "$part" "$file"
      printf '%s of %s  %s\n' "$count" "$total" "$4"
      return
    fi
    [ "$try" -lt 5 ] && sleep "$try"
    try=$((try + 1))
  done
  printf 'NOT FETCHED: %s\n' "$4" >&2
  failed=$((failed + 1))
}

mkdir -p "./$folder" && cd "./$folder" || exit 2

`;

const ENDING = String.raw`
if [ "$failed" -gt 0 ]; then
  printf '%s of %s files could not be fetched. Run this script again.\n' "$failed" "$total" >&2
  exit 1
fi
printf 'All %s files are in %s.\n' "$total" "$folder"
`;
