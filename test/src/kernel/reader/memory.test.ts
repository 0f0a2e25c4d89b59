import { describe, expect, it } from 'vitest'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createReaderMemory } from '../../../../src/kernel/reader/memory.js'
import { EMPTY } from '../../diff/states.js'

describe('memory sections of a reading kernel', () => {
  // SECTION_SIZE_BITS: 27 with 4K and 16K pages, 29 with 64K.
  it.each([
    [12, 2 ** 27],
    [14, 2 ** 27],
    [16, 2 ** 29],
  ] as const)('with %i-bit pages', (shift, section) => {
    const ram = [{ start: section + 0x10000, end: section + 0x20000 }]
    const memory = createReaderMemory(EMPTY, geometry(shift), ram, false)
    expect(memory.pages(section, 2 * section)).toBe(true)
    expect(memory.pages(section - 1, section + 1)).toBe(false)
    expect(memory.pages(section, 2 * section + 1)).toBe(false)
    expect(memory.page(2 * section - 1)).toBe(true)
    expect(memory.stopped()).toBeNull()
    expect(memory.page(2 * section)).toBe(false)
    expect(memory.stopped()).toMatchObject({ kind: 'oops', address: 2 * section })
    expect(memory.page(section)).toBe(false)
  })
})

it('takes what is no physical address for no RAM, whatever a scratch array says', () => {
  const memory = createReaderMemory(EMPTY, geometry(12), [{ start: 0, end: 2 ** 30 }], false)
  expect(memory.isRam(0x1000)).toBe(true)
  expect(memory.isRam(2 ** 30)).toBe(false)
  expect(memory.isRam(2 ** 62)).toBe(false)
})
