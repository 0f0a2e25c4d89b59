import { type OutputFile, openOutputFile, streamOutput } from '../../node/output-file.js'
import { packedByName } from '../../node/packed-output.js'
import type { Terminal } from './terminal.js'

/** How an output is written. */
export interface ContentOptions {
  /** Compress it where its name ends in `.gz` or `.zst`. Default: as it is. */
  pack?: boolean
}

/**
 * Opens the file that a user named; `-` is standard output. Never what the command reads: `inputs`, and what the terminal
 * remembers. Throws `missing`, `usage`.
 */
export function openContentFile(
  path: string,
  inputs: readonly string[],
  terminal: Terminal,
  options: ContentOptions = {},
): OutputFile {
  if (path === '-') return streamOutput(terminal.out)
  const open = () => openOutputFile(path, [...inputs, ...(terminal.inputs ?? [])])
  return options.pack === true ? packedByName(path, open) : open()
}
