import type { BuiltPages, MemoryBuilder } from '../../memory/memory-builder.js'
import { orders } from '../../pages/page-set.js'
import type { TrackerWriter, WriterCounts } from '../writer.js'
import { clearBit, copyBits, setBit } from './bits.js'

/** Bytes of one xarray node (struct xa_node, 64 slots, x86-64), and slots in it. */
const XA_NODE_BYTES = 576
const XA_SLOTS = 64

/** The bitmaps of one order by index, as the writer's xarray holds them. */
export interface OrderBitmaps {
  bitmaps: Map<number, BuiltPages>
  /** xarray nodes, by level and prefix. */
  index: Set<string>
}

/** The bitmaps that have been made so far, and the calls that make and mark them. */
export interface BitmapIndex {
  readonly byOrder: ReadonlyMap<number, OrderBitmaps>
  readonly marks: Pick<TrackerWriter, 'preserve' | 'unpreserve' | 'preserveAll'>
}

/** Finds or makes bitmaps by order and index, and counts what that costs. */
export function createBitmapIndex(
  builder: MemoryBuilder,
  bitmapBytes: number,
  counts: WriterCounts,
): BitmapIndex {
  const bits = bitmapBytes * 8
  const { pageShift } = builder.geometry
  const block = (address: number, order: number) => Math.floor(address / 2 ** (pageShift + order))
  const byOrder = new Map<number, OrderBitmaps>()
  const ofOrder = (order: number): OrderBitmaps => {
    let entry = byOrder.get(order)
    if (entry === undefined) {
      entry = { bitmaps: new Map(), index: new Set() }
      byOrder.set(order, entry)
    }
    return entry
  }
  const find = (order: number, index: number, create: boolean): Uint8Array | null => {
    const entry = ofOrder(order)
    counts.steps += 1 + levelsOf(index)
    const old = entry.bitmaps.get(index)
    if (old !== undefined || !create) return old?.bytes ?? null
    const made =
      bitmapBytes < builder.geometry.pageSize ? builder.allocateObject(bitmapBytes) : builder.allocate()
    entry.bitmaps.set(index, made)
    counts.allocations++
    counts.bytesAtRest += bitmapBytes
    addIndexNodes(entry.index, index, counts)
    return made.bytes
  }
  return {
    byOrder,
    marks: {
      preserve(address, order) {
        const number = block(address, order)
        setBit(find(order, Math.floor(number / bits), true)!, number % bits)
      },
      unpreserve(address, order) {
        const number = block(address, order)
        const bitmap = find(order, Math.floor(number / bits), false)
        return bitmap !== null && clearBit(bitmap, number % bits)
      },
      preserveAll(pages) {
        for (const order of orders(pages)) {
          copyBits(pages, order, bits, first => find(order, first / bits, true)!)
        }
      },
    },
  }
}

/** Levels of xarray nodes above an index. */
function levelsOf(index: number): number {
  let levels = 0
  for (let rest = index; rest > 0; rest = Math.floor(rest / XA_SLOTS)) levels++
  return levels
}

function addIndexNodes(nodes: Set<string>, index: number, counts: WriterCounts): void {
  let prefix = Math.floor(index / XA_SLOTS)
  for (let level = 0; level < levelsOf(index); level++) {
    const key = `${level}:${prefix}`
    if (!nodes.has(key)) {
      nodes.add(key)
      counts.allocations++
      counts.indexBytes += XA_NODE_BYTES
    }
    prefix = Math.floor(prefix / XA_SLOTS)
  }
}
