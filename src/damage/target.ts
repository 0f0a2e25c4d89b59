import { decodeBlob } from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import { type FdtNode, findProperty, nativeU64, readFdt } from '../../formats/fdt/index.js'
import { locateTracker, trackerOptions } from '../../formats/kernels/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { ScenarioRun } from '../kernel/run-scenario.js'
import { createRandom } from '../scenario/random.js'
import type { DamageTarget } from './damage.js'

/** The error of a damage that does not apply. */
export function cannotBreak(what: string): KhoError {
  return new KhoError('cannot-express', `this state has no ${what} to break`, {
    hint: 'take a scenario that has one',
  })
}

/** A target over a run's memory. Throws `cannot-express` where the run has no root FDT yet. */
export function createTarget(run: ScenarioRun, seed: number): DamageTarget {
  const { builder, root, kho } = run
  if (root === null) throw cannotBreak('root FDT')
  const { geometry } = builder
  const { pageSize } = geometry
  const abi = kho.kernel.layout
  const random = createRandom(seed)
  const memory = builder.memory()

  const read = (address: number, length: number): Uint8Array => {
    const found = memory.read(address, length)
    if (!found.ok) throw cannotBreak(`bytes at 0x${address.toString(16)}`)
    return found.bytes
  }
  const write = (address: number, bytes: Uint8Array) => {
    const first = Math.floor(address / pageSize) * pageSize
    const count = Math.ceil((address + bytes.length - first) / pageSize)
    builder.place(first, count).bytes.set(bytes, address - first)
  }
  const words = (length: number, fill: (view: DataView) => void) => {
    const bytes = new Uint8Array(length)
    fill(viewOf(bytes))
    return bytes
  }
  const fdt = () => {
    const size = viewOf(read(root, 8)).getUint32(4)
    const { tree } = readFdt(read(root, size))
    if (tree === null) throw cannotBreak('readable root FDT')
    return tree
  }
  return {
    run,
    abi,
    geometry,
    root,
    random,
    fdt,
    tracker() {
      const tracker = trackerOf(abi.tracker)
      const found = locateTracker(abi.name, fdt().root)
      if (found === null) throw cannotBreak('tracker')
      return {
        root: found,
        decode: tracker.decode(builder.memory(), found, trackerOptions(abi.name, geometry)),
      }
    },
    blobs: () =>
      fdt()
        .root.children.filter(child => child.name !== 'preserved-memory')
        .map(child => decodeBlob(builder.memory(), { name: child.name, geometry, ...pointerOf(child) })),
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
      builder.free(Math.floor(address / pageSize) * pageSize, count)
    },
    allocate: count => builder.allocate(count),
    pick(list, what) {
      if (list.length === 0) throw cannotBreak(what)
      return list[random.below(list.length)]!
    },
  }
}

function pointerOf(child: FdtNode): { address: number; size: number | null; inlineNode?: FdtNode } {
  const pointer = findProperty(child, 'preserved-data') ?? findProperty(child, 'fdt')
  if (pointer === null) return { address: 0, size: null, inlineNode: child }
  const address = nativeU64(pointer)
  const size = findProperty(child, 'blob-size')
  const bytes = size && nativeU64(size)
  return {
    address: address !== null && address < ADDRESS_LIMIT ? Number(address) : 0,
    size: bytes === null || bytes >= ADDRESS_LIMIT ? null : Number(bytes),
  }
}
