import { KHO_ARRAY, KHO_ARRAY_PAGE, offsetOf } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { cannotBreak, elementOf } from './target.js'

const HEADER_FIRST = offsetOf(KHO_ARRAY, 'first')
const PAGE_HEADER = KHO_ARRAY_PAGE.size

/** The struct kho_array, and the pages of its list. */
function arrayOf(target: DamageTarget): { header: number; pages: number[] } {
  if (target.abi.tracker !== 'kho-array') throw cannotBreak('array')
  const header = target.tracker().root.addresses[0]!
  const pages: number[] = []
  for (let page = target.u64(header + HEADER_FIRST); page !== 0; page = target.u64(page)) pages.push(page)
  if (pages.length === 0) throw cannotBreak('page of an array')
  return { header, pages }
}

/** Addresses of the entries that are used. */
function entriesOf(target: DamageTarget): number[] {
  const { pageSize } = target.geometry
  return arrayOf(target).pages.flatMap(page =>
    Array.from({ length: (pageSize - PAGE_HEADER) / 8 }, (_, n) => page + PAGE_HEADER + n * 8).filter(
      at => target.u64(at) !== 0,
    ),
  )
}

/** The array RFC. */
export const khoArrayDamages: DamageTable = {
  'ARRAY-HEADER': {
    about: 'the array is of another version',
    apply(target) {
      const { header } = arrayOf(target)
      target.write(header + 4, Uint8Array.of(1, 0))
      return `array ${hex(header)} is of version 1`
    },
  },
  'ARRAY-POINTER': {
    about: 'the last page of the array leads on to the first',
    apply(target) {
      const { pages } = arrayOf(target)
      const first = elementOf(pages, 0, 'page of the array')
      const last = elementOf(pages, -1, 'page of the array')
      target.write64(last, first)
      return `page ${hex(last)} leads back to ${hex(first)}`
    },
  },
  'ARRAY-ABSENT': {
    about: 'a page of the array is not in the dump',
    apply(target) {
      const page = elementOf(arrayOf(target).pages, -1, 'page of the array')
      target.remove(page)
      return `page ${hex(page)} taken out`
    },
  },
  'ARRAY-ENTRY': {
    about: 'an entry leads to where no element is',
    apply(target) {
      const entries = entriesOf(target)
      // The first sixteen tell where the direct map begins.
      if (entries.length <= 16) throw cannotBreak('array of more than 16 entries')
      const at = target.pick(entries.slice(16), 'entry')
      const element = target.read(at, 8).slice()
      element[6] = element[6]! ^ 1
      target.write(at, element)
      return `entry at ${hex(at)} leads elsewhere`
    },
  },
  'ARRAY-DIRECT-MAP': {
    about: 'the entries lie in no direct map',
    apply(target) {
      const entries = entriesOf(target)
      if (entries.length < 2) throw cannotBreak('array of two entries')
      const [first] = entries
      target.write64(first!, 0xdead_beef_0000_0000n)
      return `the first entry, at ${hex(first!)}, is 0xdeadbeef00000000`
    },
  },
}
