import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { kernelNamed, readingKernel } from '../../../formats/kernels/index.js'
import { writeJson } from '../../render/json.js'
import { compareReleases, overall } from '../../rules/compat.js'
import { EXIT } from '../shared/exit-codes.js'
import { addOutputOptions, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { abiJson, writeAbis, writeCompat } from './text.js'

const HELP = `
A and B are releases (6.16, 6.17.9, 7.2, v5) or ABI names (kho-v1-512, kho-v4).
With both, exit code 1 says that B does not take over what A hands on.

Examples:
  kho abi
  kho abi 6.17.8 6.18
  kho abi 7.1 7.2 --json`

/** `kho abi [A [B]]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('List every version of the hand-over, or say who can read whom.')
    .argument('[A]', 'the kernel that hands over')
    .argument('[B]', 'the kernel that takes over; every known one where not given')
    .addHelpText('after', HELP)
    .action((a: string | undefined, b: string | undefined, options: OutputOptions) =>
      abi(a, b, options, terminal),
    )
  addOutputOptions(command, 'document')
}

function abi(a: string | undefined, b: string | undefined, options: OutputOptions, terminal: Terminal): void {
  const palette = paletteOf(wantsColor(options, terminal))
  if (a === undefined || b === undefined) {
    if (a !== undefined)
      throw new KhoError('usage', 'name two releases, or none', { hint: `kho abi ${a} 7.2` })
    writeOutput(terminal, options, [], write => {
      if (options.json === true) writeJson(write, abiJson(null))
      else writeAbis(write, palette)
    })
    return
  }
  const pair = [kernelNamed(a), readingKernel(b)] as const
  const rows = compareReleases(...pair)
  const worst = overall(rows)
  writeOutput(terminal, options, [], write => {
    if (options.json === true) writeJson(write, abiJson({ rows, worst, pair }))
    else writeCompat(write, pair, rows, worst, palette)
  })
  if (worst.outcome !== 'ok') terminal.code = EXIT.found
}
