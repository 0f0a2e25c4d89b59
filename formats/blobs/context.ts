import type { Struct } from '../layout/index.js'
import { type Absence, type Fault, hex } from '../memory/fault.js'
import { createFaultLog } from '../memory/fault-log.js'
import type { Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import type { Gap, Memfd } from './memory-types.js'

/** What the decoders of one blob share. */
export interface BlobContext {
  readonly memory: PhysicalMemory
  readonly geometry: Geometry
  /** Pages of chains that were walked, with the path of each: no page is walked twice. */
  readonly pages: Map<number, string>
  /** Memfds by address: two files with one handle are one structure. */
  readonly memfds: Map<number, Memfd>
  fault(code: string, message: string, address?: number | null, path?: string | null, absent?: Absence): void
  faults(): Fault[]
}

/** A fresh context. */
export function createContext(memory: PhysicalMemory, geometry: Geometry): BlobContext {
  const log = createFaultLog()
  return {
    memory,
    geometry,
    pages: new Map(),
    memfds: new Map(),
    fault: log.add,
    faults: log.list,
  }
}

/** False, and a fault, where a chain has walked the page of `what` before. */
export function claimPage(
  context: BlobContext,
  code: string,
  what: string,
  address: number,
  path: string,
): boolean {
  const other = context.pages.get(address)
  if (other !== undefined) {
    context.fault(code, `${what} is also ${other}`, address, path)
    return false
  }
  context.pages.set(address, path)
  return true
}

/** `length` bytes, or null and a fault with the reason why the dump lacks them. */
export function readBytes(
  context: BlobContext,
  code: string,
  what: string,
  address: number,
  length: number,
  path: string,
): Uint8Array | null {
  const read = context.memory.read(address, length)
  if (read.ok) return read.bytes
  const message = `${what} at ${hex(address)} is not in the dump (${read.reason})`
  context.fault(code, message, address, path, read.reason)
  return null
}

/** Where the dump lacks one of `length` bytes, and why; null where it has them all. */
export function gapAt({ memory }: BlobContext, address: number, length: number): Gap | null {
  const read = memory.read(address, length)
  return read.ok ? null : { address, reason: read.reason }
}

/** A structure, or null and a fault with the reason why the dump lacks it. */
export function readStruct<V extends object>(
  context: BlobContext,
  struct: Struct<V>,
  code: string,
  address: number,
  path: string,
): V | null {
  const bytes = readBytes(context, code, `struct ${struct.name}`, address, struct.size, path)
  return bytes === null ? null : struct.read(bytes)
}

/** A u64 as a number, or null where it is 2^53 or more. */
export function numberOrNull(value: bigint): number | null {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : null
}

/** A byte string in a message: quoted, with what is not printable escaped. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u00ff]/g, char => `\\x${char.charCodeAt(0).toString(16)}`)
}
