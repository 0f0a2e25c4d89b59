import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, SPAN_BITS } from '../../pages/page-set.js'
import type { TrackerWriter, WriterCounts } from '../writer.js'
import { type AddressTable, createAddressTable } from './address-table.js'
import { copyBits } from './bits.js'
import { createBuiltBits } from './built-bits.js'
import { createXarray, orderSteps, type Xarray } from './xarray.js'

/** Bytes of struct kho_mem_phys, which each order has: an xarray. */
const MEM_PHYS_BYTES = 16

/** The bitmaps of one order by index, as the writer's xarray holds them. */
interface OrderBitmaps {
  bitmaps: AddressTable
  index: Xarray
}

/** The bitmaps that have been made so far, and the calls that make and mark them. */
export interface BitmapIndex {
  /** Orders that have any, ascending. */
  orders(): number[]
  /** Those of an order, in ascending order of their indexes. */
  forEach(order: number, visit: (index: number, address: number) => void): void
  readonly marks: Pick<TrackerWriter, 'preserve' | 'unpreserve' | 'preserveAll'>
}

/** Finds or makes bitmaps by order and index, and counts what that costs. */
export function createBitmapIndex(
  builder: MemoryBuilder,
  bitmapBytes: number,
  counts: WriterCounts,
): BitmapIndex {
  const bits = bitmapBytes * 8
  const { pageShift, pageSize } = builder.geometry
  const small = bitmapBytes < pageSize
  const block = (address: number, order: number) => Math.floor(address / 2 ** (pageShift + order))
  const built = createBuiltBits(builder)
  const byOrder = new Map<number, OrderBitmaps>()
  const byNumber = createXarray(counts)
  const ofOrder = (order: number, create: boolean): OrderBitmaps | null => {
    const old = byOrder.get(order)
    if (old === undefined && create) {
      const made = { bitmaps: createAddressTable(), index: createXarray(counts) }
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
  const note = ({ bitmaps, index }: OrderBitmaps, at: number, address: number) => {
    index.store(at)
    counts.steps += index.nodesTo(at)
    bitmaps.add(at, address)
    counts.allocations++
    counts.bytesAtRest += bitmapBytes
  }
  const find = (order: number, index: number): number => {
    const entry = ofOrder(order, false)
    if (entry === null) return 0
    counts.steps += entry.index.nodesTo(index)
    return entry.bitmaps.get(index)
  }
  /** 0 where it was not there and is made of `whole`. */
  const findOrMake = (order: number, index: number, whole: Uint8Array | null): number => {
    const entry = ofOrder(order, true)!
    const old = entry.bitmaps.get(index)
    if (old !== 0) {
      counts.steps += entry.index.nodesTo(index)
      return old
    }
    const adopted = small || whole === null ? null : builder.adopt(whole)
    const made = adopted ?? (small ? builder.allocateSlot(bitmapBytes) : built.emptyPage())
    note(entry, index, made)
    return adopted === null ? made : 0
  }
  /** Small bitmaps of a span that all are new, in a page of their own. */
  const adopt = (order: number, first: number, whole: Uint8Array): boolean => {
    if (!small || whole.length !== pageSize) return false
    const index = first / bits
    if ((byOrder.get(order)?.bitmaps.last ?? -1) >= index) return false
    const address = builder.adopt(whole, bitmapBytes)
    if (address === null) return false
    for (let n = 0; n < SPAN_BITS / bits; n++) {
      note(ofOrder(order, true)!, index + n, address + n * bitmapBytes)
    }
    return true
  }
  return {
    orders: () => [...byOrder.keys()].sort((a, b) => a - b),
    forEach: (order, visit) => byOrder.get(order)?.bitmaps.forEach(visit),
    marks: {
      preserve(address, order) {
        const number = block(address, order)
        built.set(findOrMake(order, Math.floor(number / bits), null), number % bits)
      },
      unpreserve(address, order) {
        const number = block(address, order)
        const bitmap = find(order, Math.floor(number / bits))
        return bitmap !== 0 && built.clear(bitmap, number % bits)
      },
      preserveAll(pages) {
        for (const order of orders(pages)) {
          copyBits(pages, order, bits, built, {
            bitmapOf: (first, whole) => findOrMake(order, first / bits, whole),
            adopt: (first, whole) => adopt(order, first, whole),
          })
        }
      },
    },
  }
}
