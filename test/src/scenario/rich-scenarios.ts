import type * as z from 'zod'
import { type KernelName, writingKernelNamed } from '../../../formats/kernels/index.js'
import type { SCENARIO } from '../../../src/scenario/schema.js'

type Input = z.input<typeof SCENARIO>

/** A scenario with at least one of everything that its kernel has. */
export function richScenario(kernel: KernelName, pageSize: '4K' | '16K' | '64K' = '4K'): Input {
  const page = { '4K': 4096, '16K': 16384, '64K': 65536 }[pageSize]
  const { users, writes } = writingKernelNamed(kernel)
  const { khoTest, luo, vmalloc } = users
  return {
    machine: {
      kernel,
      page_size: pageSize,
      ram: ['0-4G', '6G-16G'],
      scratch: [
        { address: 0x4000_0000, size: '64M' },
        { address: 0x8000_0000, size: '128M' },
        { address: '7G', size: '64M' },
      ],
    },
    seed: 3,
    calls: [
      { reserve_mem: { name: 'trace', size: 64 * page } },
      { reserve_mem: { name: 'oops', size: 3 * page } },
      ...(khoTest === null ? [] : [{ kho_test: { size: 64 * page } }]),
      { preserve_folio: { order: 0 } },
      { preserve_folio: { order: 3 } },
      { preserve_pages: { pages: 37 } },
      { preserve_random: { range: '9G-15G', orders: writes.knowsOrders ? [0, 1, 2, 9] : [0], count: 200 } },
      { add_subtree: { name: 'driver-a', size: 48, contents: { seed: 9 } } },
      { add_subtree: { name: 'driver-b', fdt: { properties: { compatible: 'driver-v1', where: 4096 } } } },
      ...(vmalloc
        ? [
            { preserve_vmalloc: { name: 'area', pages: 600 } },
            { preserve_vmalloc: { name: 'small', pages: 8, order: 1 } },
          ]
        : []),
      ...(luo !== null
        ? [
            {
              luo_session: {
                name: 'vm-a',
                memfds: [
                  { token: 1, size: 5 * page - 7, contents: { seed: 1 }, pos: 17 },
                  { token: 2, size: 16 * page, order: 2, contents: { pattern: 'abc' } },
                ],
              },
            },
            { luo_session: { name: 'vm-b', memfds: [{ token: 1, size: 3 * page, contents: 'zero' }] } },
            ...(!luo.flbs
              ? []
              : [{ luo_flb: { name: 'iommu-v1', data: 17 } }, { luo_flb: { name: 'pci-v1' } }]),
          ]
        : []),
      'kexec',
    ],
  }
}
