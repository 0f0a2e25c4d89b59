import { asciiText } from '../../render/ascii.js'
import { escapeText } from '../../render/escape.js'
import { isAsciiLocale } from './locale.js'
import type { Terminal } from './terminal.js'

/** One diagnostic line. Text from a dump or a command line is escaped, so that it stays one line. */
export function warn(terminal: Terminal, message: string): void {
  const line = escapeText(message)
  terminal.err(`kho: ${isAsciiLocale(terminal.env) ? asciiText(line) : line}\n`)
}
