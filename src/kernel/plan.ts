import { KhoError } from '../../formats/error.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import { mergeRanges, type Range, rangesCover } from '../../formats/memory/range.js'
import {
  addBitmap,
  blockSize,
  createPageSet,
  hasBlock,
  orders,
  type PageSet,
  SPAN_BITS,
} from '../../formats/pages/page-set.js'
import type { Call, CallArguments } from '../scenario/calls-schema.js'
import { createRandom, type Random } from '../scenario/random.js'
import type { Scenario } from '../scenario/schema.js'
import { type AddressPool, createAddressPool } from './address-pool.js'
import { allBlocks, randomBlocks } from './bulk.js'

/** Contiguous runs of one length: `count` of them, from `address` on. */
export interface Runs {
  address: number
  count: number
}

/** Folios of kho_test: addresses and orders, in the order of its list. */
export interface TestFolio {
  address: number
  order: number
}

/** Where users' memory is: laid out before the first page of metadata is allocated. By index of the call. */
export interface Plan {
  /** The address of a folio, a range or a region. */
  at: Map<number, number>
  /** Runs of a vmalloc area; of a session, those of each memfd. */
  runs: Map<number, Runs[][]>
  folios: Map<number, TestFolio[]>
  sets: Map<number, PageSet>
  /** Ranges in which no metadata may be placed. */
  taken: Range[]
  /** Blocks strewn over memory that metadata may lie between. */
  strewn: PageSet
}

/** Most folios or runs that are laid next to each other. */
const LONGEST_BATCH = 64

/**
 * Lays out the memory that the calls preserve: where they say, or at addresses that the seed decides.
 *
 * @throws KhoError `usage` for memory that the machine does not have, `no-space` where it is too small
 */
export function planScenario(scenario: Scenario, geometry: Geometry, seed: number): Plan {
  const { machine, calls } = scenario
  const ram = mergeRanges(machine.ram)
  const closed = [
    { start: 0, end: geometry.pageSize },
    ...closedRanges(scenario),
    ...machine.scratch.map(({ address, size }) => ({ start: address, end: address + size })),
    ...Object.values(machine.place).map(address => ({ start: address, end: address + geometry.pageSize })),
  ]
  const pool = createAddressPool(ram, closed)
  const plan: Plan = {
    at: new Map(),
    runs: new Map(),
    folios: new Map(),
    sets: new Map(),
    taken: [],
    strewn: createPageSet(geometry.pageShift),
  }
  const layout: Layout = { plan, pool, geometry, random: createRandom(seed), ram, seed }
  calls.forEach((call, index) => {
    closeGiven(layout, call, index)
  })
  const whole = ram.at(-1)!.end - ram[0]!.start
  pool.seek(ram[0]!.start + Math.floor(layout.random.below(whole) * 0.75))
  calls.forEach((call, index) => {
    layOut(layout, call, index)
  })
  return plan
}

/** Memory that neither users nor metadata get by chance: what the scenario says, and on x86 the first MiB. */
export function closedRanges({ machine }: Scenario): Range[] {
  return [...machine.avoid, ...(machine.arch === 'x86_64' ? [{ start: 0, end: 2 ** 20 }] : [])]
}

interface Layout {
  plan: Plan
  pool: AddressPool
  geometry: Geometry
  random: Random
  ram: readonly Range[]
  seed: number
}

function claim(layout: Layout, index: number, start: number, end: number): void {
  if (!rangesCover(layout.ram, start, end)) {
    throw new KhoError('usage', `calls.${index}: 0x${start.toString(16)}-0x${end.toString(16)} is not in RAM`)
  }
  layout.plan.taken.push({ start, end })
  layout.pool.remove(start, end)
}

/** Memory at addresses that calls give, before any address is chosen. */
function closeGiven(layout: Layout, call: Call, index: number): void {
  const { plan, geometry } = layout
  const { pageSize } = geometry
  const size = givenSize(call, pageSize)
  if (size !== null) {
    const { address } = call.args as { address: number | 'auto' }
    if (address === 'auto') return
    claim(layout, index, address, address + size)
    plan.at.set(index, address)
    return
  }
  if (call.name === 'preserve_vmalloc') {
    for (const address of call.args.addresses ?? [])
      claim(layout, index, address, address + pageSize * 2 ** call.args.order)
    for (const address of call.args.chunks ?? []) layout.pool.remove(address, address + pageSize)
  } else if (call.name === 'kho_test') {
    for (const [address, order] of call.args.folios ?? [])
      claim(layout, index, address, address + pageSize * 2 ** order)
  } else if (call.name === 'preserve_all') {
    claim(layout, index, call.args.range.start, call.args.range.end)
    plan.sets.set(index, allBlocks(geometry, call.args))
  } else if (call.name === 'preserve_random') {
    const set = randomBlocks(geometry, call.args, call.args.seed ?? layout.seed + index)
    plan.sets.set(index, set)
    layout.pool.remove(call.args.range.start, call.args.range.end)
    for (const [order, { spans }] of set.orders) {
      for (const [span, words] of spans) addBitmap(plan.strewn, order, span * SPAN_BITS, words)
    }
  }
}

/** Bytes of the calls that are about one range; null for the others. */
function givenSize(call: Call, pageSize: number): number | null {
  switch (call.name) {
    case 'preserve_folio':
      return pageSize * 2 ** call.args.order
    case 'preserve_pages':
      return pageSize * call.args.pages
    case 'preserve_phys':
    case 'reserve_mem':
      return call.args.size
    default:
      return null
  }
}

function layOut(layout: Layout, call: Call, index: number): void {
  const { plan, pool, geometry } = layout
  const { pageSize } = geometry
  const size = givenSize(call, pageSize)
  if (size !== null) {
    if (plan.at.has(index)) return
    const whole = Math.ceil(size / pageSize) * pageSize
    const align =
      call.name === 'preserve_folio' ? size : call.name === 'reserve_mem' ? call.args.align : pageSize
    const address = pool.take(whole, Math.max(align, pageSize))
    plan.taken.push({ start: address, end: address + whole })
    plan.at.set(index, address)
  } else if (call.name === 'preserve_vmalloc') {
    plan.runs.set(index, [vmallocRuns(layout, call.args, index)])
  } else if (call.name === 'luo_session') {
    const files = call.args.memfds.map(({ size: bytes, order }) =>
      scatter(layout, Math.ceil(bytes / (pageSize * 2 ** order)), order),
    )
    plan.runs.set(index, files)
  } else if (call.name === 'kho_test') {
    plan.folios.set(index, testFolios(layout, call.args))
  }
}

function vmallocRuns(layout: Layout, args: CallArguments<'preserve_vmalloc'>, index: number): Runs[] {
  const { pages, order, addresses } = args
  if (pages % 2 ** order !== 0) {
    throw new KhoError('usage', `calls.${index}: ${pages} pages are no multiple of runs of order ${order}`)
  }
  if (addresses === undefined) return scatter(layout, pages / 2 ** order, order)
  if (addresses.length !== pages / 2 ** order) {
    throw new KhoError(
      'usage',
      `calls.${index}: ${pages / 2 ** order} runs have ${addresses.length} addresses`,
    )
  }
  return addresses.map(address => ({ address, count: 1 }))
}

/** Runs in batches with gaps between them, as a page allocator that has been in use gives them. */
function scatter(layout: Layout, total: number, order: number): Runs[] {
  const { pool, random, geometry, plan } = layout
  const size = geometry.pageSize * 2 ** order
  const batches: Runs[] = []
  for (let left = total; left > 0; ) {
    const count = Math.min(left, 1 + random.below(LONGEST_BATCH))
    const address = pool.take(count * size, size)
    plan.taken.push({ start: address, end: address + count * size })
    batches.push({ address, count })
    pool.seek(address + count * size + random.below(4) * geometry.pageSize)
    left -= count
  }
  return batches
}

/** Folios of random orders up to the size asked for, as lib/test_kho.c allocates them. */
function testFolios(layout: Layout, args: CallArguments<'kho_test'>): TestFolio[] {
  if (args.folios !== undefined) return args.folios.map(([address, order]) => ({ address, order }))
  const { pool, random, geometry, plan } = layout
  const folios: TestFolio[] = []
  for (let left = args.size; left >= geometry.pageSize; ) {
    const most = Math.min(args.order, Math.floor(Math.log2(left / geometry.pageSize)))
    const order = random.below(most + 1)
    const size = geometry.pageSize * 2 ** order
    const address = pool.take(size, size)
    plan.taken.push({ start: address, end: address + size })
    folios.push({ address, order })
    left -= size
  }
  return folios
}

/** The first address at or after one, where no strewn block lies. */
export function skipBlocks(set: PageSet, address: number): number {
  for (const order of orders(set).reverse()) {
    const size = blockSize(set, order)
    const start = Math.floor(address / size) * size
    if (hasBlock(set, start, order)) return start + size
  }
  return address
}
