import { nativeU32Bytes, stringBytes } from '../fdt/index.js'
import { KHO_VMALLOC } from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import type { Place } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { PageAllocator } from './allocator.js'
import { encodeFdt } from './fdt-encode.js'
import { KHO_TEST_COMPATIBLE, KHO_TEST_MAGIC } from './kho-test.js'
import { storeVmalloc } from './vmalloc-encode.js'

/** What {@link encodeKhoTest} writes. */
export interface KhoTestSpec {
  /** `array` as 6.16 and 6.17 write the list of folios, `vmalloc` as later kernels do. */
  form: 'array' | 'vmalloc'
  folios: { address: ArrayLike<number>; order: ArrayLike<number> }
  /** Sum of all contents; for x86-64 {@link sumFolios} gives it. */
  csum: number
}

/** kho_test's FDT, as lib/test_kho.c writes it, in as many pages as that allocates. The folios are the caller's. */
export function encodeKhoTest(allocator: PageAllocator, geometry: Geometry, spec: KhoTestSpec): Place {
  const count = spec.folios.address.length
  const list = new Uint8Array(count * 8)
  for (let n = 0; n < count; n++) {
    const value = (spec.folios.address[n] as number) + (spec.folios.order[n] as number)
    viewOf(list).setBigUint64(n * 8, BigInt(value), true)
  }
  const info = spec.form === 'array' ? list : KHO_VMALLOC.encode(storeVmalloc(allocator, geometry, list))
  const order = Math.ceil(Math.log2((list.length + geometry.pageSize) / geometry.pageSize))
  return encodeFdt(allocator, geometry, order, writer => {
    writer.property('compatible', stringBytes(KHO_TEST_COMPATIBLE))
    writer.property('magic', nativeU32Bytes(KHO_TEST_MAGIC))
    writer.beginNode('data')
    writer.property('nr_folios', nativeU32Bytes(count))
    writer.property('folios_info', info)
    writer.property('csum', nativeU32Bytes(spec.csum))
    writer.endNode()
  })
}
