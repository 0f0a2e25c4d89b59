import { SCRATCH_AREA_SIZE, SCRATCH_ENTRY } from '../../formats/handoff/scratch.js'
import { KHO_DATA, offsetOf, SETUP_DATA_KHO } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { memmapOf } from '../kernel/reader/room.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { endOfRam } from './fields.js'
import { cannotBreak } from './target.js'

/** Where the scratch array lies with its areas in it: only after the jump. */
function arrayOf(target: DamageTarget): {
  array: number
  count: number
  areas: { at: number; start: number; size: number }[]
} {
  const { scratchArray } = target.machine
  if (scratchArray === null) throw cannotBreak('scratch array in place (--at early)')
  const { address, size: bytes } = scratchArray
  const count = Math.floor(bytes / SCRATCH_ENTRY)
  const areas = Array.from({ length: count }, (_, n) => {
    const at = address + n * SCRATCH_ENTRY
    return { at, start: target.u64(at), size: target.u64(at + SCRATCH_AREA_SIZE) }
  })
  return { array: address, count, areas }
}

/** Fields of the x86 record, from its start. */
const DATA = offsetOf(SETUP_DATA_KHO, 'data')
const FDT_SIZE = DATA + offsetOf(KHO_DATA, 'fdtSize')
const SCRATCH_ADDRESS = DATA + offsetOf(KHO_DATA, 'scratchAddr')
const SCRATCH_SIZE = DATA + offsetOf(KHO_DATA, 'scratchSize')

/** Writes a field of every record: a kernel copies the one that it was given. */
function writeRecords(target: DamageTarget, field: number, value: number): string {
  const { records } = target.machine
  if (records.length === 0) throw cannotBreak('setup_data record')
  for (const record of records) target.write64(record + field, value)
  return records.map(record => hex(record)).join(', ')
}

/** What leads the next kernel to the state, and the scratch areas. */
export const handoffDamages: DamageTable = {
  'HANDOFF-FDT-SIZE': {
    about: 'the record says that the root FDT is two pages long',
    apply(target) {
      const at = writeRecords(target, FDT_SIZE, target.geometry.pageSize * 2)
      return `fdt_size of the record at ${at} is ${hex(target.geometry.pageSize * 2)}`
    },
  },
  'HANDOFF-SCRATCH-PLACE': {
    about: 'the scratch array lies in none of its own areas',
    apply(target) {
      const { array, count } = arrayOf(target)
      const bytes = count * SCRATCH_ENTRY
      const fresh = target.allocate(Math.ceil(bytes / target.geometry.pageSize))
      fresh.bytes.set(target.read(array, bytes))
      writeRecords(target, SCRATCH_ADDRESS, fresh.address)
      return `the array copied to ${hex(fresh.address)}`
    },
  },
  'SCRATCH-LENGTH': {
    about: 'the record says that the scratch array has eight bytes more',
    apply(target) {
      const { count } = arrayOf(target)
      writeRecords(target, SCRATCH_SIZE, count * SCRATCH_ENTRY + 8)
      return `scratch_size is ${count * SCRATCH_ENTRY + 8}`
    },
  },
  'SCRATCH-EMPTY': {
    about: 'the record says that the scratch array has no bytes',
    apply(target) {
      writeRecords(target, SCRATCH_SIZE, 0)
      return 'scratch_size is 0'
    },
  },
  'SCRATCH-OVERLAP': {
    about: 'two scratch areas overlap',
    apply(target) {
      const { areas } = arrayOf(target)
      const [first, second] = areas
      if (first === undefined || second === undefined) throw cannotBreak('two scratch areas')
      target.write64(second.at, first.start)
      return `the area at ${hex(second.at)} begins at ${hex(first.start)} too`
    },
  },
  'SCRATCH-OUTSIDE-RAM': {
    about: 'a scratch area lies behind the end of RAM',
    apply(target) {
      const end = endOfRam(target)
      const { at } = target.pick(arrayOf(target).areas.slice(1), 'second scratch area')
      target.write64(at, Math.ceil(end / 2 ** 22) * 2 ** 22)
      return `the area at ${hex(at)} begins at the end of RAM`
    },
  },
  'SCRATCH-UNALIGNED': {
    about: 'a scratch area begins inside a page',
    apply(target) {
      const { at, start } = target.pick(arrayOf(target).areas.slice(1), 'second scratch area')
      target.write64(at, start + 512)
      return `the area at ${hex(at)} begins at ${hex(start + 512)}`
    },
  },
  'SCRATCH-COUNT': {
    about: 'the record says that there are two scratch areas',
    apply(target) {
      const { array, areas } = arrayOf(target)
      const kept = areas.slice(0, 2)
      if (areas.length < 3) throw cannotBreak('third scratch area')
      const bytes = 2 * SCRATCH_ENTRY
      if (!kept.some(({ start, size }) => array >= start && array + bytes <= start + size))
        throw cannotBreak('array in one of the first two scratch areas')
      writeRecords(target, SCRATCH_SIZE, bytes)
      return `scratch_size is ${bytes}`
    },
  },
  'SCRATCH-MEMMAP': {
    about: 'every scratch area is one pageblock, too little for the struct pages of all RAM',
    apply(target) {
      const { array, areas } = arrayOf(target)
      const { pageSize, tableEntries } = target.geometry
      const block = pageSize * tableEntries
      const room = areas.length * block
      if (memmapOf(target.machine.ram, target.geometry) <= room)
        throw cannotBreak('RAM whose struct pages need more than a pageblock of each scratch area')
      for (const { at, start, size } of areas) {
        if (size < block) continue
        // The array stays inside one of its areas.
        const holds = array >= start && array < start + size
        if (holds) target.write64(at, array - (array % block))
        target.write64(at + SCRATCH_AREA_SIZE, block)
      }
      return `the areas have ${room} bytes at the most`
    },
  },
  'SCRATCH-PAGEBLOCK': {
    about: 'a scratch area is not made of pageblocks',
    apply(target) {
      const { at, start, size } = target.pick(arrayOf(target).areas.slice(1), 'second scratch area')
      target.write64(at, start + target.geometry.pageSize)
      target.write64(at + SCRATCH_AREA_SIZE, size - target.geometry.pageSize)
      return `the area at ${hex(at)} begins at ${hex(start + target.geometry.pageSize)}`
    },
  },
}
