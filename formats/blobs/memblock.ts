import { type FdtNode, findProperty, nativeU64 } from '../fdt/index.js'
import { appendPath, elementSegments, KHO_MEM } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { type BlobContext, quote } from './context.js'
import { firstCompatible } from './fdt-blob.js'
import type { Memblock, MemblockRegion } from './types.js'

/** Strings of memblock's node, and of the node of patch v4. */
const MEMBLOCK_COMPATIBLE = 'memblock-v1'
export const RESERVE_MEM_COMPATIBLE = 'reserve-mem-v1'
export const RESERVE_MEM_V4_COMPATIBLE = 'reserve_mem-v1'
const RESERVE_MEM_MAP_V4_COMPATIBLE = 'reserve_mem_map-v1'

/** reserved_mem_table[] of mm/memblock.c has 8 entries, with names of 15 bytes. */
const MOST_REGIONS = 8
const LONGEST_NAME = 15

/** Decodes memblock's node: the root of its FDT, or an inline node. `address` is that of the FDT the node is in. */
export function decodeMemblock(
  context: BlobContext,
  node: FdtNode,
  address: number | null,
  path: string,
): Memblock | null {
  const compatible = firstCompatible(node)
  const v4 = compatible === RESERVE_MEM_V4_COMPATIBLE
  if (compatible !== MEMBLOCK_COMPATIBLE && !v4) {
    const message = `memblock is incompatible with '${MEMBLOCK_COMPATIBLE}': ${quote(compatible ?? '')}`
    context.fault('MEMBLOCK-COMPATIBLE', message, at(address, node.offset), path)
    return null
  }
  const segments = elementSegments(node.children.map(child => child.name))
  const regions = node.children.map((child, n) => {
    const region = v4 ? readV4Region(child) : readRegion(child)
    const regionPath = appendPath(path, segments[n]!)
    const found: MemblockRegion = {
      name: child.name,
      path: regionPath,
      compatible: firstCompatible(child, RESERVE_MEM_COMPATIBLE),
      ...region,
    }
    checkRegion(context, found, v4, at(address, child.offset))
    return found
  })
  if (regions.length > MOST_REGIONS) {
    const message = `${regions.length} regions, a kernel's table has room for ${MOST_REGIONS}`
    context.fault('MEMBLOCK-COUNT', message, at(address, node.offset), path)
  }
  return { kind: 'memblock', compatible, regions }
}

function at(address: number | null, offset: number): number | null {
  return address === null ? null : address + offset
}

function readRegion(node: FdtNode): { start: number | null; size: number | null } {
  return { start: addressIn(node, 'start'), size: addressIn(node, 'size') }
}

function addressIn(node: FdtNode, name: string): number | null {
  const property = findProperty(node, name)
  const value = property && nativeU64(property)
  return value !== null && value < ADDRESS_LIMIT ? Number(value) : null
}

function readV4Region(node: FdtNode): { start: number | null; size: number | null } {
  const value = findProperty(node, 'mem')?.value
  if (value?.length !== KHO_MEM.size) return { start: null, size: null }
  const { addr, size } = KHO_MEM.read(value)
  return { start: addr, size: size < ADDRESS_LIMIT ? Number(size) : null }
}

/** What reserve_mem_kho_revive() refuses, and sizes of which a part would not be preserved. */
function checkRegion(
  context: BlobContext,
  region: MemblockRegion,
  v4: boolean,
  address: number | null,
): void {
  const { name, start, size, path, compatible } = region
  const say = (code: string, message: string) => context.fault(code, message, address, path)
  const expected = v4 ? RESERVE_MEM_MAP_V4_COMPATIBLE : RESERVE_MEM_COMPATIBLE
  if (compatible !== expected) {
    say(
      'MEMBLOCK-COMPATIBLE',
      `region ${quote(name)} is incompatible with '${expected}': ${quote(compatible ?? '')}`,
    )
  }
  if (start === null || size === null) {
    say(
      'MEMBLOCK-REGION',
      `region ${quote(name)} has no ${start === null ? 'start' : 'size'} of 8 bytes that is one`,
    )
  } else if (start % context.geometry.pageSize !== 0 || size % context.geometry.pageSize !== 0) {
    say(
      'MEMBLOCK-UNALIGNED',
      `region ${quote(name)} of ${hex(size)} bytes at ${hex(start)} is not made of pages`,
    )
  } else if (size === 0) {
    say('MEMBLOCK-REGION', `region ${quote(name)} is empty`)
  }
  if (name.length > LONGEST_NAME)
    say('MEMBLOCK-NAME', `region name ${quote(name)} is longer than ${LONGEST_NAME} bytes`)
}
