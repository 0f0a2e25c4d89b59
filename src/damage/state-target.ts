import { abiOf } from '../../formats/kernels/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { joinBytes } from '../../formats/memory/join-bytes.js'
import {
  type Absent,
  type PhysicalMemory,
  type Present,
  presentRanges,
} from '../../formats/memory/physical-memory.js'
import type { Range } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { knownRam } from '../kernel/reader/choose.js'
import { type Overlay, overlayMemory } from '../write/overlay.js'
import { builderFor, ramChoices } from '../write/placement.js'
import type { DamageTarget } from './damage.js'
import { cannotBreak, type Decoded, makeTarget, type TargetBase } from './target.js'

/** A dump's state, to be broken: the dump stays as it is, what changes lies over it. */
export interface StateTarget {
  target(seed: number): DamageTarget
  /** The memory with all that was changed. */
  result(): Overlay
}

/** Throws `cannot-express` for a copy of debugfs: it has no memory. `decoded` is for several targets of a state of which each has one change. */
export function createStateTarget(state: KhoState, seed: number, decoded?: Decoded): StateTarget {
  const { image, geometry, abi, root } = state
  if (image.dump.debugfs !== undefined) throw cannotBreak('memory')
  const { pageSize } = geometry
  // A dump that was cut to some pages names no free ones.
  const choices = [...ramChoices(state)]
  const { ram } = knownRam(image, undefined) === null ? choices.at(-1)! : choices[0]!
  const builder = builderFor(state, ram, state.tracker.decode.pages, seed)
  const dropped: Range[] = []
  const written = new Set<number>()

  const isDropped = (at: number) => dropped.some(({ start, end }) => at >= start && at < end)
  const result = (): Overlay => {
    const present = presentRanges(image.memory)
    const patches = builder.segments().map(({ phys, bytes }) => ({ address: phys, bytes }))
    return overlayMemory(image.memory, present, patches, dropped)
  }
  /** What a page held stays in it: the builder has it as zeros at first. */
  const page = (address: number) => {
    const { bytes } = builder.place(address, 1)
    if (written.has(address)) return
    written.add(address)
    const read = image.memory.read(address, pageSize)
    if (read.ok) bytes.set(read.bytes)
  }
  const changed = layered(image.memory, builder.memory(), isDropped, pageSize)
  const base: TargetBase = {
    machine: {
      ram: image.ramKnown,
      scratch: (state.scratch ?? [])
        .filter(({ size }) => size > 0)
        .map(({ start, size }) => ({ address: start, size })),
      records: root.evidence.flatMap(({ kind, address }) =>
        kind === 'setup-data' && address !== null ? [address] : [],
      ),
      scratchArray: state.scratch === null ? null : state.scratchArray,
    },
    abi: abiOf(abi),
    root: root.address,
    builder,
    memory: () => changed,
    ...(decoded === undefined ? {} : { decoded }),
    pages(address, count) {
      for (let n = 0; n < count; n++) page(address + n * pageSize)
      return builder.place(address, count).bytes
    },
    remove(address, count) {
      builder.free(address, count)
      dropped.push({ start: address, end: address + count * pageSize })
    },
  }
  return { target: each => makeTarget(base, each), result }
}

/** What is read at once where pages of two memories may have to be put together. */
const MOST_ASSEMBLED = 2 ** 24

/** A memory with the pages of another one over it: shows at once what is written into those. */
function layered(
  base: PhysicalMemory,
  over: PhysicalMemory,
  isDropped: (address: number) => boolean,
  pageSize: number,
): PhysicalMemory {
  const pageOf = (phys: number, length: number): Present | Absent => {
    const own = over.read(phys, length)
    if (own.ok) return own
    return isDropped(phys) ? { ok: false, reason: 'excluded', address: phys } : base.read(phys, length)
  }
  return {
    ...base,
    read(phys, length) {
      // Behind 2^53 the sums below are not exact: there is no memory there, as the dump itself says.
      if (phys >= ADDRESS_LIMIT || length > MOST_ASSEMBLED) return base.read(phys, length)
      const pieces: Uint8Array[] = []
      for (let at = phys; at < phys + length; ) {
        const read = pageOf(at, Math.min(pageSize - (at % pageSize), phys + length - at))
        if (!read.ok) return read
        pieces.push(read.bytes)
        at += read.bytes.length
      }
      return { ok: true, bytes: pieces.length === 1 ? pieces[0]! : joinBytes(pieces), offset: null }
    },
  }
}
