import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { type DiffOptions, diffStates } from '../../diff/diff.js'
import { checkTerm, ignoreTerm } from '../../diff/ignore.js'
import { loadState } from '../../image/load-state.js'
import type { KhoState } from '../../image/state.js'
import { writeJson } from '../../render/json.js'
import { EXIT } from '../shared/exit-codes.js'
import { openState, stateOptionsOf } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import { secondGiven, secondOptions } from '../shared/second-image.js'
import type { Terminal } from '../shared/terminal.js'
import { diffJson } from './json.js'
import { writeStat } from './stat.js'
import { type DiffTextOptions, writeDiff } from './text.js'

interface DiffCommandOptions extends ImageOptions, OutputOptions {
  structure?: boolean
  stat?: boolean
  all?: boolean
  ignore?: string[]
}

/** Lines and ranges that are shown before `… N more`. */
const SHOWN_LINES = 16
const SHOWN_RANGES = 3

const HELP = `
Lines (stable):
  - PATH …   only in A
  + PATH …   only in B
  ~ PATH …   in both, changed
  ? PATH …   not known, because a dump lacks it: never a difference

Without B: the incoming state of A against its outgoing one (--root and --b-root say which else).

Exit code 0: the same preserved set, owners, contents and scratch. Exit code 1: not. Classes that count with
--structure only: version, address, split, structure.

Classes: added, removed, renamed, moved, resized, content-changed, flags, version, address, split, structure, unknown.

Examples:
  kho diff before.elf after.elf
  kho diff before.elf after.elf --structure --ignore kexec-metadata --ignore address
  kho diff vmcore --stat`

/** `kho diff A [B]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Show what changed between two states: by owner, then what nobody owns.')
    .argument('<A>', 'a memory dump')
    .argument('[B]', 'another one')
    .option('--structure', 'show and count versions, addresses, orders and the tracker, too')
    .option('--stat', 'one line for each owner')
    .option('--all', 'show every change and every range')
    .addHelpText('after', HELP)
    .action((a: string, b: string | undefined, options: DiffCommandOptions) =>
      diff(a, b, options, terminal, command),
    )
  addOptions(command, [
    {
      name: 'ignore',
      value: 'PATH|CLASS',
      about: 'leave out a part of the states, or a class of changes',
      parse: ignoreTerm,
      repeat: true,
    },
  ])
  addOutputOptions(command, 'document')
  addImageOptions(command)
  addImageOptions(command, 'b-')
}

async function diff(
  pathA: string,
  pathB: string | undefined,
  options: DiffCommandOptions,
  terminal: Terminal,
  command: Command,
): Promise<void> {
  if (options.json === true && options.stat === true) {
    throw new KhoError('usage', '--json and --stat exclude each other: the JSON has totals')
  }
  const optionsB = secondOptions(options, command)
  const { a, b } =
    pathB === undefined
      ? await openSides(pathA, options, command, terminal)
      : { a: await openState(pathA, options, terminal), b: await openState(pathB, optionsB, terminal) }
  for (const term of options.ignore ?? []) checkTerm(term, [a, b])
  const wanted: DiffOptions = { structure: options.structure === true, ignore: options.ignore ?? [] }
  const found = diffStates(a, b, wanted)
  const text: DiffTextOptions = {
    ...wanted,
    palette: paletteOf(wantsColor(options, terminal)),
    lines: options.all === true ? Number.POSITIVE_INFINITY : SHOWN_LINES,
    ranges: options.all === true ? Number.POSITIVE_INFINITY : SHOWN_RANGES,
  }
  const inputs = [pathA, pathB, ...(options.part ?? []), ...(optionsB.part ?? [])]
  writeOutput(
    terminal,
    options,
    inputs.filter(input => input !== undefined),
    write => {
      if (options.json === true) writeJson(write, diffJson(found, wanted))
      else if (options.stat === true) writeStat(write, found, text)
      else writeDiff(write, found, text)
    },
  )
  if (!found.same) terminal.code = EXIT.found
}

/** Both sides of one dump. What `--b-` options there are beside the root's are about a file that there is not. */
async function openSides(
  path: string,
  options: DiffCommandOptions,
  command: Command,
  terminal: Terminal,
): Promise<{ a: KhoState; b: KhoState }> {
  const second = secondGiven(command)
  const { root = 'outgoing', ...others } = second
  const [odd] = Object.keys(others)
  if (odd !== undefined) {
    throw new KhoError('usage', `--b- options but --b-root are about a second image; there is one`)
  }
  const a = await openState(path, { ...options, root: options.root ?? 'incoming' }, terminal)
  const b = loadState(a.image, await stateOptionsOf({ ...options, root }, terminal))
  return { a, b }
}
