import {
  KHO_VMALLOC,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
  MEMFD_SEALS_KNOWN,
} from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { rangeAt } from '../memory/range.js'
import { type BlobContext, numberOrNull, readBytes } from './context.js'
import type { Memfd } from './memory-types.js'
import { decodeVmalloc } from './vmalloc.js'

/** The version of a file's format that is a memfd's, or null. A decoder goes by this string alone. */
export function memfdVersion(compatible: string): 1 | 2 | null {
  if (compatible === 'memfd-v1') return 1
  return compatible === 'memfd-v2' ? 2 : null
}

/** Reads the structure that a file's handle names. Null, with a fault, where there are no bytes for it. */
export function decodeMemfd(
  context: BlobContext,
  version: 1 | 2,
  handle: bigint,
  path: string,
): Memfd | null {
  const address = Number(handle)
  if (address >= ADDRESS_LIMIT) {
    context.fault('MEMFD-ADDRESS', `memfd handle ${hex(handle)} is no physical address`, null, path)
    return null
  }
  const known = context.memfds.get(address)
  if (known !== undefined && known.version === version) return known
  if (address % context.geometry.pageSize !== 0) {
    context.fault('MEMFD-ADDRESS', `memfd handle ${hex(address)} is not page aligned`, address, path)
  }
  const layout = version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const bytes = readBytes(context, 'MEMFD-ABSENT', `struct ${layout.name}`, address, layout.size, path)
  if (bytes === null) return null
  const ser = layout.read(bytes)
  const v2 = version === 2 ? MEMFD_LUO_SER_V2.read(bytes) : null
  const memfd: Memfd = {
    version,
    path,
    extent: rangeAt(address, layout.size),
    position: numberOrNull(ser.pos),
    size: numberOrNull(ser.size),
    seals: v2?.seals ?? null,
    flags: v2?.flags ?? null,
    nrFolios: numberOrNull(ser.nrFolios),
    vmalloc: null,
  }
  context.memfds.set(address, memfd)
  const folios = layout.fields.find(field => field.name === 'folios')!
  decodeFolioList(context, memfd, bytes, folios.offset)
  checkMemfd(context, memfd, ser)
  return memfd
}

function decodeFolioList(context: BlobContext, memfd: Memfd, bytes: Uint8Array, offset: number): void {
  const { path, extent } = memfd
  if (memfd.nrFolios === 0) {
    const used = bytes.subarray(offset, offset + KHO_VMALLOC.size).some(byte => byte !== 0)
    if (used) context.fault('MEMFD-DESCRIPTOR', 'memfd without folios has a folio list', extent.start, path)
    return
  }
  const vmalloc = decodeVmalloc(context, bytes, offset, extent.start + offset, `${path}/vmalloc`)
  memfd.vmalloc = vmalloc
  const room = (vmalloc.totalPages * context.geometry.pageSize) / MEMFD_LUO_FOLIO_SER.size
  if (memfd.nrFolios === null || memfd.nrFolios > room) {
    const message = `memfd has ${memfd.nrFolios ?? 'too many'} folios, its list of ${vmalloc.totalPages} pages has room for ${room}`
    context.fault('MEMFD-FOLIO-COUNT', message, extent.start, path)
  }
}

function checkMemfd(context: BlobContext, memfd: Memfd, ser: { pos: bigint; size: bigint }): void {
  const { path, extent } = memfd
  const say = (code: string, message: string) => context.fault(code, message, extent.start, path)
  if (memfd.size === null) say('MEMFD-SIZE', `memfd size ${hex(ser.size)} is no file size`)
  if (memfd.position === null) say('MEMFD-POSITION', `memfd position ${hex(ser.pos)} is no file position`)
  if (memfd.seals !== null && memfd.seals > MEMFD_SEALS_KNOWN) {
    say('MEMFD-SEALS', `memfd seals ${hex(memfd.seals)} have bits that readers refuse`)
  }
  if (memfd.flags !== null && memfd.flags !== 0)
    say('MEMFD-FLAGS', `memfd flags are ${hex(memfd.flags)}, not 0`)
  if (memfd.nrFolios === 0 && memfd.size !== 0 && memfd.size !== null) {
    say('MEMFD-SIZE', `memfd of ${memfd.size} bytes has no folios`)
  }
  if (memfd.size === 0 && memfd.nrFolios !== 0) {
    say('MEMFD-SIZE', `memfd of 0 bytes has ${memfd.nrFolios ?? 'too many'} folios`)
  }
}
