import { KHOSER_MEM_CHUNK } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import {
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  CHUNK_WORDS,
  chunkCapacity,
  ELEMENT_BITMAP,
  ELEMENT_START,
} from '../../formats/trackers/chunk-list/index.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { plantKey } from './radix-key.js'
import { plantTableBlock } from './tables.js'
import { cannotBreak } from './target.js'

interface Entry {
  chunk: number
  order: number
  /** Address of its phys_start; the bitmap pointer follows. */
  at: number
}

/** Addresses of the chunks in list order. */
function chunksOf(target: DamageTarget): number[] {
  if (target.abi.tracker !== 'chunk-list') throw cannotBreak('chunk list')
  const { nodes } = target.tracker().decode
  const chunks = nodes.filter(node => node.kind === 'chunk').map(node => node.address)
  if (chunks.length === 0) throw cannotBreak('chunk')
  return chunks
}

function entriesOf(target: DamageTarget): Entry[] {
  return chunksOf(target).flatMap(chunk => {
    const { order, numElms } = KHOSER_MEM_CHUNK.read(target.read(chunk, CHUNK_HEADER))
    const fitting = Math.min(numElms, chunkCapacity(target.geometry))
    return Array.from({ length: fitting }, (_, n) => ({
      chunk,
      order,
      at: chunk + CHUNK_HEADER + n * CHUNK_ELEMENT,
    }))
  })
}

/** Entries that a chunk says it has. */
function countOf(target: DamageTarget, chunk: number): number {
  return KHOSER_MEM_CHUNK.read(target.read(chunk, CHUNK_HEADER)).numElms
}

/** An entry, changed by `edit`, which says what it did. */
function onEntry(edit: (target: DamageTarget, entry: Entry) => string): (target: DamageTarget) => string {
  return target => {
    const entry = target.pick(entriesOf(target), 'entry in a chunk')
    return `entry at ${hex(entry.at)} of chunk ${hex(entry.chunk)} ${edit(target, entry)}`
  }
}

function blockBytes({ geometry }: DamageTarget, order: number): number {
  const bytes = geometry.pageSize * 2 ** order
  if (bytes > ADDRESS_LIMIT) throw cannotBreak('chunk of an order that there is')
  return bytes
}

/** Chunk lists: kho-v1, v5. */
export const chunkDamages: DamageTable = {
  'CHUNK-POINTER': {
    about: 'the last chunk leads on to an address that is not page aligned',
    apply(target) {
      const last = chunksOf(target).at(-1)!
      target.write64(last + CHUNK_WORDS.next, last + 8)
      return `chunk ${hex(last)} leads to ${hex(last + 8)}`
    },
  },
  'CHUNK-CYCLE': {
    about: 'the last chunk leads back to one of the list',
    apply(target) {
      const chunks = chunksOf(target)
      const back = target.pick(chunks, 'chunk')
      target.write64(chunks.at(-1)! + CHUNK_WORDS.next, back)
      return `chunk ${hex(chunks.at(-1)!)} leads back to ${hex(back)}`
    },
  },
  'CHUNK-ABSENT': {
    about: 'the last chunk is not in the dump',
    apply(target) {
      const last = chunksOf(target).at(-1)!
      target.remove(last)
      return `chunk ${hex(last)} taken out`
    },
  },
  'CHUNK-NUM-ELMS': {
    about: 'a chunk says that it has more entries than fit a page',
    apply(target) {
      const chunk = target.pick(chunksOf(target), 'chunk')
      const count = chunkCapacity(target.geometry) + 1 + target.random.below(1000)
      target.write32(chunk + CHUNK_WORDS.count, count)
      return `chunk ${hex(chunk)} says it has ${count} entries`
    },
  },
  'CHUNK-BITMAP-POINTER': {
    about: 'an entry has no bitmap',
    apply: onEntry((target, { at }) => {
      target.write64(at + ELEMENT_BITMAP, 0)
      return 'has bitmap 0'
    }),
  },
  'CHUNK-BITMAP-ALIGN': {
    about: 'an entry points into the middle of a bitmap',
    apply: onEntry((target, { at }) => {
      const bitmap = target.u64(at + ELEMENT_BITMAP) + 8
      target.write64(at + ELEMENT_BITMAP, bitmap)
      return `has bitmap ${hex(bitmap)}`
    }),
  },
  'CHUNK-BITMAP-SHARED': {
    about: 'two entries have the same bitmap',
    apply(target) {
      const entries = entriesOf(target)
      if (entries.length < 2) throw cannotBreak('second entry in the chunks')
      const first = target.random.below(entries.length)
      const from = entries[first]!
      const to = entries[(first + 1) % entries.length]!
      target.write64(to.at + ELEMENT_BITMAP, target.u64(from.at + ELEMENT_BITMAP))
      return `entries at ${hex(from.at)} and ${hex(to.at)} share bitmap ${hex(target.u64(to.at + ELEMENT_BITMAP))}`
    },
  },
  'CHUNK-BITMAP-ABSENT': {
    about: 'a bitmap is not in the dump',
    apply: onEntry((target, { at }) => {
      const bitmap = target.u64(at + ELEMENT_BITMAP)
      target.remove(bitmap)
      return `lost its bitmap ${hex(bitmap)}`
    }),
  },
  'PFN0-ORDER': {
    about: 'a chunk is of the order that a range at pfn 0 got before 7.2',
    apply(target) {
      const { chunk } = target.pick(entriesOf(target), 'chunk with entries')
      target.write32(chunk + CHUNK_WORDS.order, 0xffff_ffff)
      return `chunk ${hex(chunk)} is of order 0xffffffff`
    },
  },
  'CHUNK-ORDER': {
    about: 'a chunk is of an order that no memory has',
    apply(target) {
      const { chunk } = target.pick(entriesOf(target), 'chunk with entries')
      const order = 52 - target.geometry.pageShift + target.random.below(100)
      target.write32(chunk + CHUNK_WORDS.order, order)
      return `chunk ${hex(chunk)} is of order ${order}`
    },
  },
  'CHUNK-START': {
    about: 'a bitmap begins at an address that is none',
    apply: onEntry((target, { at }) => {
      target.write64(at + ELEMENT_START, 2n ** 63n)
      return 'begins at 0x8000000000000000'
    }),
  },
  'CHUNK-START-ALIGN': {
    about: 'a bitmap begins inside a block of its order',
    apply: onEntry((target, { at }) => {
      const start = target.u64(at + ELEMENT_START) + target.geometry.pageSize / 2
      target.write64(at + ELEMENT_START, start)
      return `begins at ${hex(start)}`
    }),
  },
  'CHUNK-START-SPAN': {
    about: 'a bitmap begins at a block that no bitmap begins with',
    apply: onEntry((target, { at, order }) => {
      const start = target.u64(at + ELEMENT_START) + blockBytes(target, order) * (1 + target.random.below(7))
      target.write64(at + ELEMENT_START, start)
      return `begins at ${hex(start)}`
    }),
  },
  'CHUNK-TAIL': {
    about: 'behind the entries that a chunk counts there is another one',
    apply(target) {
      const chunk = target.pick(chunksOf(target), 'chunk')
      const count = countOf(target, chunk)
      if (count >= chunkCapacity(target.geometry)) throw cannotBreak('room behind the entries of a chunk')
      target.write64(chunk + CHUNK_HEADER + count * CHUNK_ELEMENT, target.geometry.pageSize)
      return `slot ${count} of chunk ${hex(chunk)} is not zero`
    },
  },
  'CHUNK-UNSORTED': {
    about: 'two entries of a chunk have changed places',
    apply(target) {
      const entries = entriesOf(target)
      const pairs = entries
        .slice(1)
        .flatMap((entry, n) => (entry.chunk === entries[n]!.chunk ? [[entries[n]!, entry]] : []))
      const [first, second] = target.pick(pairs, 'chunk with two entries') as [Entry, Entry]
      const saved = target.read(first.at, CHUNK_ELEMENT).slice()
      target.write(first.at, target.read(second.at, CHUNK_ELEMENT).slice())
      target.write(second.at, saved)
      return `entries at ${hex(first.at)} and ${hex(second.at)} changed places`
    },
  },
  'CHUNK-NOT-FULL': {
    about: 'a chunk that another one of its order follows is not full',
    apply(target) {
      const entries = entriesOf(target)
      const { chunk, order, at } = target.pick(
        entries.filter(
          (entry, n) => entries[n - 1]?.chunk === entry.chunk && entries[n + 1]?.chunk !== entry.chunk,
        ),
        'chunk with two entries',
      )
      const fresh = target.allocate()
      fresh.bytes.set(target.read(chunk, CHUNK_HEADER))
      fresh.bytes.set(target.read(at, CHUNK_ELEMENT), CHUNK_HEADER)
      target.write32(fresh.address + CHUNK_WORDS.count, 1)
      const count = countOf(target, chunk)
      target.write(at, new Uint8Array(CHUNK_ELEMENT))
      target.write32(chunk + CHUNK_WORDS.count, count - 1)
      target.write64(chunk + CHUNK_WORDS.next, fresh.address)
      return `the last entry of chunk ${hex(chunk)} moved to a chunk of its own, ${hex(fresh.address)}, of order ${order}`
    },
  },
  'BLOCK-ADDRESS': {
    about: 'blocks lie at or above 2^52',
    apply(target) {
      const { tracker } = target.abi
      if (tracker === 'radix-tree') {
        return plantKey(
          target,
          3n * 2n ** BigInt(63 - target.geometry.pageShift),
          'with the highest address bit',
        )
      }
      if (tracker === 'page-table') return plantTableBlock(target, ADDRESS_LIMIT)
      const { at, order } = target.pick(entriesOf(target), 'entry in a chunk')
      const start = ADDRESS_LIMIT - blockBytes(target, order)
      target.write64(at + ELEMENT_START, start)
      target.write(target.u64(at + ELEMENT_BITMAP), Uint8Array.of(0xff))
      return `entry at ${hex(at)} begins at ${hex(start)}, with eight blocks`
    },
  },
}
