import { asciiText } from '../../render/ascii.js'
import type { Writer } from '../../render/writer.js'
import { isAsciiLocale } from './locale.js'
import type { Terminal } from './terminal.js'
import { wrapLines } from './wrap.js'

/** On terminals that are narrower, nothing is gained by breaking lines. */
const LEAST_WIDTH = 20

/** Text on its way to people. */
export interface ForPeople {
  write: Writer
  /** Hands on a last line that has no end. */
  flush(): void
}

/**
 * Makes text as wide as the terminal that it goes to, and puts it into characters that the locale has. Bytes pass as they are.
 * What goes to a file or a pipe is not wrapped.
 */
export function forPeople(write: Writer, terminal: Terminal, toTerminal: boolean): ForPeople {
  const columns = toTerminal ? (terminal.columns ?? 0) : 0
  const wraps = columns >= LEAST_WIDTH
  const ascii = isAsciiLocale(terminal.env)
  const put = (text: string) => {
    const spelled = ascii ? asciiText(text) : text
    if (spelled !== '') write(wraps ? wrapLines(spelled, columns) : spelled)
  }
  let line = ''
  const flush = () => {
    put(line)
    line = ''
  }
  return {
    flush,
    write(chunk) {
      if (typeof chunk !== 'string') {
        flush()
        write(chunk)
        return
      }
      const end = wraps ? chunk.lastIndexOf('\n') + 1 : chunk.length
      if (end === 0) line += chunk
      else {
        put(line + chunk.slice(0, end))
        line = chunk.slice(end)
      }
    },
  }
}
