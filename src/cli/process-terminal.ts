import { readFileSync } from 'node:fs'
import type { Terminal } from '../commands/shared/terminal.js'
import { isTerminal } from '../node/is-terminal.js'
import { type Pager, startPager } from '../node/pager.js'
import { writeAll } from '../node/write.js'

/** A terminal, and what there is to do when the command is through. */
export interface ProcessTerminal extends Terminal {
  /** Waits for those who read page by page. */
  finish(): Promise<void>
}

/** The process's own standard streams. */
export function processTerminal(): ProcessTerminal {
  let pager: Pager | null = null
  const outIsTerminal = isTerminal(1)
  return {
    out: bytes => writeAll(pager?.fd ?? 1, bytes),
    err: text => {
      try {
        writeAll(2, new TextEncoder().encode(text))
      } catch {
        // Closed, or on a full disk: nobody is left to be told, and the exit code says what it would say.
      }
    },
    outIsTerminal,
    errIsTerminal: isTerminal(2),
    // A stream of Node's is made only where it knows its columns.
    columns: outIsTerminal ? (process.stdout.columns ?? null) : null,
    env: process.env,
    input: () => (isTerminal(0) ? '' : readFileSync(0, 'utf8')),
    ...(outIsTerminal && process.env.TERM !== 'dumb'
      ? {
          page() {
            pager ??= startPager(process.env)
          },
        }
      : {}),
    async finish() {
      await pager?.finish()
    },
  }
}
