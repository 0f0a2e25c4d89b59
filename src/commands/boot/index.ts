import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { type Boot, type BootOptions, bootState } from '../../boot/boot.js'
import { writeJson } from '../../render/json.js'
import { parseAddress } from '../shared/numbers.js'
import { openState } from '../shared/open-state.js'
import {
  addImageOptions,
  addOutputOptions,
  addReaderOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'
import { bootJson } from './json.js'
import { writeReservations } from './lines.js'
import { writeLookUps, writeRestores, writeSkipped, writeSteps } from './text.js'

interface BootCommand extends ImageOptions, OutputOptions {
  reader?: string
  readerCmdline?: string
  reservations?: boolean
  skipped?: boolean
  restore?: string[]
  lookUp?: string[]
}

const HELP = `
Lines (stable):
  --reservations  0x<start>-0x<end> <who>, one a call, in the order of the kernel's own calls
                  (who: scratch, fdt, chunk, block <order>)
  --skipped       0x<start>-0x<end>, merged: what never reaches the page allocator
  --restore       0x<addr> <function>: <result>
  --look-up       0x<addr> skipped: <tables, and the bit>, or "handed to the page allocator"

Examples:
  kho boot vmcore
  kho boot vmcore --reader 6.19 --reservations | head
  kho boot vmcore --restore 0x60d000 0x1f100000
  kho convert vmcore --to mail-table -o table.elf; kho boot table.elf --look-up 0x60d000`

/** `kho boot IMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Follow a reading kernel through early boot: its checks, what it reserves, what it stamps.')
    .argument('<IMAGE>', 'a memory dump')
    .option('--reservations', "every call of memblock_reserve(), in the kernel's order")
    .option('--skipped', 'what is never handed to the page allocator')
    .option('--restore <ADDR...>', 'what restoring these addresses gives, once and again')
    .option('--look-up <ADDR...>', 'how a kernel that skips pages, and reserves none, comes to know of these')
    .addHelpText('after', HELP)
    .action((image: string, options: BootCommand) => run(image, options, terminal))
  addOutputOptions(command, 'document')
  addReaderOptions(command)
  addImageOptions(command)
}

async function run(path: string, options: BootCommand, terminal: Terminal): Promise<void> {
  const restored = (options.restore ?? []).map(parseAddress)
  const lookedUp = (options.lookUp ?? []).map(parseAddress)
  const state = await openState(path, options, terminal)
  const { pageSize } = state.geometry
  const boot = bootState(state, settingsOf(options))
  if (lookedUp.length > 0) requireLookUps(boot)
  writeOutput(terminal, options, [path, ...(options.part ?? [])], write => {
    if (options.json === true) writeJson(write, bootJson(boot, pageSize, restored, lookedUp))
    else if (options.reservations === true) writeReservations(write, boot.reservations, pageSize)
    else if (options.skipped === true) writeSkipped(write, boot)
    else if (restored.length > 0) writeRestores(write, boot, restored)
    else if (lookedUp.length > 0) writeLookUps(write, boot, lookedUp)
    else writeSteps(write, boot, pageSize)
  })
}

function settingsOf({ reader, readerCmdline, ram, absent }: BootCommand): BootOptions {
  return {
    ...(reader === undefined ? {} : { reader }),
    ...(readerCmdline === undefined ? {} : { readerCmdline }),
    ...(ram === undefined ? {} : { ram }),
    absentIsZero: absent === 'zero',
  }
}

function requireLookUps({ kernel }: Boot): void {
  if (kernel.reads.keeps === 'skip') return
  const message = `${kernel.release} looks nothing up: it walks the map and reserves each block (--reservations)`
  throw new KhoError('usage', message)
}
