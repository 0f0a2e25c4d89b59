import { FDT_MAGIC, type FdtNode, findProperty, readFdt, totalSize } from '../fdt/index.js'
import { terminatedStringAt } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { type BlobContext, readBytes } from './context.js'
import type { Blob, FdtBlob } from './types.js'

/** Enough for magic and totalsize. */
const FDT_START = 8
/** Early series allowed FDTs of 10 MiB and more; a larger one is a broken header. */
const MOST_FDT = 64 << 20

/** True where a flattened device tree begins at `address`. */
export function isFdt(context: BlobContext, address: number): boolean {
  const read = context.memory.read(address, FDT_START)
  return read.ok && totalSize(read.bytes) !== null
}

/**
 * Reads the FDT that a blob is, and makes it the blob's value. Sets the blob's size, where `blob-size` did not, to
 * the FDT's own. Null, with a fault, where it is no tree at all; faults for what is broken in it.
 */
export function readFdtBlob(context: BlobContext, blob: Blob, address: number): FdtBlob | null {
  const { path } = blob
  const start = readBytes(context, 'BLOB-ABSENT', 'FDT', address, FDT_START, path)
  if (start === null) return null
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const magic = view.getUint32(0)
  const totalsize = view.getUint32(4)
  if (magic !== FDT_MAGIC) {
    context.fault('BLOB-FDT-INVALID', `no FDT: it begins with ${hex(magic)}`, address, path)
    return null
  }
  if (totalsize > MOST_FDT) {
    context.fault('BLOB-FDT-INVALID', `FDT says it has ${totalsize} bytes`, address, path)
    return null
  }
  if (blob.size !== null && totalsize > blob.size) {
    const message = `FDT has ${totalsize} bytes, blob-size says ${blob.size}`
    context.fault('BLOB-FDT-SIZE', message, address, path)
  }
  blob.size ??= totalsize
  const bytes = readBytes(context, 'BLOB-ABSENT', 'FDT', address, Math.max(totalsize, FDT_START), path)
  if (bytes === null) return null
  const { tree, problems } = readFdt(bytes)
  const errors = problems.filter(problem => problem.severity === 'error')
  for (const { code, message, offset } of errors) {
    context.fault('BLOB-FDT-INVALID', `FDT is broken: ${message} (${code})`, address + offset, path)
  }
  if (tree === null) return null
  const value: FdtBlob = { kind: 'fdt', compatible: firstCompatible(tree.root), tree }
  blob.format = 'fdt'
  blob.value = value
  return value
}

/** First string of a node's `compatible`; null where there is none. `usual` itself where it is that one. */
export function firstCompatible(node: FdtNode, usual = ''): string | null {
  const property = findProperty(node, 'compatible')
  if (property === null) return null
  const { value } = property
  if (value.length === 0 || value[value.length - 1] !== 0) return null
  return terminatedStringAt(value, 0, value.length, usual)
}
