import { findChild } from '../../formats/fdt/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { blobOf, breakCompatible, editFdt, propertyOf } from './fields.js'
import { cannotBreak, elementOf } from './target.js'

function testOf(target: DamageTarget) {
  const { address, value } = blobOf(target, 'kho-test')
  const what = 'FDT of kho_test'
  const { root, header } = target.fdt(address, what)
  const data = findChild(root, 'data')
  if (data === null) throw cannotBreak(`readable ${what}`)
  return { address, size: header.totalsize, value, root, data }
}

/** Where the list of folios lies: in pages of its own, or in the FDT. */
function listOf(target: DamageTarget): number {
  const { address, value, data } = testOf(target)
  if (value.vmalloc === null) return address + propertyOf(data, 'folios_info').offset
  return elementOf(value.vmalloc.runs, 0, 'page of the list of kho_test')
}

/** The FDT of lib/test_kho.c. */
export const khoTestDamages: DamageTable = {
  'KHO-TEST-COMPATIBLE': {
    about: 'kho_test is of another format',
    apply(target) {
      const { address, root } = testOf(target)
      breakCompatible(target, address, root)
      return 'compatible ends in 9'
    },
  },
  'KHO-TEST-MAGIC': {
    about: 'the magic number of kho_test is another',
    apply(target) {
      const { address, root } = testOf(target)
      target.write32(address + propertyOf(root, 'magic').offset, 0x4b484f20)
      return 'magic is 0x4b484f20'
    },
  },
  'KHO-TEST-DATA': {
    about: 'the sum of kho_test has eight bytes',
    apply(target) {
      const { address, size } = testOf(target)
      editFdt(
        target,
        address,
        Math.ceil((size + 16) / target.geometry.pageSize) * target.geometry.pageSize,
        editor => editor.setProperty('/data', 'csum', new Uint8Array(8)),
      )
      return 'csum has 8 bytes'
    },
  },
  'KHO-TEST-COUNT': {
    about: 'kho_test says that it has more folios than its list holds',
    apply(target) {
      const { address, data, value } = testOf(target)
      if (value.vmalloc === null) throw cannotBreak('kho_test whose list has pages of its own')
      const count = (value.vmalloc.totalPages * target.geometry.pageSize) / 8 + 1
      target.write32(address + propertyOf(data, 'nr_folios').offset, count)
      return `nr_folios is ${count}`
    },
  },
  'KHO-TEST-FOLIO': {
    about: 'a folio of kho_test lies at no address',
    apply(target) {
      const list = listOf(target)
      const n = target.random.below(testOf(target).value.folios.count)
      target.write64(list + n * 8, 2n ** 60n)
      return `folio ${n}, at ${hex(list + n * 8)}, is 0x1000000000000000`
    },
  },
  'KHO-TEST-ABSENT': {
    about: 'the list of folios of kho_test is not in the dump',
    apply(target) {
      if (testOf(target).value.vmalloc === null) throw cannotBreak('kho_test whose list has pages of its own')
      const list = listOf(target)
      target.remove(list)
      return `page ${hex(list)} taken out`
    },
  },
}
