import type { Writer } from '../../render/writer.js'
import { openContentFile } from './content-file.js'
import { forPeople } from './for-people.js'
import type { OutputOptions } from './options.js'
import type { Terminal } from './terminal.js'

/** Text is gathered to pieces of about this many characters: few system calls, little memory. */
const PIECE = 1 << 16

/** What an answer is. */
export interface AnswerOptions {
  /** For programs, though not JSON: neither wrapped nor spelled in another way. */
  verbatim?: boolean
}

function isForPrograms({ json, ndjson, verbatim }: OutputOptions & AnswerOptions): boolean {
  return json === true || ndjson === true || verbatim === true
}

/**
 * Runs `render` with a writer to standard output or to `-o FILE`. A command that fails before its answer is whole
 * leaves what was there before; `inputs`, and what the terminal remembers, are never overwritten.
 */
export function writeOutput(
  terminal: Terminal,
  options: OutputOptions & AnswerOptions,
  inputs: readonly string[],
  render: (write: Writer) => void,
): void {
  const toTerminal = isToTerminal(options, terminal)
  if (toTerminal) terminal.page?.()
  const file = openContentFile(options.output ?? '-', inputs, terminal, { pack: true })
  const encoder = new TextEncoder()
  let text = ''
  let size = 0
  const put = (bytes: Uint8Array) => {
    file.write(bytes, size)
    size += bytes.length
  }
  // A UTF-16 unit takes three bytes at the most.
  const buffer = new Uint8Array(PIECE * 6)
  const flush = () => {
    if (text.length * 3 > buffer.length) put(encoder.encode(text))
    else if (text !== '') put(buffer.subarray(0, encoder.encodeInto(text, buffer).written))
    text = ''
  }
  const gather: Writer = chunk => {
    if (typeof chunk === 'string') {
      text += chunk
      if (text.length >= PIECE) flush()
    } else {
      flush()
      put(chunk)
    }
  }
  const people = isForPrograms(options) ? null : forPeople(gather, terminal, toTerminal)
  try {
    render(people?.write ?? gather)
    people?.flush()
    flush()
    file.finish(size)
  } finally {
    file.close()
  }
}

/** Characters of a line of the answer, where it goes to a terminal that says so; else null. */
export function columnsOf(options: OutputOptions, terminal: Terminal): number | null {
  return isToTerminal(options, terminal) ? (terminal.columns ?? null) : null
}

function isToTerminal({ output }: OutputOptions, { outIsTerminal }: Terminal): boolean {
  return outIsTerminal && (output === undefined || output === '-')
}

/** True when the answer may be coloured. */
export function wantsColor(options: OutputOptions, terminal: Terminal): boolean {
  if (options.color !== 'auto') return options.color === 'always'
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return options.output === undefined && terminal.outIsTerminal && TERM !== 'dumb'
}
