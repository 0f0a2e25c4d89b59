import { folioPfn } from '../../formats/blobs/index.js'
import { MEMFD_LUO_FOLIO_SER } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import { blocksAt } from '../../formats/pages/page-set.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { blobOf } from './fields.js'
import { memfdsOf } from './luo-parts.js'
import { cannotBreak } from './target.js'

/** Takes the block at an address out of the map, whatever its order. */
function unpreserveAt(target: DamageTarget, address: number, what: string): string {
  const block = blocksAt(target.tracker().decode.pages, address).find(found => found.address === address)
  if (block === undefined || !target.unpreserve(block.address, block.order))
    throw cannotBreak(`preserved block at ${hex(address)}`)
  return `the block of order ${block.order} at ${hex(address)}, ${what}, is in the map no more`
}

function memfdOf(target: DamageTarget) {
  return target.pick(
    memfdsOf(target).filter(({ vmalloc }) => vmalloc !== null),
    'memfd with folios',
  )
}

/** Structures, contents and regions that the map does not have. */
export const unpreservedDamages: DamageTable = {
  'LUO-UNPRESERVED': {
    about: "a memfd's structure is not preserved",
    apply(target) {
      const { extent, path } = memfdOf(target)
      return unpreserveAt(target, extent.start, path)
    },
  },
  'VMALLOC-UNPRESERVED': {
    about: 'a chunk page of a folio list is not preserved',
    apply(target) {
      const { vmalloc, path } = memfdOf(target)
      if (vmalloc?.first == null) throw cannotBreak('chunk page')
      return unpreserveAt(target, vmalloc.first, `a chunk of ${path}`)
    },
  },
  'MEMFD-FOLIO-UNPRESERVED': {
    about: 'a folio is not preserved',
    apply(target) {
      const { vmalloc, path } = memfdOf(target)
      const list = target.pick([...vmalloc!.runs], 'page of a folio list')
      const pfn = folioPfn(viewOf(target.read(list, MEMFD_LUO_FOLIO_SER.size)), 0)
      return unpreserveAt(target, pfn * target.geometry.pageSize, `the first folio of ${path}`)
    },
  },
  'MEMBLOCK-UNPRESERVED': {
    about: 'the first block of a region is not preserved',
    apply(target) {
      const { value } = blobOf(target, 'memblock')
      const { name, start } = target.pick(value.regions, 'region of reserve_mem')
      if (start === null) throw cannotBreak('region with an address')
      return unpreserveAt(target, start, `of region ${name}`)
    },
  },
  'KHO-TEST-UNPRESERVED': {
    about: 'a folio of kho_test is not preserved',
    apply(target) {
      const address = target.pick([...blobOf(target, 'kho-test').value.folios.address], 'folio of kho_test')
      return unpreserveAt(target, address, 'of kho_test')
    },
  },
  'KHO-TEST-CSUM': {
    about: 'a byte of a folio of kho_test is another one',
    apply(target) {
      const address = target.pick([...blobOf(target, 'kho-test').value.folios.address], 'folio of kho_test')
      target.write(address, Uint8Array.of(target.read(address, 1)[0]! ^ 0x5a))
      return `the first byte at ${hex(address)} is another one`
    },
  },
}
