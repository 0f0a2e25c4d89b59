import { createFdtWriter, type FdtWriter, nativeU64Bytes, stringBytes } from '../fdt/index.js'
import type { Geometry } from '../memory/geometry.js'
import type { Place } from '../memory/range.js'
import type { PageAllocator } from './allocator.js'

/** A region of reserve_mem=, to be written. */
export interface RegionSpec {
  name: string
  /** Physical address. */
  start: number
  /** Bytes. */
  size: number
}

/** Writes an FDT into pages of its own: 2^order of them. The extent is the FDT's totalsize. */
export function encodeFdt(
  allocator: PageAllocator,
  geometry: Geometry,
  order: number,
  body: (writer: FdtWriter) => void,
): Place {
  const pages = 2 ** order
  const writer = createFdtWriter(pages * geometry.pageSize)
  writer.beginNode('')
  body(writer)
  writer.endNode()
  const blob = writer.finish()
  const target = allocator.allocate(pages)
  target.bytes.set(blob)
  return { address: target.address, size: blob.length }
}

/** memblock's FDT, as prepare_kho_fdt() of mm/memblock.c writes it, 6.16 to 7.2. */
export function encodeMemblock(
  allocator: PageAllocator,
  geometry: Geometry,
  regions: readonly RegionSpec[],
): Place {
  return encodeFdt(allocator, geometry, 0, writer => writeMemblock(writer, regions))
}

/** The properties and nodes of memblock, into an open node: the root of its FDT, or in patch v5 its node in the root FDT. */
export function writeMemblock(writer: FdtWriter, regions: readonly RegionSpec[]): void {
  writer.property('compatible', stringBytes('memblock-v1'))
  for (const { name, start, size } of regions) {
    writer.beginNode(name)
    writer.property('compatible', stringBytes('reserve-mem-v1'))
    writer.property('start', nativeU64Bytes(BigInt(start)))
    writer.property('size', nativeU64Bytes(BigInt(size)))
    writer.endNode()
  }
}

/** The same of patch v4, into its open node `reserve_mem`: regions as `mem` arrays. */
export function writeReserveMemV4(writer: FdtWriter, regions: readonly RegionSpec[]): void {
  writer.property('compatible', stringBytes('reserve_mem-v1'))
  for (const { name, start, size } of regions) {
    writer.beginNode(name)
    writer.property('compatible', stringBytes('reserve_mem_map-v1'))
    writer.property('mem', nativeU64Bytes(BigInt(start), BigInt(size)))
    writer.endNode()
  }
}
