import { type LayoutSet, layoutSet } from '../../formats/described/index.js'
import { inPostedForm, writingKernelNamed } from '../../formats/kernels/index.js'
import { geometry as geometryOf } from '../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'
import type { ContentRange, OpenContents } from '../scenario/contents.js'
import type { Scenario } from '../scenario/schema.js'
import { type WrittenHandover, writeHandover } from '../write/handover-writer.js'
import { createRootWriter } from '../write/root-writer.js'
import { rootRoom } from '../write/state-writer.js'
import { BOOT_CALLS, bootKernel, type CallResult, type RootFdt } from './kernel.js'
import { createKho, type Kho } from './kho.js'
import { createLuo } from './luo-state.js'
import { closedRanges, type Plan, planScenario, skipBlocks } from './plan.js'
import { runCall } from './run-call.js'
import type { RunContext } from './run-context.js'

/** When the memory is looked at: before the reboot call, at the jump, or early in the next kernel. */
export type Moment = 'out' | 'kexec' | 'early'

/** A scenario that has been carried out. */
export interface ScenarioRun {
  scenario: Scenario
  moment: Moment
  builder: MemoryBuilder
  kho: Kho
  /** Physical address of the root FDT; null where this kernel has not written one yet. */
  root: number | null
  /** What leads the next kernel to it; null before a kexec image is there. */
  handover: WrittenHandover | null
  /** Bytes of preserved memory that the dump has, to be streamed. */
  contents: ContentRange[]
  log: CallResult[]
  notes: string[]
}

/** What decides a run beside the scenario. */
export interface RunOptions {
  /** Default: `kexec` where the scenario ends in that call, else `out`. */
  at?: Moment
  /** Replaces the scenario's seed. */
  seed?: number
  open: OpenContents
  /** Structures that are told as data; those of the posted series where left out. */
  layouts?: LayoutSet
}

/**
 * Carries out a scenario on the model of its kernel.
 *
 * @throws KhoError `usage` and `no-space` for what the machine cannot hold, `cannot-express` for what no structure can
 */
export function runScenario(scenario: Scenario, options: RunOptions): ScenarioRun {
  const moment = options.at ?? (scenario.calls.at(-1)?.name === 'kexec' ? 'kexec' : 'out')
  const context = createContext(scenario, options)
  const { kho, builder, notes } = context
  const log: CallResult[] = []
  const kernel = bootKernel(context, log)
  scenario.calls.forEach((call, index) => {
    if (BOOT_CALLS.has(call.name)) return
    const result = call.name === 'finalize' ? kernel.finalize() : runCall(context, call, index)
    log.push({ index, name: call.name, result })
  })
  if (moment !== 'out') kernel.reboot()
  const fdt = kernel.writeRoot()
  if (fdt === null) notes.push(`${kho.kernel.name} writes its root FDT at finalize: there is none yet`)
  const handover = fdt === null || moment === 'out' ? null : handOver(context, moment, fdt)
  const root = fdt === null ? null : (handover?.root ?? rootOf(builder, fdt))
  return {
    scenario,
    moment,
    builder,
    kho,
    root,
    handover,
    contents: context.contents,
    log,
    notes: [...notes, ...kho.notes],
  }
}

function createContext(scenario: Scenario, options: RunOptions): RunContext {
  const { machine } = scenario
  const seed = options.seed ?? scenario.seed
  const geometry = geometryOf(machine.page_size)
  const released = writingKernelNamed(machine.kernel)
  const kernel = (machine.posted && inPostedForm(released, machine.posted)) ?? released
  const abi = kernel.layout
  const plan = planScenario(scenario, geometry, seed)
  const scratch = scratchRanges(scenario)
  const builder = createMemoryBuilder({
    geometry,
    ram: machine.ram,
    scratch: [...scratch, ...closedRanges(scenario)],
    skipPreserved: address => skipBlocks(plan.strewn, address),
    seed,
  })
  for (const { start, end } of takenRanges(scenario, plan, geometry.pageSize)) builder.reserve(start, end)
  const kho = createKho({ kernel, builder, nodes: machine.nodes, scratch, debug: machine.debug })
  const style = kernel.writes.root === 'live' ? 'live' : 'sequential'
  const map = kho.encoder.attach(EMPTY_MAP)
  return {
    scenario,
    abi,
    kho,
    builder,
    root: createRootWriter(abi, style, rootRoom(abi, geometry.pageSize), map),
    plan,
    luo: createLuo(),
    open: options.open,
    contents: [],
    areas: new Map(),
    regions: [],
    waiting: [],
    notes: [],
    layouts: options.layouts ?? layoutSet(),
  }
}

/** A tracker that is not there yet: address 0, no ranges. */
const EMPTY_MAP = { addresses: [0], mem: new Uint8Array(0) }

function scratchRanges(scenario: Scenario): Range[] {
  return scenario.machine.scratch.map(({ address, size }) => ({ start: address, end: address + size }))
}

function takenRanges(scenario: Scenario, plan: Plan, pageSize: number): Range[] {
  const chunks = scenario.calls.flatMap(call =>
    call.name === 'preserve_vmalloc' ? (call.args.chunks ?? []) : [],
  )
  const placed = [...Object.values(scenario.machine.place), ...chunks]
  return mergeRanges([...plan.taken, ...placed.map(start => ({ start, end: start + pageSize }))])
}

function handOver(context: RunContext, moment: Moment, fdt: RootFdt): WrittenHandover | null {
  const { machine } = context.scenario
  const written = writeHandover(context.builder, {
    arch: machine.arch,
    ram: machine.ram,
    scratch: machine.scratch.map(({ address, size }) => ({ start: address, size })),
    fdt,
    when: moment === 'kexec' ? 'staged' : 'placed',
  })
  if (written === null) {
    context.notes.push('no scratch area has room for the hand-over: the next kernel boots without KHO')
  }
  return written
}

/** Where an FDT is that goes into no page of its own: in the kernel's buffer for it. */
function rootOf(builder: MemoryBuilder, fdt: RootFdt): number {
  if ('address' in fdt) return fdt.address
  const pages = builder.allocate(Math.ceil(fdt.bytes.length / builder.geometry.pageSize))
  pages.bytes.set(fdt.bytes)
  return pages.address
}
