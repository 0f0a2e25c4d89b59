import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import type { Writer } from '../../render/writer.js'
import { openState } from '../shared/open-state.js'
import {
  addImageOptions,
  addOutputOptions,
  checkOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'
import { type PagesForm, writeBlocks, writeRanges } from './list.js'

interface PagesOptions extends ImageOptions, OutputOptions {
  ranges?: boolean
  owner?: boolean
  partial?: boolean
}

const HELP = `
Lines (stable):
  0x<phys> <order>             a block of 2^order pages, sorted by address, then order
  0x<start>-0x<end> <bytes>    with --ranges: half-open, merged over orders, sorted
With --owner a column more: the path of who claims it, or -; of several the first and +N. Ranges are
then not merged across owners.

Exit code 5, and no output, when the map is stale or the dump lacks a part of it: half a list, taken
for the whole, is worse than none. With --partial the blocks that its readable nodes show are written
first; of a stale map they may be anything. Exit code 5 after the blocks that are known, too, when
pointers of a live map lead nowhere.

Examples:
  kho pages vmcore
  kho pages vmcore --ranges
  kho pages vmcore --root incoming --ndjson
  kho pages vmcore --root incoming --partial`

/** `kho pages IMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('List the preserved blocks, one a line.')
    .argument('<IMAGE>', 'a memory dump')
    .option('--ranges', 'merge the blocks to ranges of bytes')
    .option('--owner', 'say who claims each block or range')
    .option('--partial', 'write what is readable of a stale or partial map; the exit code is 5 all the same')
    .addHelpText('after', HELP)
    .action((image: string, options: PagesOptions) => pages(image, options, terminal))
  addOutputOptions(command, 'list')
  addImageOptions(command)
}

async function pages(image: string, options: PagesOptions, terminal: Terminal): Promise<void> {
  checkOutputOptions(options)
  const state = await openState(image, options, terminal)
  const refusal = incomplete(state)
  if (refusal !== null && (options.partial !== true || state.tracker.state === 'absent')) throw refusal
  const form: PagesForm = options.json === true ? 'json' : options.ndjson === true ? 'ndjson' : 'text'
  const list = await listWriter(state, options)
  writeOutput(terminal, options, [image, ...(options.part ?? [])], write => list(write, form))
  if (refusal !== null) throw refusal
  const { faults, badPointers } = state.tracker.decode
  if (badPointers > 0) {
    const message = `${plural(badPointers, 'pointer', 'pointers')} of the tracker lead nowhere: what hung there is not listed`
    throw new KhoError('broken-state', message, {
      address: state.root.address,
      hint: '`kho dump` lists the faults',
    })
  }
  if (faults.length > 0 && options.quiet !== true) {
    warn(terminal, `the tracker has ${plural(faults.length, 'fault', 'faults')}: \`kho dump\` lists them`)
  }
}

/** What `--owner` needs is loaded only for it. */
async function listWriter(
  state: KhoState,
  { ranges, owner }: PagesOptions,
): Promise<(write: Writer, form: PagesForm) => void> {
  const { pages } = state.tracker.decode
  if (owner !== true) {
    const list = ranges === true ? writeRanges : writeBlocks
    return (write, form) => list(write, pages, form)
  }
  const { ownershipOf } = await import('../../owners/ownership.js')
  const { writeOwnedBlocks, writeOwnedRanges } = await import('./owned-list.js')
  const list = ranges === true ? writeOwnedRanges : writeOwnedBlocks
  return (write, form) => list(write, pages, ownershipOf(state), form)
}

/** Why a map is not all of what is preserved; null where it is, as far as its pointers lead anywhere. */
function incomplete(state: KhoState): KhoError | null {
  const { tracker, root } = state
  const { absentNodes, badPointers, nodes } = tracker.decode
  if (tracker.state === 'live') return null
  if (tracker.state === 'partial' && absentNodes === 0 && badPointers === 0) return null
  const known = [plural(nodes.length, 'node read', 'nodes read')]
  if (absentNodes > 0) known.push(`${absentNodes} not in the dump`)
  if (badPointers > 0) known.push(plural(badPointers, 'bad pointer', 'bad pointers'))
  const why = tracker.reason === null ? '' : `: ${tracker.reason}`
  const hint = whatToTry(state)
  return new KhoError(
    'broken-state',
    `the ${root.direction === 'unknown' ? '' : `${root.direction} `}map of preserved memory is ${tracker.state}${why} (${known.join(', ')})`,
    hint === null ? { address: root.address } : { address: root.address, hint },
  )
}

function whatToTry(state: KhoState): string | null {
  const other = state.candidates.find(c => c.state === 'live' && c.address !== state.root.address)
  if (other !== undefined) return `--root ${hex(other.address)} (${other.direction}) has a live map`
  if (state.image.container !== 'raw' || state.tracker.decode.absentNodes === 0) return null
  return 'a raw file does not say which memory it holds: --base, --map or --low-memory do'
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
