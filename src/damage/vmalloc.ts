import type { Vmalloc } from '../../formats/blobs/index.js'
import { chunkEntries } from '../../formats/blobs/index.js'
import { KHO_VMALLOC, KHO_VMALLOC_CHUNK, offsetOf } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { memfdsIn } from './luo-parts.js'
import { cannotBreak, elementOf } from './target.js'

/** Fields of struct kho_vmalloc and of a chunk page. */
const TOTAL_PAGES = offsetOf(KHO_VMALLOC, 'totalPages')
const FLAGS = offsetOf(KHO_VMALLOC, 'flags')
const ORDER = offsetOf(KHO_VMALLOC, 'order')
const ENTRIES = KHO_VMALLOC_CHUNK.size

/** Every area that the state's blobs have. */
function vmallocsOf(target: DamageTarget): Vmalloc[] {
  return target.blobs().flatMap(({ value }) => {
    if (value?.kind === 'vmalloc') return [value]
    if (value?.kind === 'kho-test') return value.vmalloc === null ? [] : [value.vmalloc]
    if (value?.kind !== 'luo') return []
    return memfdsIn(value).flatMap(memfd => memfd.vmalloc ?? [])
  })
}

interface Area {
  /** Address of the descriptor. */
  at: number
  area: Vmalloc
}

function areaOf(target: DamageTarget, fits: (area: Vmalloc) => boolean = () => true): Area {
  const areas = vmallocsOf(target).filter(
    area => area.extent !== null && area.chunks.length > 0 && fits(area),
  )
  const area = target.pick(areas, 'vmalloc area that this is about')
  return { at: area.extent!.start, area }
}

/** Where the nth entry of an area is. */
function entryAt(target: DamageTarget, area: Vmalloc, n: number): number {
  const capacity = chunkEntries(target.geometry.pageSize)
  return (
    elementOf(area.chunks, Math.floor(n / capacity), 'chunk with that entry') + ENTRIES + (n % capacity) * 8
  )
}

/** Links `next` behind the last chunk of an area. */
function linkLast(target: DamageTarget, area: Vmalloc, next: number): string {
  const last = area.chunks.at(-1)!
  target.write64(last, next)
  return `chunk ${hex(last)} leads to ${hex(next)}`
}

/** A blob that is nothing but a descriptor is taken for one by its looks: broken, it is bytes. */
const isEmbedded = (area: Vmalloc) => !area.path.startsWith('blobs/')

const isShort = (target: DamageTarget) => (area: Vmalloc) =>
  area.runs.length % chunkEntries(target.geometry.pageSize) !== 0

/** Preserved vmalloc areas, wherever their descriptor is. */
export const vmallocDamages: DamageTable = {
  'VMALLOC-FIRST': {
    about: 'an area has no first chunk',
    apply(target) {
      const { at } = areaOf(target, isEmbedded)
      target.write64(at, 0)
      return `first of the descriptor at ${hex(at)} is 0`
    },
  },
  'VMALLOC-FLAGS': {
    about: 'an area has flags that readers drop',
    apply(target) {
      const { at, area } = areaOf(target)
      target.write(at + FLAGS, Uint8Array.of(area.flags + 4, 0))
      return `flags of the descriptor at ${hex(at)} are ${hex(area.flags + 4)}`
    },
  },
  'VMALLOC-ORDER': {
    about: 'the runs of an area are longer than any area',
    apply(target) {
      const { at } = areaOf(target, isEmbedded)
      const order = 32 + target.random.below(64)
      target.write(at + ORDER, Uint8Array.of(order, 0))
      return `order of the descriptor at ${hex(at)} is ${order}`
    },
  },
  'VMALLOC-COUNT-MISMATCH': {
    about: 'an area says that it has more pages than its chunks list',
    apply(target) {
      const { at, area } = areaOf(target)
      const pages = area.totalPages + 2 ** area.order * (1 + target.random.below(9))
      target.write32(at + TOTAL_PAGES, pages)
      return `total_pages of the descriptor at ${hex(at)} is ${pages}, not ${area.totalPages}`
    },
  },
  'VMALLOC-POINTER': {
    about: 'the last chunk leads on to an address that is no page',
    apply(target) {
      const { area } = areaOf(target)
      return linkLast(target, area, area.chunks.at(-1)! + 16)
    },
  },
  'VMALLOC-CHUNK-ABSENT': {
    about: 'a chunk is not in the dump',
    apply(target) {
      const chunk = areaOf(target).area.chunks.at(-1)!
      target.remove(chunk)
      return `chunk ${hex(chunk)} taken out`
    },
  },
  'VMALLOC-CHUNK-CYCLE': {
    about: 'the last chunk leads back to the first',
    apply(target) {
      const { area } = areaOf(target)
      return linkLast(target, area, area.chunks[0]!)
    },
  },
  'VMALLOC-CHUNK-SHARED': {
    about: 'two areas of one blob have the same chunk',
    apply(target) {
      const luo = target.blobs().find(blob => blob.value?.kind === 'luo')?.value
      const areas = vmallocsOf(target).filter(area => luo !== undefined && area.path.startsWith('luo/'))
      if (areas.length < 2) throw cannotBreak('two vmalloc areas in LUO')
      const [first, second] = areas as [Vmalloc, Vmalloc]
      const chunk = elementOf(first.chunks, 0, 'chunk in LUO')
      target.write64(second.extent!.start, chunk)
      return `the area at ${hex(second.extent!.start)} has chunk ${hex(chunk)} too`
    },
  },
  'VMALLOC-CHUNK-EMPTY': {
    about: 'an empty chunk follows one that is not full',
    apply(target) {
      const { area } = areaOf(target, isShort(target))
      return linkLast(target, area, target.allocate().address)
    },
  },
  'VMALLOC-CHUNK-PARTIAL': {
    about: 'a chunk that another one follows is not full',
    apply(target) {
      const { area } = areaOf(target, candidate => candidate.runs.length > 1 && isShort(target)(candidate))
      const at = entryAt(target, area, area.runs.length - 1)
      const fresh = target.allocate()
      new DataView(fresh.bytes.buffer, fresh.bytes.byteOffset).setBigUint64(
        ENTRIES,
        BigInt(target.u64(at)),
        true,
      )
      target.write64(at, 0)
      return `the last entry moved on: ${linkLast(target, area, fresh.address)}`
    },
  },
  'VMALLOC-ENTRY': {
    about: 'an entry of a chunk is no address of a page',
    apply(target) {
      const { area } = areaOf(target)
      const at = entryAt(target, area, target.random.below(area.runs.length))
      target.write64(at, target.u64(at) + 8)
      return `entry at ${hex(at)} is ${hex(target.u64(at))}`
    },
  },
  'VMALLOC-ENTRY-OVERLAP': {
    about: 'two entries are the same run',
    apply(target) {
      const { area } = areaOf(target, candidate => candidate.runs.length > 1)
      const n = 1 + target.random.below(area.runs.length - 1)
      const at = entryAt(target, area, n)
      target.write64(at, area.runs[n - 1]!)
      return `entry at ${hex(at)} is ${hex(area.runs[n - 1]!)}, as the one before`
    },
  },
}
