/** Lines that come from a guest, kept, and searched while they come. */
export interface LineLog {
  /** Whole lines so far, without their ends. */
  readonly lines: readonly string[]
  /** Adds bytes as they arrive. */
  push(bytes: Uint8Array): void
  /** Nothing more will come; a line that was begun counts. */
  end(): void
  /**
   * The first line from number `from` on (default: the first of all) that the pattern matches; null once the log has ended
   * without one.
   */
  waitFor(pattern: RegExp, from?: number): Promise<LineMatch | null>
}

/** A line that was waited for. */
export interface LineMatch {
  /** Its number, from 0. */
  index: number
  line: string
  match: RegExpExecArray
}

interface Waiter {
  pattern: RegExp
  next: number
  resolve: (match: LineMatch | null) => void
}

/** More than this in a row without an end of line is no text; it is cut into lines. */
const LONGEST_LINE = 1 << 20

/** An empty log. Bytes are read as Latin-1, one character each; carriage returns at a line's end are dropped. */
export function createLineLog(): LineLog {
  const lines: string[] = []
  const waiters = new Set<Waiter>()
  let rest = ''
  let ended = false

  const search = (waiter: Waiter): boolean => {
    for (; waiter.next < lines.length; waiter.next++) {
      const line = lines[waiter.next]!
      const match = waiter.pattern.exec(line)
      if (match === null) continue
      waiter.resolve({ index: waiter.next, line, match })
      return true
    }
    if (ended) waiter.resolve(null)
    return ended
  }
  const wake = () => {
    for (const waiter of waiters) if (search(waiter)) waiters.delete(waiter)
  }

  return {
    lines,
    push(bytes) {
      const pieces = (
        rest + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
      ).split('\n')
      rest = pieces.pop()!
      if (rest.length > LONGEST_LINE) {
        pieces.push(rest)
        rest = ''
      }
      for (const piece of pieces) lines.push(piece.replace(/\r+$/, ''))
      if (pieces.length > 0) wake()
    },
    end() {
      if (ended) return
      if (rest !== '') lines.push(rest)
      rest = ''
      ended = true
      wake()
    },
    waitFor(pattern, from = 0) {
      return new Promise(resolve => {
        const waiter = { pattern, next: from, resolve }
        if (!search(waiter)) waiters.add(waiter)
      })
    },
  }
}

/**
 * The lines of a log buffer, which misses nothing that the console was too slow for, but may have lost its beginning: what
 * the console has from before its first line comes first. Without any, all is the console's.
 */
export function completeLog(buffer: readonly string[], console: readonly string[]): string[] {
  const first = buffer.find(line => line !== '')
  if (first === undefined) return [...console]
  if (/\] Linux version /.test(first)) return [...buffer]
  const same = console.findIndex(line => plain(line) === plain(first))
  const before = same < 0 ? console.filter(line => stampOf(line) < stampOf(first)) : console.slice(0, same)
  return [...before, ...buffer]
}

/** A line of dmesg without its level, as the console has it. */
function plain(line: string): string {
  return line.replace(/^<\d+>/, '')
}

/** Seconds since the kernel began; lines without belong to what came before it. */
function stampOf(line: string): number {
  return Number(/^(?:<\d+>)?\[ *(\d+\.\d+)\]/.exec(line)?.[1] ?? -1)
}
