import wrapAnsi from 'wrap-ansi'
import { asciiText } from '../../render/ascii.js'
import type { Writer } from '../../render/writer.js'
import { isAsciiLocale } from './locale.js'
import type { Terminal } from './terminal.js'

/** Continued lines stand this much to the right of their first one. */
const HANG = 4

/** On terminals that are narrower, nothing is gained by breaking lines. */
const LEAST_WIDTH = 20

/** Breaks lines at blanks where they are wider than `columns`, and indents what is continued. Longer words stay whole. */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map(line => (line.length <= columns || shown(line) <= columns ? line : wrapLine(line, columns)))
    .join('\n')
}

/** Characters of a line that take room. */
function shown(line: string): number {
  return line.replace(/\x1b\[[0-9;]*m/g, '').length
}

function wrapLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0]
  const hang = Math.min(indent.length + HANG, Math.floor(columns / 2))
  const [first, ...rest] = wrapAnsi(line.slice(indent.length), columns - hang, { trim: true }).split('\n')
  // Blanks that stood at a break are no indentation.
  return [indent + first, ...rest.map(next => ' '.repeat(hang) + next.trimStart())].join('\n')
}

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
