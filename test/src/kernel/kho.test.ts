import { describe, expect, it } from 'vitest'
import { writingKernelNamed } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { createKho } from '../../../src/kernel/kho.js'
import { setOf } from '../diff/states.js'

function khoOf(name: string) {
  const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 2 ** 20, end: 2 ** 30 }] })
  const scratch = [{ start: 2 ** 28, end: 2 ** 28 + 2 ** 24 }]
  return createKho({ kernel: writingKernelNamed(name), builder, nodes: [], scratch, debug: true })
}

describe('folios', () => {
  // MAX_PAGE_ORDER of x86-64: the page table of patch v5 has no root for a higher one.
  it('are taken up to the largest order that the kernel has a place for, one by one and as a set', () => {
    const kho = khoOf('v5-table')
    const size = 2 ** 10 * 4096
    expect(kho.preserveFolio(16 * size, 10)).toBeNull()
    expect(kho.preserveFolio(16 * size, 11)).toBe('-EINVAL')
    expect(kho.preserveSet(setOf([[10, 32 * 2 ** 10]]))).toBeNull()
    expect(kho.preserveSet(setOf([[11, 32 * 2 ** 10]]))).toBe('-EINVAL')
  })

  it('are aligned to their size, and lie outside scratch', () => {
    const kho = khoOf('7.2')
    expect(kho.preserveFolio(2 ** 24, 12)).toBeNull()
    expect(kho.preserveFolio(2 ** 24 + 4096, 1)).toBe('-EINVAL')
    expect(kho.preserveFolio(2 ** 28 - 4096, 0)).toBeNull()
    expect(kho.preserveFolio(2 ** 28, 0)).toBe('-EINVAL')
    expect(kho.preserveSet(setOf([[0, 2 ** 16 + 4095]]))).toBe('-EINVAL')
    expect(kho.preserveSet(setOf([[0, 2 ** 16 + 4096]]))).toBeNull()
  })
})
