import type { Blob } from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import { type FdtTree, readFdt, totalSize } from '../../formats/fdt/index.js'
import { type Abi, locateTracker, trackerOptions } from '../../formats/kernels/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import { trackerOf } from '../../formats/trackers/index.js'
import { decodeBlobs } from '../image/child-blob.js'
import { createRandom } from '../scenario/random.js'
import type { DamagedMachine, DamageTarget } from './damage.js'

/** The error of a damage that does not apply. */
export function cannotBreak(what: string): KhoError {
  return new KhoError('cannot-express', `this state has no ${what} to break`, {
    hint: 'take a scenario that has one',
  })
}

/** What the decoders make of a state's bytes. */
export interface Decoded {
  /** Device trees by address. */
  trees?: Map<number, FdtTree>
  tracker?: ReturnType<DamageTarget['tracker']>
  blobs?: Blob[]
}

/** What a target is made over. */
export interface TargetBase {
  /** What was decoded while nothing was changed: targets over the same bytes may have it in common. */
  readonly decoded?: Decoded
  readonly machine: DamagedMachine
  readonly abi: Abi
  /** Physical address of the root FDT. */
  readonly root: number
  /** Holds what is changed, and places what is new. */
  readonly builder: MemoryBuilder
  /** The memory as it is now, changes included. */
  memory(): PhysicalMemory
  /** Pages to write into, with what they hold. */
  pages(address: number, count: number): Uint8Array
  remove(address: number, count: number): void
}

/** The nth of a list, from its end where n is negative; what is broken already may have fewer. */
export function elementOf<T>(list: ArrayLike<T>, n: number, what: string): T {
  const found = list[n < 0 ? list.length + n : n]
  if (found === undefined) throw cannotBreak(what)
  return found
}

/** A target over any memory. */
export function makeTarget(base: TargetBase, seed: number): DamageTarget {
  const { builder, root, abi, machine } = base
  const { geometry } = builder
  const { pageSize } = geometry
  const random = createRandom(seed)
  // A blob of a million entries is decoded once, not for each question: until the first change, after which all is read anew.
  let decoded: Decoded | null = base.decoded ?? {}
  const once = <K extends keyof Decoded>(
    key: K,
    make: () => NonNullable<Decoded[K]>,
  ): NonNullable<Decoded[K]> => {
    const known = decoded?.[key] ?? make()
    if (decoded !== null) decoded[key] = known
    return known as NonNullable<Decoded[K]>
  }
  const changes = () => {
    decoded = null
  }

  const read = (address: number, length: number): Uint8Array => {
    const found = base.memory().read(address, length)
    if (!found.ok) throw cannotBreak(`bytes at 0x${address.toString(16)}`)
    return found.bytes
  }
  const write = (address: number, bytes: Uint8Array) => {
    changes()
    if (!(address >= 0 && address + bytes.length <= ADDRESS_LIMIT)) throw cannotBreak('address to write to')
    const first = Math.floor(address / pageSize) * pageSize
    const count = Math.ceil((address + bytes.length - first) / pageSize)
    base.pages(first, count).set(bytes, address - first)
  }
  const words = (length: number, fill: (view: DataView) => void) => {
    const bytes = new Uint8Array(length)
    fill(viewOf(bytes))
    return bytes
  }
  const readTree = (address: number, what: string) => {
    const size = totalSize(read(address, 8))
    const tree = size === null ? null : readFdt(read(address, size)).tree
    if (tree === null) throw cannotBreak(`readable ${what}`)
    return tree
  }
  const fdt = (address = root, what = 'root FDT') => {
    const trees = once('trees', () => new Map<number, FdtTree>())
    const tree = trees.get(address) ?? readTree(address, what)
    trees.set(address, tree)
    return tree
  }
  const decodeTracker = () => {
    const found = locateTracker(abi.name, fdt().root)
    if (found === null) throw cannotBreak('tracker')
    const options = trackerOptions(abi.name, geometry)
    return { root: found, decode: trackerOf(abi.tracker).decode(base.memory(), found, options) }
  }
  const tracker = () => once('tracker', decodeTracker)
  return {
    machine,
    get builder() {
      changes()
      return builder
    },
    abi,
    geometry,
    root,
    random,
    fdt,
    tracker,
    blobs: () => once('blobs', () => decodeBlobs(base.memory(), fdt(), geometry)),
    read,
    u64: address => u64(viewOf(read(address, 8)), 0),
    write,
    write32: (address, value) =>
      write(
        address,
        words(4, view => view.setUint32(0, value, true)),
      ),
    write64: (address, value) =>
      write(
        address,
        words(8, view => view.setBigUint64(0, BigInt(value), true)),
      ),
    remove(address, count = 1) {
      changes()
      base.remove(Math.floor(address / pageSize) * pageSize, count)
    },
    unpreserve(address, order) {
      const { root: at, decode } = tracker()
      const options = trackerOptions(abi.name, geometry)
      const steps = trackerOf(abi.tracker).trace(
        { memory: base.memory(), root: at, options, decode },
        address,
        order,
      )
      const last = steps.at(-1)
      const node = decode.nodes.find(candidate => last?.node.endsWith(`/0x${candidate.address.toString(16)}`))
      if (last === undefined || last.bit === null || node === undefined) return false
      const place = node.address + Math.floor(last.bit / 8)
      const [byte] = read(place, 1)
      write(place, Uint8Array.of(byte! & ~(1 << (last.bit % 8))))
      return true
    },
    allocate(count) {
      changes()
      return builder.allocate(count)
    },
    pick(list, what) {
      if (list.length === 0) throw cannotBreak(what)
      return list[random.below(list.length)]!
    },
  }
}
