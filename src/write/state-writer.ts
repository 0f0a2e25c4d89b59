import { KhoError } from '../../formats/error.js'
import { type Abi, encoderOf, kernelOf, trackerOptions } from '../../formats/kernels/index.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import type { PageSet } from '../../formats/pages/page-set.js'
import type { TrackerRoot } from '../../formats/trackers/place.js'
import type { WriterCounts } from '../../formats/trackers/writer.js'
import { createRootWriter, type RootChild } from './root-writer.js'

/** A state to be written: which pages, and what hangs off the root FDT. */
export interface StateSpec {
  abi: Abi
  /** Every preserved block but the page of the root FDT, which is added where the ABI preserves it. */
  pages: PageSet
  /** In the order in which they are added. */
  children: readonly RootChild[]
  /** How the root FDT comes about; by default as the newest release does that writes the ABI. */
  style?: 'live' | 'sequential'
  /** Where the root FDT is to be; by default where the builder has room. */
  rootAddress?: number
}

/** What was written. */
export interface WrittenState {
  /** Physical address of the root FDT. */
  root: number
  /** Bytes of it. */
  rootBytes: number
  tracker: TrackerRoot
  counts: WriterCounts
}

/** Early FDTs had 10 MiB by default, grown as needed. */
const SEGMENT_ROOM = 10 * 2 ** 20

/** True for ABIs whose root FDT is changed in place by the newest kernel that writes them. */
export function isLiveRoot(abi: Abi): boolean {
  return kernelOf(abi.name).writes?.root === 'live'
}

/** Bytes of room in a root FDT: one page from 6.16 on. */
export function rootRoom(abi: Abi, pageSize: number): number {
  return abi.fdtPreserved ? pageSize : SEGMENT_ROOM
}

/**
 * Writes a whole state into a builder: the tracker, then the root FDT that leads to it.
 *
 * @throws KhoError `cannot-express` for a set that the tracker cannot say, or children that do not fit the root FDT
 */
export function writeState(builder: MemoryBuilder, spec: StateSpec): WrittenState {
  const { abi, pages } = spec
  const { geometry } = builder
  const encoder = encoderOf(abi.name)
  const options = trackerOptions(abi.name, geometry)
  const reason = encoder.refuse(pages, options)
  if (reason !== null) throw new KhoError('cannot-express', `${abi.name} cannot say it: ${reason}`)
  const writer = encoder.createWriter(builder, options)
  writer.preserveAll(pages)
  const page = abi.fdtPreserved ? rootPage(builder, spec, 1) : null
  if (page !== null) writer.preserve(page.address, 0)
  const tracker = writer.finish()
  const style = spec.style ?? (isLiveRoot(abi) ? 'live' : 'sequential')
  const root = createRootWriter(abi, style, rootRoom(abi, geometry.pageSize), encoder.attach(tracker))
  for (const child of spec.children) {
    const refused = root.add(child)
    if (refused !== null) {
      throw new KhoError('cannot-express', `the root FDT refuses the child ${child.name}: ${refused}`)
    }
  }
  const bytes = root.bytes()
  const target = page ?? rootPage(builder, spec, Math.ceil(bytes.length / geometry.pageSize))
  target.bytes.set(bytes)
  return { root: target.address, rootBytes: bytes.length, tracker, counts: writer.counts }
}

function rootPage(builder: MemoryBuilder, spec: StateSpec, count: number) {
  return spec.rootAddress === undefined ? builder.allocate(count) : builder.place(spec.rootAddress, count)
}
