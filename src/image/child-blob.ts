import { type Blob, decodeBlob } from '../../formats/blobs/index.js'
import { type FdtNode, type FdtTree, findProperty, nativeU64 } from '../../formats/fdt/index.js'
import { blobPointer } from '../../formats/handoff/blob-pointer.js'
import { ADDRESS_LIMIT, type Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'

/** The blob that a child of the root FDT points to (6.16 on), or is (before). */
export function decodeChild(memory: PhysicalMemory, child: FdtNode, geometry: Geometry): Blob {
  const { name } = child
  const pointer = blobPointer(child)
  if (pointer === null)
    return decodeBlob(memory, { name, address: null, size: null, geometry, inlineNode: child })
  const size = findProperty(child, 'blob-size')
  return decodeBlob(memory, {
    name,
    address: numberOrNull(nativeU64(pointer)),
    size: numberOrNull(size && nativeU64(size)),
    geometry,
  })
}

/** What the children of a root FDT point to or are, but for the tracker's own. */
export function decodeBlobs(memory: PhysicalMemory, { root }: FdtTree, geometry: Geometry): Blob[] {
  return root.children
    .filter(child => child.name !== 'preserved-memory')
    .map(child => decodeChild(memory, child, geometry))
}

/** Where the children of a root point to. */
export function blobPlaces({ fdt }: { fdt: FdtTree }): { name: string; address: number }[] {
  return fdt.root.children.flatMap(child => {
    const property = blobPointer(child)
    const value = property && nativeU64(property)
    return value ? [{ name: child.name, address: Number(value) }] : []
  })
}

function numberOrNull(value: bigint | null): number | null {
  return value === null || value >= ADDRESS_LIMIT ? null : Number(value)
}
