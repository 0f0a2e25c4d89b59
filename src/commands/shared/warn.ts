import { escapeText } from '../../render/escape.js'
import type { Terminal } from './terminal.js'

/** One diagnostic line. Text from a dump or a command line is escaped, so that it stays one line. */
export function warn(terminal: Terminal, message: string): void {
  terminal.err(`kho: ${escapeText(message)}\n`)
}
