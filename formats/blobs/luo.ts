import { LUO_FDT, LUO_SER, LUO_STRUCT_COMPATIBLE } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { rangeAt } from '../memory/range.js'
import { type BlobContext, quote, readBytes } from './context.js'
import { isFdt, readFdtBlob } from './fdt-blob.js'
import { decodeLuoFdt } from './luo-fdt.js'
import { decodeFlbs } from './luo-flb.js'
import { type LuoHead, POSTED_SIZES, readPostedHead, readReleasedHead } from './luo-forms.js'
import { decodeSessionBlocks } from './luo-session.js'
import type { Luo } from './luo-types.js'
import type { Blob } from './types.js'

/** Decodes the blob of the child `LUO`, in either form. */
export function decodeLuo(context: BlobContext, blob: Blob, address: number): void {
  if (isFdt(context, address)) {
    decodeFdtForm(context, blob, address)
    return
  }
  const { path, size } = blob
  if (size !== null && size < LUO_SER.size) {
    context.fault('LUO-SIZE', `LUO state is too small (${size} < ${LUO_SER.size})`, address, path)
  }
  const wanted = size !== null && POSTED_SIZES.includes(size) ? size : LUO_SER.size
  const bytes = readBytes(context, 'BLOB-ABSENT', `struct ${LUO_SER.name}`, address, wanted, path)
  if (bytes === null) return
  const posted = readPostedHead(bytes)
  const ser = posted ?? readReleasedHead(bytes)
  if (posted === null && ser.compatible !== LUO_STRUCT_COMPATIBLE) {
    const message = `LUO state is incompatible with '${LUO_STRUCT_COMPATIBLE}': ${quote(ser.compatible)}`
    context.fault('LUO-COMPATIBLE', message, address, path)
    blob.value = { kind: 'bytes' }
    return
  }
  const luo: Luo = {
    kind: 'luo',
    form: 'struct',
    compatible: ser.compatible,
    struct: ser.struct,
    features: ser.features,
    extent: rangeAt(address, ser.struct.size),
    liveupdateNumber: ser.liveupdateNum,
    sessionsAddress: ser.sessionsPa,
    flbsAddress: ser.flbsPa,
    blocks: [],
    sessionArray: null,
    sessions: [],
    gap: null,
    flbs: null,
  }
  blob.format = ser.format
  blob.value = luo
  checkPointer(context, ser, bytes, 'sessionsPa', address, path)
  checkPointer(context, ser, bytes, 'flbsPa', address, path)
  decodeSessionBlocks(context, luo, path)
  luo.flbs = decodeFlbs(context, ser.flbsPa, path)
  checkFlbCounts(context, luo)
}

function decodeFdtForm(context: BlobContext, blob: Blob, address: number): void {
  const fdt = readFdtBlob(context, blob, address)
  if (fdt === null) return
  if (fdt.compatible !== LUO_FDT.compatible) {
    const message = `FDT 'LUO' is incompatible with '${LUO_FDT.compatible}': ${quote(fdt.compatible ?? '')}`
    context.fault('LUO-COMPATIBLE', message, address, blob.path)
    return
  }
  const luo = decodeLuoFdt(
    context,
    fdt.tree,
    rangeAt(address, blob.size ?? fdt.tree.header.totalsize),
    blob.path,
  )
  blob.format = 'luo-v1'
  blob.value = luo
  checkFlbCounts(context, luo)
}

function checkPointer(
  context: BlobContext,
  head: LuoHead,
  bytes: Uint8Array,
  field: 'sessionsPa' | 'flbsPa',
  address: number,
  path: string,
): void {
  if (head[field] !== null) return
  const raw = hex(head.struct.raw(bytes, 0, field as never))
  const what = field === 'sessionsPa' ? 'sessions_pa' : 'flbs_pa'
  context.fault('LUO-POINTER', `${what} ${raw} is no physical address`, address, path)
}

/** An object is held once by each file that needs it, so never by more than there are. */
function checkFlbCounts(context: BlobContext, luo: Luo): void {
  // What the dump lacks of the lists may be files too.
  if (luo.gap !== null || luo.sessions.some(session => session.gap !== null)) return
  const files = luo.sessions.reduce((sum, session) => sum + session.files.length, 0)
  for (const flb of luo.flbs?.entries ?? []) {
    // Nobody asks for one without a name, which is a fault of its own.
    if (flb.name === '') continue
    if (flb.count >= 1n && flb.count <= BigInt(files)) continue
    const message = `object ${quote(flb.name)} is held by ${flb.count} files, there are ${files}`
    context.fault('LUO-FLB-REFCOUNT', message, flb.extent.start, flb.path)
  }
}
