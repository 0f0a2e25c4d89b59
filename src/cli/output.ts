import { closeSync, openSync, statSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import type { Writer } from '../render/writer.js'
import type { OutputOptions } from './options.js'
import { ClosedPipe, errorCode, type Terminal, writeAll } from './terminal.js'

/** Text is gathered to pieces of about this many characters: few system calls, little memory. */
const PIECE = 1 << 16

/**
 * Runs `render` with a writer to standard output or to `-o FILE`. The file is opened with the first piece, so that
 * a command that fails before it has an answer leaves no file behind; `inputs` are never overwritten.
 */
export function writeOutput(
  terminal: Terminal,
  options: OutputOptions,
  inputs: readonly string[],
  render: (write: Writer) => void,
): void {
  const file = options.output === undefined ? null : outputFile(options.output, inputs)
  const put = file === null ? terminal.out : file.put
  const encoder = new TextEncoder()
  let text = ''
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
    file?.put(new Uint8Array(0))
  } finally {
    file?.close()
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

function outputFile(path: string, inputs: readonly string[]) {
  let fd = -1
  return {
    put(bytes: Uint8Array): void {
      try {
        if (fd < 0) {
          refuseInput(path, inputs)
          fd = openSync(path, 'w')
        }
        writeAll(fd, bytes)
      } catch (error) {
        throw cannotWrite(path, error)
      }
    },
    close(): void {
      if (fd >= 0) closeSync(fd)
    },
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  const code = errorCode(error)
  if (error instanceof ClosedPipe || error instanceof KhoError || code === null) return error
  return new KhoError('missing', `cannot write ${path}: ${code}`, { path })
}

/** An image is evidence: the answer about it must not take its place. */
export function refuseInput(path: string, inputs: readonly string[]): void {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there === undefined || !there.isFile()) return
  for (const input of inputs) {
    const other = statSync(input, { throwIfNoEntry: false })
    if (other !== undefined && other.dev === there.dev && other.ino === there.ino) {
      throw new KhoError('usage', `-o ${path} would overwrite the image`, { path })
    }
  }
}
