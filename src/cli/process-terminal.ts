import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Terminal } from '../commands/shared/terminal.js'
import { writeAll } from '../node/write.js'

/** The process's own standard streams. */
export function processTerminal(): Terminal {
  return {
    out: bytes => writeAll(1, bytes),
    err: text => {
      try {
        writeAll(2, new TextEncoder().encode(text))
      } catch {
        // Closed, or on a full disk: nobody is left to be told, and the exit code says what it would say.
      }
    },
    outIsTerminal: isatty(1),
    errIsTerminal: isatty(2),
    columns: process.stdout.columns ?? null,
    env: process.env,
    input: () => (isatty(0) ? '' : readFileSync(0, 'utf8')),
  }
}
