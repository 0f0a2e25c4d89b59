import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { nextSet, nextUsedSlot, wordsOf } from '../../../formats/pages/words.js'
import { levelShift, type RadixShape } from '../../../formats/trackers/radix-tree/index.js'
import type { ReaderMemory } from './memory.js'
import type { ReservationSink } from './reserved.js'
import { visitCounter } from './visits.js'

interface Walk {
  memory: ReaderMemory
  geometry: Geometry
  shape: RadixShape
  intSize: boolean
  sink: ReservationSink
  visit(address: number): boolean
}

/**
 * kho_radix_walk_tree() with kho_preserved_memory_reserve() as they are: bounded in depth, not in what a page that
 * points at itself makes of it; no pointer, key or order is checked. kernel/liveupdate/kexec_handover.c, 7.1 and 7.2.
 */
export function readRadix(
  memory: ReaderMemory,
  root: number,
  geometry: Geometry,
  shape: RadixShape,
  intSize: boolean,
  sink: ReservationSink,
): void {
  const visit = visitCounter(memory)
  walkTable({ memory, geometry, shape, intSize, sink, visit }, root, shape.depth - 1, 0n)
}

function walkTable(walk: Walk, address: number, level: number, start: bigint): boolean {
  if (!walk.visit(address) || !walk.memory.intact(address)) return false
  const bytes = walk.memory.load(address, walk.geometry.pageSize)
  if (bytes === null) return false
  walk.sink.tracker(address, walk.geometry.pageSize)
  const view = viewOf(bytes)
  const shift = levelShift(walk.shape, level)
  const words = wordsOf(bytes)
  const slots = walk.geometry.tableEntries
  const exact = Number(start) + slots * 2 ** shift <= 2 ** 53
  const keyOf = (slot: number) => BigInt.asUintN(64, start | (BigInt(slot) << BigInt(shift)))
  for (let slot = nextUsedSlot(words, 0); slot < slots; slot = nextUsedSlot(words, slot + 1)) {
    const entry = u64(view, slot * 8)
    const goOn =
      level === 1
        ? walkLeaf(walk, entry, exact ? Number(start) + slot * 2 ** shift : keyOf(slot))
        : walkTable(walk, entry, level - 1, keyOf(slot))
    if (!goOn) return false
  }
  return true
}

/** `key` is that of the leaf's bit 0: a number where that is exact, as most are. */
function walkLeaf(walk: Walk, address: number, key: number | bigint): boolean {
  const { geometry, shape } = walk
  if (!walk.visit(address)) return false
  const bytes = walk.memory.load(address, geometry.pageSize)
  if (bytes === null) return false
  walk.sink.tracker(address, geometry.pageSize)
  const words = wordsOf(bytes)
  const prefix = Number(key)
  const top = lastBit(key) - 1
  const order = shape.order0 - top
  if (top >= shape.bitmapLog2 && order >= 0 && order + geometry.pageShift < (walk.intSize ? 31 : 52)) {
    const size = 2 ** (order + geometry.pageShift)
    const first = prefix - 2 ** top
    if (
      (first + words.length * 32) * size < 2 ** 52 &&
      walk.memory.pages(first * size, (first + words.length * 32) * size)
    ) {
      walk.sink.blocks(order, first, words)
      return true
    }
  }
  if (walk.memory.lost(address)) return stopAtLost(walk.memory, address)
  return walkBits(walk, words, BigInt(key))
}

/** What a lost bitmap holds by now are any bits, and it covers what is no RAM: one of those faults. Always false. */
export function stopAtLost(memory: ReaderMemory, address: number): false {
  const message = `${hex(address)} lies in scratch: by now other things are there, and of their bits some are of no RAM`
  memory.stop({ kind: 'oops', message, address })
  return false
}

/** Bit by bit, for leaves whose keys are none, or whose blocks lie outside memory in part. */
function walkBits(walk: Walk, words: Uint32Array, key: bigint): boolean {
  for (let bit = nextSet(words, 0); bit < words.length * 32; bit = nextSet(words, bit + 1)) {
    const { address, order, size } = decodeKey(walk, key | BigInt(bit))
    const block = Math.floor(address / 2 ** (walk.geometry.pageShift + order))
    if (
      order >= 0 &&
      order < 40 &&
      size === 2 ** (order + walk.geometry.pageShift) &&
      block * size === address
    ) {
      walk.sink.blocks(order, block - (block % 32), Uint32Array.of(2 ** (block % 32)))
    } else {
      walk.sink.odd(address, size, order)
    }
    // It is reserved before page->private is written, which is where a page that is none faults.
    if (!walk.memory.page(address)) return false
  }
  return true
}

/** kho_radix_decode_key() and the size of the block, with shift counts taken mod 64 (or 32) as x86-64 does. */
function decodeKey(walk: Walk, key: bigint): { address: number; order: number; size: number } {
  const { pageShift } = walk.geometry
  const fls = lastBit(key)
  const order = walk.shape.order0 - fls + 1
  const shift = BigInt((((order + pageShift) % 64) + 64) % 64)
  const address = Number(BigInt.asUintN(64, key << shift))
  if (!walk.intSize) return { address, order, size: 2 ** Number(shift) }
  const size = 1 << (order + pageShift)
  return { address, order, size: size < 0 ? 2 ** 64 + size : size }
}

/** fls64(): the number of the highest bit that is set, from 1; 0 where none is. */
function lastBit(key: number | bigint): number {
  const value = Number(key)
  // Beyond that a number may be rounded up to the next bit.
  const high = value < 2 ** 53 ? Math.floor(value / 2 ** 32) : Number(BigInt(key) >> 32n)
  return high === 0 ? 32 - Math.clz32(value) : 64 - Math.clz32(high)
}
