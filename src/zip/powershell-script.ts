import { introduction, type FileList, type ListedFile } from './file-list.js';

/** Windows PowerShell takes a script without this mark for one in the code page of the machine. */
const BYTE_ORDER_MARK = '\ufeff';

/**
 * As `shellScript`, for Windows 10 and later: PowerShell 5.1 and the curl.exe that Windows has. The
 * names of the files must be such as Windows takes (`windowsName`).
 */
export function* powerShellScript(list: FileList): Generator<string> {
  const notes = introduction(list).map((line) => `# ${line}\n`);
  const start = `${notes.join('')}\n$folder = ${quote(list.folder)}\n$total = ${list.count}\n`;
  yield BYTE_ORDER_MARK + toLines(start + FUNCTIONS);
  for (const slice of list.slices()) yield toLines(slice.map(toLine).join(''));
  yield toLines(ENDING);
}

function toLine({ url, sizeBytes, sha256, name }: ListedFile): string {
  return `Get-Frame ${sizeBytes} ${quote(sha256)} ${quote(url)} ${quote(name)}\n`;
}

/** PowerShell takes typographic quotation marks for the plain one: each of them is doubled. */
function quote(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}

function toLines(text: string): string {
  return text.replaceAll('\n', '\r\n');
}

const FUNCTIONS = String.raw`
$ErrorActionPreference = 'Stop'
$script:done = 0
$script:failed = 0

function Test-Frame([string]$path, [long]$size, [string]$sum) {
  if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { return $false }
  if ((Get-Item -LiteralPath $path).Length -ne $size) { return $false }
  return (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash -eq $sum
}

function Get-Frame([long]$size, [string]$sum, [string]$url, [string]$name) {
  $script:done += 1
  $file = Join-Path $target $name
  $part = $file + '.part'
  if (Test-Frame $file $size $sum) { return }
  for ($try = 1; $try -le 5; $try += 1) {
    # What is too long, or long enough and wrong, cannot be gone on with.
    if ((Test-Path -LiteralPath $part) -and ((Get-Item -LiteralPath $part).Length -ge $size) -and
        -not (Test-Frame $part $size $sum)) {
      Remove-Item -LiteralPath $part
    }
    if (-not (Test-Frame $part $size $sum)) { & curl.exe -fsSL -C - -o $part $url }
    if (Test-Frame $part $size $sum) {
      Move-Item -LiteralPath $part -Destination $file -Force
      Write-Output ('{0} of {1}  {2}' -f $script:done, $total, $name)
      return
    }
    if ($try -lt 5) { Start-Sleep -Seconds $try }
  }
  Write-Warning ('NOT FETCHED: ' + $name)
  $script:failed += 1
}

$target = Join-Path (Get-Location).ProviderPath $folder
[void](New-Item -ItemType Directory -Force -Path $target)

`;

const ENDING = String.raw`
if ($script:failed -gt 0) {
  Write-Warning ('{0} of {1} files could not be fetched. Run this script again.' -f $script:failed, $total)
  exit 1
}
Write-Output ('All {0} files are in {1}.' -f $total, $folder)
`;
