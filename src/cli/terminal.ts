import { readFileSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/** What a command talks to. Handed in, so that a test can listen. */
export interface Terminal {
  /** Writes all of it to standard output. Throws {@link ClosedPipe} when nobody reads any more. */
  out(bytes: Uint8Array): void
  /** Writes to standard error; a closed one is ignored. */
  err(text: string): void
  outIsTerminal: boolean
  errIsTerminal: boolean
  env: Readonly<Record<string, string | undefined>>
  /** All of standard input, as text; empty where that is a terminal. Left out where there is none. */
  input?(): string
  /** Exit code of a command that did its work and found what its code tells (docs/cli.md, "Exit codes"). */
  code?: number
  /** What a command leaves to be undone when it is through, such as open files. */
  cleanups?: (() => void)[]
}

/** Standard output was closed by its reader (`kho … | head`): the end of the work, not an error. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe'
}

/** The process's own standard streams. */
export function processTerminal(): Terminal {
  return {
    out: bytes => writeAll(1, bytes),
    err: text => {
      try {
        writeAll(2, new TextEncoder().encode(text))
      } catch (error) {
        if (!(error instanceof ClosedPipe)) throw error
      }
    },
    outIsTerminal: isatty(1),
    errIsTerminal: isatty(2),
    env: process.env,
    input: () => (isatty(0) ? '' : readFileSync(0, 'utf8')),
  }
}

/** Writes every byte; a pipe that is full for now is waited for. */
export function writeAll(fd: number, bytes: Uint8Array, write: typeof writeSync = writeSync): void {
  let done = 0
  while (done < bytes.length) {
    try {
      done += write(fd, bytes, done, bytes.length - done)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EPIPE') throw new ClosedPipe()
      // A non-blocking pipe: its reader needs a moment. Waiting here keeps the code synchronous.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
      else throw error
    }
  }
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
