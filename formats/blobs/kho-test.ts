import { type FdtNode, type FdtTree, findChild, findProperty, nativeU32 } from '../fdt/index.js'
import { KHO_VMALLOC } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { createNumberList } from '../memory/number-list.js'
import { u64, viewOf } from '../memory/u64.js'
import { type BlobContext, quote } from './context.js'
import { firstCompatible } from './fdt-blob.js'
import type { KhoTest, KhoTestFolios } from './types.js'
import { decodeVmalloc } from './vmalloc.js'
import { vmallocPieces } from './vmalloc-read.js'

export const KHO_TEST_COMPATIBLE = 'kho-test-v1'
export const KHO_TEST_MAGIC = 0x4b484f21
/** Orders above this no page allocator has. */
const MOST_ORDER = 30

/** Decodes the FDT of the child `kho_test`. Null, with a fault, where it is of another format. */
export function decodeKhoTest(
  context: BlobContext,
  tree: FdtTree,
  address: number,
  path: string,
): KhoTest | null {
  const say = (code: string, message: string) => context.fault(code, message, address, path)
  const compatible = firstCompatible(tree.root)
  if (compatible !== KHO_TEST_COMPATIBLE) {
    say(
      'KHO-TEST-COMPATIBLE',
      `kho_test is incompatible with '${KHO_TEST_COMPATIBLE}': ${quote(compatible ?? '')}`,
    )
    return null
  }
  const data = findChild(tree.root, 'data')
  const test: KhoTest = {
    kind: 'kho-test',
    compatible,
    magic: u32In(tree.root, 'magic'),
    nrFolios: data && u32In(data, 'nr_folios'),
    csum: data && u32In(data, 'csum'),
    form: null,
    vmalloc: null,
    folios: { count: 0, address: new Float64Array(0), order: new Uint16Array(0) },
    gap: null,
  }
  if (test.magic !== KHO_TEST_MAGIC) {
    say('KHO-TEST-MAGIC', `kho_test magic is ${test.magic === null ? 'missing' : hex(test.magic)}`)
  }
  const info = data && findProperty(data, 'folios_info')
  if (test.nrFolios === null || test.csum === null || info === null) {
    say('KHO-TEST-DATA', 'kho_test lacks nr_folios, csum or folios_info, or they have another length')
  }
  if (test.nrFolios === null || info === null) return test
  const values = folioValues(context, test, info.value, address + info.offset, path)
  test.folios = splitValues(context, values, address, path)
  if (test.form !== null && test.gap === null && values.length < test.nrFolios) {
    say(
      'KHO-TEST-COUNT',
      `kho_test has ${test.nrFolios} folios, ${values.length} of them are listed in memory that is there`,
    )
  }
  return test
}

function u32In(node: FdtNode, name: string): number | null {
  const property = findProperty(node, name)
  return property && nativeU32(property)
}

/** The entries of folios_info, each an address with an order in its low bits, in either form. */
function folioValues(
  context: BlobContext,
  test: KhoTest,
  info: Uint8Array,
  address: number,
  path: string,
): Float64Array {
  const wanted = test.nrFolios ?? 0
  const values = createNumberList()
  if (isDescriptor(info, wanted)) {
    test.form = 'vmalloc'
    test.vmalloc = decodeVmalloc(context, info, 0, address, `${path}/vmalloc`)
    test.gap = test.vmalloc.gap
    for (const piece of vmallocPieces(context.memory, test.vmalloc, context.geometry, wanted * 8)) {
      if (!piece.read.ok) {
        const message = `folio list at ${hex(piece.address ?? 0)} is not in the dump (${piece.read.reason})`
        context.fault('KHO-TEST-ABSENT', message, piece.address, path, piece.read.reason)
        test.gap ??= { address: piece.address ?? 0, reason: piece.read.reason }
        continue
      }
      const view = viewOf(piece.read.bytes)
      for (let at = 0; at < piece.length; at += 8) values.push(u64(view, at))
    }
  } else if (info.length === wanted * 8) {
    test.form = 'array'
    const view = viewOf(info)
    for (let at = 0; at < info.length; at += 8) values.push(u64(view, at))
  } else {
    const message = `folios_info of ${info.length} bytes is neither a descriptor nor ${wanted} folios`
    context.fault('KHO-TEST-DATA', message, address, path)
  }
  return values.toArray()
}

/** A descriptor is 16 bytes long, and so are two folios: then it is one if it says one page, VM_ALLOC, order 0. */
function isDescriptor(info: Uint8Array, wanted: number): boolean {
  if (info.length !== KHO_VMALLOC.size) return false
  if (wanted !== 2) return true
  const { totalPages, flags, order } = KHO_VMALLOC.read(info)
  return totalPages === 1 && flags === 1 && order === 0
}

function splitValues(context: BlobContext, values: Float64Array, blob: number, path: string): KhoTestFolios {
  const { pageSize } = context.geometry
  const folios = {
    count: values.length,
    address: new Float64Array(values.length),
    order: new Uint16Array(values.length),
  }
  values.forEach((value, n) => {
    const order = value % pageSize
    if (value >= ADDRESS_LIMIT || value < pageSize || order > MOST_ORDER) {
      context.fault('KHO-TEST-FOLIO', `folio ${n} is ${hex(value)}: no address with an order`, blob, path)
      return
    }
    folios.address[n] = value - order
    folios.order[n] = order
  })
  return folios
}
