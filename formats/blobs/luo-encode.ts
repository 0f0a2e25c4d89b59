import { KhoError } from '../error.js'
import { nativeU64Bytes, stringBytes } from '../fdt/index.js'
import {
  LUO_FDT,
  LUO_FILE_PGCNT,
  LUO_FILE_SER,
  LUO_FLB_HEADER_SER,
  LUO_FLB_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_PGCNT,
  LUO_SESSION_SER,
  type LuoForm,
} from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import type { Place } from '../memory/range.js'
import type { PageAllocator } from './allocator.js'
import { encodeFdt } from './fdt-encode.js'
import { encodeBlocks } from './kho-block.js'
import { flbCapacity } from './luo-flb.js'
import { writeLuoHead } from './luo-forms.js'

/** A file to be written; what its handle leads to is the caller's. */
export interface FileSpec {
  compatible: string
  data: bigint
  token: bigint
}

/** A session to be written. */
export interface SessionSpec {
  /** A byte string of 1 to 63 bytes. */
  name: string
  files: readonly FileSpec[]
}

/** An object that files share, to be written. */
export interface FlbSpec {
  name: string
  data: bigint
  count: bigint
}

/** What {@link encodeLuo} writes. */
export interface LuoSpec {
  form: 'fdt' | 'struct'
  /** How the structure begins; as released where left out. */
  head?: LuoForm | undefined
  /** Live updates so far, the one at hand included: 1 from a cold boot. */
  liveupdateNumber: bigint
  /** Empty where the reboot call has not come yet. */
  sessions: readonly SessionSpec[]
  /** Null for an FDT without a node for them, which is 6.19's. */
  flbs: readonly FlbSpec[] | null
}

/**
 * Writes LUO's state: struct luo_ser with chains of blocks (7.2), or the FDT with arrays (6.19 to 7.1). Throws
 * `cannot-express` for what has no room: more sessions, files or objects than the arrays hold, and names that are too long.
 */
export function encodeLuo(allocator: PageAllocator, geometry: Geometry, spec: LuoSpec): Place {
  checkNames(spec)
  return spec.form === 'fdt'
    ? encodeFdtForm(allocator, geometry, spec)
    : encodeStructForm(allocator, geometry, spec)
}

function encodeStructForm(allocator: PageAllocator, geometry: Geometry, spec: LuoSpec): Place {
  const page = allocator.allocate(1)
  const flbsPa = encodeFlbs(allocator, geometry, spec.flbs ?? [])
  const sessions = spec.sessions.map(({ name, files }) => {
    const first = encodeBlocks(allocator, geometry, LUO_FILE_SER, files)
    return { name, fileSetSer: { files: first, count: BigInt(files.length) } }
  })
  const sessionsPa = encodeBlocks(allocator, geometry, LUO_SESSION_SER, sessions)
  const tail = { liveupdateNum: spec.liveupdateNumber, sessionsPa, flbsPa }
  return { address: page.address, size: writeLuoHead(page.bytes, spec.head ?? 'released', tail) }
}

function encodeFdtForm(allocator: PageAllocator, geometry: Geometry, spec: LuoSpec): Place {
  const header = encodeSessionArray(allocator, geometry, spec.sessions)
  const flbs = spec.flbs && encodeFlbs(allocator, geometry, spec.flbs)
  return encodeFdt(allocator, geometry, 0, writer => {
    writer.property('compatible', stringBytes(LUO_FDT.compatible))
    writer.property(LUO_FDT.number, nativeU64Bytes(spec.liveupdateNumber))
    writer.beginNode(LUO_FDT.sessionNode)
    writer.property('compatible', stringBytes(LUO_FDT.sessionCompatible))
    writer.property(LUO_FDT.sessionHeader, nativeU64Bytes(BigInt(header)))
    writer.endNode()
    if (flbs === null) return
    writer.beginNode(LUO_FDT.flbNode)
    writer.property('compatible', stringBytes(LUO_FDT.flbCompatible))
    writer.property(LUO_FDT.flbHeader, nativeU64Bytes(BigInt(flbs)))
    writer.endNode()
  })
}

function encodeSessionArray(
  allocator: PageAllocator,
  geometry: Geometry,
  sessions: readonly SessionSpec[],
): number {
  const array = allocator.allocate(LUO_SESSION_PGCNT)
  const room = Math.floor((array.bytes.length - LUO_SESSION_HEADER_SER.size) / LUO_SESSION_SER.size)
  checkRoom('sessions', sessions.length, room)
  LUO_SESSION_HEADER_SER.write(array.bytes, 0, { count: BigInt(sessions.length) })
  sessions.forEach(({ name, files }, n) => {
    const fileSetSer = { files: encodeFileArray(allocator, geometry, files), count: BigInt(files.length) }
    LUO_SESSION_SER.write(array.bytes, LUO_SESSION_HEADER_SER.size + n * LUO_SESSION_SER.size, {
      name,
      fileSetSer,
    })
  })
  return array.address
}

function encodeFileArray(allocator: PageAllocator, geometry: Geometry, files: readonly FileSpec[]): number {
  if (files.length === 0) return 0
  checkRoom('files', files.length, (LUO_FILE_PGCNT * geometry.pageSize) / LUO_FILE_SER.size)
  const array = allocator.allocate(LUO_FILE_PGCNT)
  files.forEach((file, n) => {
    LUO_FILE_SER.write(array.bytes, n * LUO_FILE_SER.size, file)
  })
  return array.address
}

function encodeFlbs(allocator: PageAllocator, geometry: Geometry, flbs: readonly FlbSpec[]): number {
  checkRoom('FLB objects', flbs.length, flbCapacity(geometry.pageSize))
  const page = allocator.allocate(1)
  LUO_FLB_HEADER_SER.write(page.bytes, 0, { pgcnt: 1n, count: BigInt(flbs.length) })
  flbs.forEach((flb, n) => {
    LUO_FLB_SER.write(page.bytes, LUO_FLB_HEADER_SER.size + n * LUO_FLB_SER.size, flb)
  })
  return page.address
}

function checkRoom(what: string, count: number, room: number): void {
  if (count > room) throw new KhoError('cannot-express', `${count} ${what}, there is room for ${room}`)
}

function checkNames(spec: LuoSpec): void {
  const check = (name: string, most: number) => {
    if (name.length < 1 || name.length > most) {
      throw new KhoError('cannot-express', `name ${JSON.stringify(name)} is not 1 to ${most} bytes long`)
    }
  }
  for (const { name, files } of spec.sessions) {
    check(name, 63)
    for (const { compatible } of files) check(compatible, 47)
  }
  for (const { name } of spec.flbs ?? []) check(name, 47)
}
