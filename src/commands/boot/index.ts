import type { Command } from 'commander'
import { hex } from '../../../formats/memory/fault.js'
import { forEachRange } from '../../../formats/pages/runs.js'
import {
  type Boot,
  type BootOptions,
  bootState,
  countCalls,
  eachReservation,
  type RestoreCall,
} from '../../boot/boot.js'
import { escapeText } from '../../render/escape.js'
import { type JsonOf, writeJson } from '../../render/json.js'
import type { Writer } from '../../render/writer.js'
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
import { writeReservations } from './lines.js'
import type { schema } from './schema.js'

interface BootCommand extends ImageOptions, OutputOptions {
  reader?: string
  readerCmdline?: string
  reservations?: boolean
  skipped?: boolean
  restore?: string[]
}

const HELP = `
Lines (stable):
  --reservations  0x<start>-0x<end> <who>, one a call, in the order of the kernel's own calls
                  (who: scratch, fdt, chunk, block <order>)
  --skipped       0x<start>-0x<end>, merged: what never reaches the page allocator
  --restore       0x<addr> <function>: <result>

Examples:
  kho boot vmcore
  kho boot vmcore --reader 6.19 --reservations | head
  kho boot vmcore --restore 0x60d000 0x1f100000`

/** `kho boot IMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Follow a reading kernel through early boot: its checks, what it reserves, what it stamps.')
    .argument('<IMAGE>', 'a memory dump')
    .option('--reservations', "every call of memblock_reserve(), in the kernel's order")
    .option('--skipped', 'what is never handed to the page allocator')
    .option('--restore <ADDR...>', 'what restoring these addresses gives, once and again')
    .addHelpText('after', HELP)
    .action((image: string, options: BootCommand) => run(image, options, terminal))
  addOutputOptions(command, 'document')
  addReaderOptions(command)
  addImageOptions(command)
}

async function run(path: string, options: BootCommand, terminal: Terminal): Promise<void> {
  const restored = (options.restore ?? []).map(parseAddress)
  const state = await openState(path, options, terminal)
  const { pageSize } = state.geometry
  const boot = bootState(state, settingsOf(options))
  writeOutput(terminal, options, [path, ...(options.part ?? [])], write => {
    if (options.json === true) writeJson(write, documentOf(boot, pageSize, restored))
    else if (options.reservations === true) writeReservations(write, boot.reservations, pageSize)
    else if (options.skipped === true) writeSkipped(write, boot)
    else if (restored.length > 0) writeRestores(write, boot, restored)
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

function skippedOf(boot: Boot, pageSize: number): { pages: number; ranges: number } {
  const total = { pages: 0, ranges: 0 }
  if (boot.reserved === null) return total
  forEachRange(boot.reserved.pages, (start, end) => {
    total.pages += (end - start) / pageSize
    total.ranges++
  })
  return total
}

function writeSkipped(write: Writer, { reserved }: Boot): void {
  if (reserved === null) return
  forEachRange(reserved.pages, (start, end) => {
    write(`${hex(start)}-${hex(end)}\n`)
  })
}

function writeRestores(write: Writer, boot: Boot, addresses: readonly number[]): void {
  for (const address of addresses) {
    for (const call of boot.restore(address)) write(`${hex(address)} ${call.function}: ${resultOf(call)}\n`)
  }
}

function resultOf(call: RestoreCall): string {
  const { result, again } = call
  const time = again ? 'again, ' : ''
  if (!result.ok) return `${time}NULL${result.warns ? ', with a WARN' : ''}: ${result.reason}`
  if (call.function === 'kho_restore_pages') return `${time}one page, its count 1`
  const tails = 2 ** (result.order ?? 0) - 1
  const rest = tails === 0 ? '' : `, ${tails} tail pages of count 0, one compound page`
  return `${time}a folio of order ${result.order}, its head page of count 1${rest}`
}

function writeSteps(write: Writer, boot: Boot, pageSize: number): void {
  write(`kernel: ${escapeText(boot.kernel.release)}\n`)
  for (const step of boot.steps) write(`${step.function}(): ${escapeText(step.message)}\n`)
  for (const event of boot.events) write(`said: ${escapeText(event.message)}\n`)
  const calls = countCalls(boot.reservations)
  write(`memblock_reserve(): ${calls} ${calls === 1 ? 'call' : 'calls'}\n`)
  for (const [order, count] of ordersOf(boot)) {
    write(`page->private of ${count} heads of order ${order}: ${hex(boot.privateOf(order))}\n`)
  }
  const { pages, ranges } = skippedOf(boot, pageSize)
  write(`never handed to the page allocator: ${pages} pages in ${ranges} ranges\n`)
  for (const range of boot.extended ?? []) {
    write(`early boot may also allocate from ${hex(range.start)}-${hex(range.end)}\n`)
  }
  write(`end: ${boot.end}${boot.cause === null ? '' : `, ${escapeText(boot.cause.message)}`}\n`)
  for (const assumption of boot.assumptions) write(`assumed: ${escapeText(assumption)}\n`)
}

function ordersOf({ reservations }: Boot): [number, number][] {
  const counts = new Map<number, number>()
  for (const entry of reservations) {
    if (entry.who !== 'blocks') continue
    counts.set(entry.order, (counts.get(entry.order) ?? 0) + countCalls([entry]))
  }
  return [...counts].sort(([a], [b]) => a - b)
}

function documentOf(boot: Boot, pageSize: number, addresses: readonly number[]): JsonOf<typeof schema> {
  return {
    schema: 'kho/boot/1',
    kernel: boot.kernel.release,
    end: boot.end,
    why: boot.cause?.message ?? null,
    steps: boot.steps.map(({ address, ...step }) => ({
      ...step,
      address: address === null ? null : hex(address),
    })),
    reservations: {
      *[Symbol.iterator]() {
        for (const { start, end, who, order } of eachReservation(boot.reservations, pageSize)) {
          const info = order === null ? null : hex(boot.privateOf(order))
          yield { start: hex(start), end: hex(end), who, order, private: info }
        }
      },
    },
    extended: boot.extended?.map(({ start, end }) => ({ start: hex(start), end: hex(end) })) ?? null,
    skipped: skippedOf(boot, pageSize),
    restored: addresses.flatMap(address =>
      boot.restore(address).map(({ function: name, again, result }) => ({
        address: hex(address),
        function: name,
        again,
        order: result.ok ? result.order : null,
        failed: result.ok ? null : result.reason,
        warns: !result.ok && result.warns,
      })),
    ),
    assumptions: boot.assumptions,
  }
}
