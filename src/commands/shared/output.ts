import type { Writer } from '../../render/writer.js'
import { openContentFile } from './content-file.js'
import type { OutputOptions } from './options.js'
import type { Terminal } from './terminal.js'

/** Text is gathered to pieces of about this many characters: few system calls, little memory. */
const PIECE = 1 << 16

/**
 * Runs `render` with a writer to standard output or to `-o FILE`. A command that fails before its answer is whole
 * leaves what was there before; `inputs`, and what the terminal remembers, are never overwritten.
 */
export function writeOutput(
  terminal: Terminal,
  options: OutputOptions,
  inputs: readonly string[],
  render: (write: Writer) => void,
): void {
  const file = openContentFile(options.output ?? '-', inputs, terminal, { pack: true })
  const encoder = new TextEncoder()
  let text = ''
  let size = 0
  const put = (bytes: Uint8Array) => {
    file.write(bytes, size)
    size += bytes.length
  }
  const flush = () => {
    if (text !== '') put(encoder.encode(text))
    text = ''
  }
  try {
    render(chunk => {
      if (typeof chunk === 'string') {
        text += chunk
        if (text.length >= PIECE) flush()
      } else {
        flush()
        put(chunk)
      }
    })
    flush()
    file.finish(size)
  } finally {
    file.close()
  }
}

/** True when the answer may be coloured. */
export function wantsColor(options: OutputOptions, terminal: Terminal): boolean {
  if (options.color !== 'auto') return options.color === 'always'
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return options.output === undefined && terminal.outIsTerminal && TERM !== 'dumb'
}
