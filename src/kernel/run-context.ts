import type { PageAllocator } from '../../formats/blobs/index.js'
import type { LayoutSet } from '../../formats/described/index.js'
import type { Abi } from '../../formats/kernels/index.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import type { Place } from '../../formats/memory/range.js'
import type { ContentRange, OpenContents } from '../scenario/contents.js'
import type { Scenario } from '../scenario/schema.js'
import type { Errno, RootChild, RootWriter } from '../write/root-writer.js'
import type { Kho } from './kho.js'
import type { LuoModel } from './luo-state.js'
import type { Plan } from './plan.js'

/** What carrying out a call works on. */
export interface RunContext {
  scenario: Scenario
  abi: Abi
  kho: Kho
  builder: MemoryBuilder
  root: RootWriter
  plan: Plan
  luo: LuoModel
  open: OpenContents
  /** Bytes of preserved memory that the dump will have. */
  contents: ContentRange[]
  /** vmalloc areas by name: their pages, and the chunk pages. */
  areas: Map<string, { runs: number[]; order: number; chunks: number[] }>
  /** Regions of reserve_mem so far. */
  regions: { name: string; start: number; size: number }[]
  /** Users that wait for finalize: up to 6.18 the notifier chain calls them then. */
  waiting: (() => Errno)[]
  notes: string[]
  /** Structures that are told as data. */
  layouts: LayoutSet
}

/** Pages that are preserved as folios, at the address that the scenario gives that name, if it does. */
export function metadataPages(
  context: Pick<RunContext, 'scenario' | 'builder' | 'kho'>,
  name: string,
): PageAllocator {
  const { scenario, builder, kho } = context
  const { place } = scenario.machine
  let given = Object.hasOwn(place, name) ? place[name] : undefined
  return {
    allocate(count) {
      const pages = given === undefined ? builder.allocate(count) : builder.place(given, count)
      given = undefined
      const order = Math.ceil(Math.log2(count))
      const refused = kho.preserveFolio(pages.address, order)
      if (refused !== null) context.kho.notes.push(`preserving a page of ${name} gave ${refused}`)
      return pages
    },
  }
}

/** kho_add_subtree(): at once, or when the notifier chain runs. */
export function addChild(context: RunContext, name: string, make: () => RootChild): Errno {
  const add = (): Errno => {
    const refused = context.root.add(make())
    if (refused !== null) context.notes.push(`adding the child ${name} gave ${refused}`)
    return refused
  }
  if (context.kho.kernel.writes.root !== 'notifier') return add()
  context.waiting.push(add)
  return null
}

/** A child that points to a blob. */
export function blobChild(name: string, { address, size }: Place): RootChild {
  return { name, address, size }
}
