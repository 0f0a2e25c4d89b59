import type { BuiltPages, MemoryBuilder } from '../../memory/memory-builder.js'
import { orders } from '../../pages/page-set.js'
import type { TrackerWriter, WriterCounts } from '../writer.js'
import { clearBit, copyBits, setBit } from './bits.js'
import { createXarray, orderSteps, type Xarray } from './xarray.js'

/** Bytes of struct kho_mem_phys, which each order has: an xarray. */
const MEM_PHYS_BYTES = 16

/** The bitmaps of one order by index, as the writer's xarray holds them. */
export interface OrderBitmaps {
  bitmaps: Map<number, BuiltPages>
  index: Xarray
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
  const small = bitmapBytes < builder.geometry.pageSize
  const { pageShift } = builder.geometry
  const block = (address: number, order: number) => Math.floor(address / 2 ** (pageShift + order))
  const byOrder = new Map<number, OrderBitmaps>()
  const byNumber = createXarray(counts)
  const ofOrder = (order: number, create: boolean): OrderBitmaps | null => {
    const old = byOrder.get(order)
    if (old === undefined && create) {
      const made = { bitmaps: new Map(), index: createXarray(counts) }
      byOrder.set(order, made)
      byNumber.store(order)
      counts.allocations++
      counts.indexBytes += MEM_PHYS_BYTES
      counts.steps += orderSteps(byNumber, order)
      return made
    }
    counts.steps += orderSteps(byNumber, order)
    return old ?? null
  }
  const find = (order: number, index: number, create: boolean): Uint8Array | null => {
    const entry = ofOrder(order, create)
    if (entry === null) return null
    const old = entry.bitmaps.get(index)
    if (old === undefined && create) entry.index.store(index)
    counts.steps += entry.index.nodesTo(index)
    if (old !== undefined || !create) return old?.bytes ?? null
    const made = small ? builder.allocateObject(bitmapBytes) : builder.allocate()
    entry.bitmaps.set(index, made)
    counts.allocations++
    counts.bytesAtRest += bitmapBytes
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
