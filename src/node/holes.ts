import { mergeRanges, type Range } from '../../formats/memory/range.js'

/*
 * Which parts of a file are holes is what lseek() with SEEK_DATA and SEEK_HOLE tells, and Node has no lseek(). Each of these
 * programs has, and one of them is on about every Linux: perl is in the base of Debian and of what is made from it, python3 in
 * that of Fedora, filefrag is a part of e2fsprogs. They get the open file as their standard input, so names do not matter.
 */

/** whence of lseek() on Linux. */
const SEEK_DATA = 3
const SEEK_HOLE = 4

/** Past that many a file is read as it is: so many seeks take longer than reading what little lies between them. */
const MOST_PARTS = 200_000

/** Both print `start end` for each part with data, and end with failure where the file system cannot tell. ENXIO (6) is its end. */
const PERL = `my ($at, $n) = (0, 0);
while ($n++ < ${MOST_PARTS}) {
  my $data = sysseek(STDIN, $at, ${SEEK_DATA});
  if (!defined $data) { exit($! == 6 ? 0 : 1) }
  $at = sysseek(STDIN, $data + 0, ${SEEK_HOLE});
  exit 1 if !defined $at;
  print $data + 0, " ", $at + 0, "\\n";
}
exit 1`

const PYTHON = `import errno, os, sys
at = 0
for n in range(${MOST_PARTS}):
    try:
        data = os.lseek(0, at, ${SEEK_DATA})
    except OSError as error:
        sys.exit(0 if error.errno == errno.ENXIO else 1)
    at = os.lseek(0, data, ${SEEK_HOLE})
    print(data, at)
sys.exit(1)`

/** A program that tells where data is, and how to read what it says. */
interface Lister {
  command: string
  args: readonly string[]
  parse(text: string): Range[] | null
}

const LISTERS: readonly Lister[] = [
  { command: 'perl', args: ['-e', PERL], parse: parsePairs },
  { command: 'python3', args: ['-I', '-S', '-c', PYTHON], parse: parsePairs },
  { command: 'filefrag', args: ['-s', '-e', '-b1', '/proc/self/fd/0'], parse: parseFilefrag },
]

const PATIENCE_MS = 20_000

/** The parts of an open file that were ever written; null where none of the programs is there, or the file system does not tell. */
export function findWritten(fd: number, size: number): readonly Range[] | null {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  for (const { command, args, parse } of LISTERS) {
    const { status, stdout } = spawnSync(command, args, {
      stdio: [fd, 'pipe', 'ignore'],
      encoding: 'latin1',
      // Nothing that has an interpreter load more than it must.
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      timeout: PATIENCE_MS,
      maxBuffer: MOST_PARTS * 48,
    })
    const parts = status === 0 ? parse(stdout) : null
    if (parts === null) continue
    const inside = parts.map(({ start, end }) => ({ start, end: Math.min(end, size) }))
    return mergeRanges(inside.filter(({ start, end }) => start < end))
  }
  return null
}

function parsePairs(text: string): Range[] | null {
  return rangesOf(text, /^(\d+) (\d+)$/, ([start, end]) => ({ start: start!, end: end! }))
}

/** `   0:        0..    4095:   12288..   16383:   4096:    flags`: in the file, on the disk, bytes. */
function parseFilefrag(text: string): Range[] | null {
  const table = text.split('\n').filter(line => /^\s*\d+:/.test(line))
  if (!/: \d+ extents? found/.test(text)) return null
  return rangesOf(table.join('\n'), /^\s*\d+:\s*(\d+)\.\.\s*(\d+):/, ([start, last]) => ({
    start: start!,
    end: last! + 1,
  }))
}

/** A line that says anything else is one of a program that is not the one we know. */
function rangesOf(text: string, line: RegExp, make: (numbers: number[]) => Range): Range[] | null {
  const ranges: Range[] = []
  for (const each of text.split('\n')) {
    if (each === '') continue
    const found = line.exec(each)
    if (found === null) return null
    const range = make(found.slice(1).map(Number))
    if (!Number.isSafeInteger(range.start) || !Number.isSafeInteger(range.end)) return null
    ranges.push(range)
  }
  return ranges
}
