import { isKhoError, KhoError } from '../../formats/error.js'
import {
  type Abi,
  type AbiName,
  abiOf,
  kernelOf,
  releasesWith,
  type WritingKernel,
} from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { presentRanges } from '../../formats/memory/physical-memory.js'
import { type Range, rangesTouch } from '../../formats/memory/range.js'
import { copySet } from '../../formats/pages/algebra.js'
import {
  addRun,
  blocksAt,
  createPageSet,
  hasBlock,
  orders,
  type PageSet,
} from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { overlayMemory } from '../write/overlay.js'
import { builderFor, ramChoices, takenRanges } from '../write/placement.js'
import type { RootChild } from '../write/root-writer.js'
import { isLiveRoot, writeState } from '../write/state-writer.js'
import { type FlbWanted, rewriteBlobs } from './blob-release.js'
import { convertChildren, sourceChildren } from './children.js'
import type { Conversion } from './conversion.js'
import { expressSet } from './express.js'
import { patchHandovers } from './handover.js'
import { type Loss, loss } from './loss.js'
import { howToRead } from './read-with.js'

/** What a state is to become. */
export interface ConvertOptions {
  to: AbiName
  /** Write blobs again in the versions of this release; without it they stay byte for byte. */
  blobs?: WritingKernel
  /** Objects that the reading kernel binds every file to, with `blobs`: those that the state lacks are added. */
  flbs?: readonly FlbWanted[]
  /** Same seed, same addresses. */
  seed?: number
}

/**
 * Writes a state in another ABI: tracker, root FDT, and the records that name it. The rest of the memory stays; the old
 * tracker's pages go.
 *
 * @throws KhoError `broken-state` for a map that is not whole, `cannot-express` for what the ABI cannot say
 */
export function convertState(state: KhoState, options: ConvertOptions): Conversion {
  const { tracker } = state
  if (tracker.state !== 'live' || tracker.decode.badPointers > 0) {
    const why = tracker.reason ?? 'its tracker is not whole'
    throw new KhoError('broken-state', `a ${tracker.state} map cannot be converted: ${why}`, {
      address: state.root.address,
    })
  }
  const choices = [...ramChoices(state)]
  for (const [n, { ram, assumed }] of choices.entries()) {
    try {
      return attempt(state, options, ram, assumed)
    } catch (error) {
      if (!isKhoError(error) || error.code !== 'no-space' || n === choices.length - 1) throw error
    }
  }
  throw new KhoError('no-space', 'the image names no RAM to place a tracker in', {
    hint: 'give --ram START-END',
  })
}

function attempt(
  state: KhoState,
  options: ConvertOptions,
  ram: readonly Range[],
  assumed: boolean,
): Conversion {
  const { geometry } = state
  const target = abiOf(options.to)
  const pages = copySet(state.tracker.decode.pages)
  const seed = options.seed ?? 0
  const builder = builderFor(state, ram, pages, seed)
  // A kernel's slab has given objects away before: one bitmap at the start of a page would look like one of a whole page.
  if (typeof target.bitmap === 'number') builder.allocateObject(target.bitmap)
  const allocator = preservingAllocator(builder, pages)
  const losses = assumptions(state, target, assumed)
  let sources = sourceChildren(state)
  if (options.blobs !== undefined) {
    const rewritten = rewriteBlobs(state, sources, options.blobs, allocator, pages, options.flbs ?? [])
    sources = rewritten.children
    losses.push(...rewritten.losses)
  }
  const converted = convertChildren(state, sources, target, allocator)
  losses.push(...converted.losses)
  const rootAddress = placeRoot(state, target, pages, converted.children, losses)
  const expressed = expressSet(pages, target, geometry)
  losses.push(...expressed.losses)
  const written = writeState(builder, {
    abi: target,
    pages: expressed.pages,
    children: inOrder(target, converted.children),
    ...(rootAddress === null ? {} : { rootAddress }),
  })
  if (target.fdtPreserved) addRun(expressed.pages, 0, written.root / geometry.pageSize, 1)
  reportRootPlace(state, target, written.root, losses)
  const fdtSize = target.fdtPreserved
    ? geometry.pageSize
    : Math.ceil(written.rootBytes / geometry.pageSize) * geometry.pageSize
  const segments = builder.extents().map(({ phys, bytes }) => ({ address: phys, bytes }))
  const patches = [...segments, ...patchHandovers(state, { address: written.root, size: fdtSize })]
  const present = presentRanges(state.image.memory)
  const overlay = overlayMemory(state.image.memory, present, patches, droppedRanges(state, written.root))
  const conversion: Conversion = {
    ...overlay,
    from: state.abi,
    to: target.name,
    root: written.root,
    rootBytes: written.rootBytes,
    counts: written.counts,
    pages: expressed.pages,
    losses,
  }
  losses.push(...howToRead(state, conversion))
  return conversion
}

/** Pages that blobs are written into are preserved, each allocation as one block. */
function preservingAllocator(builder: MemoryBuilder, pages: PageSet) {
  const { pageSize } = builder.geometry
  return {
    allocate(count: number) {
      const order = Math.ceil(Math.log2(count))
      const made = builder.allocate(2 ** order)
      addRun(pages, order, made.address / (pageSize * 2 ** order), 1)
      return made
    },
  }
}

/** Kernels with read-write FDTs put the last child first. */
function inOrder(target: Abi, children: readonly RootChild[]): RootChild[] {
  return isLiveRoot(target) ? [...children].reverse() : [...children]
}

function assumptions(state: KhoState, target: Abi, assumed: boolean): Loss[] {
  const losses: Loss[] = []
  if (assumed) {
    const message =
      'the RAM that the dump knows of has no room: pages lie where it does not say what there is'
    losses.push(loss('PLACEMENT', 'assumed', 'tracker', message))
  }
  if (state.scratch === null) {
    const message = `where scratch lies is not known (${state.scratchReason}): new pages may lie in it`
    losses.push(loss('SCRATCH-UNKNOWN', 'assumed', 'scratch', message))
  }
  const splits = (name: AbiName) => kernelOf(name).writes?.splitAtNodes === true
  if (
    splits(target.name) &&
    !splits(state.abi) &&
    orders(state.tracker.decode.pages).some(order => order > 0)
  ) {
    const { text } = releasesWith(({ writes }) => writes?.splitAtNodes === true)
    const message = `kernels divide ranges at borders of NUMA nodes ${text}; the image does not say where they are`
    losses.push(loss('NUMA', 'assumed', 'tracker', message))
  }
  return losses
}

/**
 * Where the root FDT goes: where it is, if it may be there and fits; the early series else have it in scratch. Null:
 * wherever the builder has room.
 */
function placeRoot(
  state: KhoState,
  target: Abi,
  pages: PageSet,
  children: readonly RootChild[],
  losses: Loss[],
): number | null {
  const { pageSize } = state.geometry
  const { address } = state.root
  const room = Math.ceil(state.fdt.header.totalsize / pageSize)
  const scratch = (state.scratch ?? []).map(({ start, size }) => ({ start, end: start + size }))
  scratch.sort((a, b) => a.start - b.start)
  if (target.fdtPreserved) {
    const preserved = hasBlock(pages, address, 0)
    const free = address % pageSize === 0 && blocksAt(pages, address).every(({ order }) => order === 0)
    if (!free || rangesTouch(scratch, address, address + pageSize)) {
      return null
    }
    if (!preserved) {
      const message = `the page of the root FDT, ${hex(address)}, is preserved, as every ABI from 6.16 on has it`
      losses.push(loss('ROOT-BLOCK', 'changed', 'fdt', message))
    }
    return address
  }
  const needed = Math.ceil(trialBytes(state, target, pages, children) / pageSize)
  if (needed <= room && address % pageSize === 0) return address
  for (const { start, end } of scratch) {
    const hole = holeIn(start, end, needed * pageSize, takenRanges(state))
    if (hole !== null) return hole
  }
  return null
}

/** Bytes that the root FDT will have: written once, elsewhere. */
function trialBytes(state: KhoState, target: Abi, pages: PageSet, children: readonly RootChild[]): number {
  const { geometry } = state
  const trial = builderFor(state, [{ start: 2 ** 50, end: 2 ** 51 }], createPageSet(geometry.pageShift), 0)
  const fitting = expressSet(pages, target, geometry).pages
  return writeState(trial, { abi: target, pages: fitting, children: inOrder(target, children) }).rootBytes
}

/** Top down, as kexec segments are placed. */
function holeIn(start: number, end: number, size: number, taken: readonly Range[]): number | null {
  const unit = 2 ** 16
  for (let at = Math.floor((end - size) / unit) * unit; at >= start; at -= unit) {
    if (!rangesTouch(taken, at, at + size)) return at
  }
  return null
}

function reportRootPlace(state: KhoState, target: Abi, root: number, losses: Loss[]): void {
  if (root === state.root.address) return
  const preserved = target.fdtPreserved ? ', which is preserved' : ''
  const message = `the root FDT moves from ${hex(state.root.address)} to ${hex(root)}${preserved}`
  losses.push(loss('ROOT-MOVED', 'changed', 'fdt', message))
}

/** Whole pages of the old tracker, and of the old root FDT where that has moved. With other roots about, the tracker stays. */
function droppedRanges(state: KhoState, root: number): Range[] {
  const unit = 4096
  const dropped: Range[] = []
  if (state.candidates.length === 1) {
    for (const { address, size } of state.tracker.decode.nodes) {
      if (address % unit === 0 && size % unit === 0) dropped.push({ start: address, end: address + size })
    }
  }
  if (root !== state.root.address) {
    const size = Math.ceil(state.fdt.header.totalsize / unit) * unit
    dropped.push({ start: state.root.address, end: state.root.address + size })
  }
  return dropped
}
