import type { Blob } from '../../formats/blobs/index.js'
import type { FdtTree } from '../../formats/fdt/index.js'
import type { Abi } from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { BuiltPages, MemoryBuilder } from '../../formats/memory/memory-builder.js'
import type { Place, Range } from '../../formats/memory/range.js'
import type { TrackerRoot } from '../../formats/trackers/place.js'
import type { TrackerDecode } from '../../formats/trackers/tracker.js'
import type { Random } from '../scenario/random.js'

/** What a state lies in: a machine that was simulated, or a dump. */
export interface DamagedMachine {
  /** RAM that is known. */
  readonly ram: readonly Range[]
  /** Scratch areas that have any size. */
  readonly scratch: readonly Place[]
  /** The x86 setup_data records that name the root; none elsewhere, or where the jump has not been made ready. */
  readonly records: readonly number[]
  /** The scratch array, where it is in place. */
  readonly scratchArray: Place | null
}

/** A state that is to be broken: its bytes, and what the decoders make of them at this moment. */
export interface DamageTarget {
  readonly machine: DamagedMachine
  readonly abi: Abi
  readonly geometry: Geometry
  /** Physical address of the root FDT. */
  readonly root: number
  readonly random: Random
  /** Places fresh pages, as encoders want it. */
  readonly builder: MemoryBuilder
  /** The device tree at an address, and what it is if it cannot be read; without both that of the root. */
  fdt(address?: number, what?: string): FdtTree
  tracker(): { root: TrackerRoot; decode: TrackerDecode }
  blobs(): Blob[]
  /** Bytes that are there; throws `cannot-express` for others. */
  read(address: number, length: number): Uint8Array
  u64(address: number): number
  write(address: number, bytes: Uint8Array): void
  write32(address: number, value: number): void
  write64(address: number, value: number | bigint): void
  /** Takes pages out of the dump. */
  remove(address: number, count?: number): void
  /** Takes a block out of the map; false where the map does not have it. */
  unpreserve(address: number, order: number): boolean
  /** Fresh pages, preserved by nothing. */
  allocate(count?: number): BuiltPages
  /** One of a list; throws `cannot-express`, and says what was looked for, where the list is empty. */
  pick<T>(list: readonly T[], what: string): T
}

/** A way to break a state. Same state and same random numbers, same bytes. */
export interface Damage {
  /** What it does, for `--help` and the docs. */
  about: string
  /** Breaks it, and says in one line what was done where. Throws `cannot-express` where the state has no such thing. */
  apply(target: DamageTarget): string
}

/** Damages by the id of the rule that finds them. */
export type DamageTable = Readonly<Record<string, Damage>>
