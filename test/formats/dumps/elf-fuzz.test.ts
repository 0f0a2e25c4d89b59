import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { isKhoError } from '../../../formats/error.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { buildElf } from './elf-build.js'

const SIZE = 0x1000

/** A small core with everything in it: notes, an overlap, a part that is excluded, section header 0. */
function smallCore(): Uint8Array {
  const bytes = buildElf({
    size: SIZE,
    programs: [
      { type: 4, offset: 0x200n, filesz: 0x40n },
      { offset: 0x400n, paddr: 0x1000n, filesz: 0x200n, memsz: 0x400n },
      { offset: 0x600n, paddr: 0x1100n, filesz: 0x200n },
      { offset: 0x800n, paddr: 0x1_0000_0000n, filesz: 0x800n },
    ],
  })
  const note = [11, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode('VMCOREINFO\0\0CRASHTIM')]
  bytes.set(note, 0x200)
  return bytes
}

const mutation = fc.record({ offset: fc.nat(0x23f), value: fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xfe, 0xff) })

it('opens or refuses a damaged core, and what it opens can be read', () => {
  let opened = 0
  let refused = 0
  const property = fc.property(
    fc.array(mutation, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(SIZE, SIZE, SIZE, 0x900, 0x120, 63, 0),
    (mutations, size) => {
      const bytes = smallCore()
      for (const { offset, value } of mutations) bytes[offset] = value
      const source = bytesSource(bytes.subarray(0, size))
      try {
        const dump = openElf(source)
        opened++
        for (const range of dump.memory.ranges) {
          const { start, end } = range
          for (const phys of [start, end - 1, start + Math.floor((end - start) / 2)]) {
            const read = dump.memory.read(phys, 8)
            if (read.ok) expect(read.bytes).toHaveLength(8)
            else expect(read.address).toBeGreaterThanOrEqual(phys)
          }
          if (start > 0)
            expect(dump.memory.read(start - 1, 1)).toMatchObject({ ok: false, reason: 'outside' })
        }
        let total = 0
        for (const block of dump.memory.blocks()) {
          const read = dump.memory.read(block.phys, block.bytes.length)
          expect(read.ok && Buffer.compare(read.bytes, block.bytes)).toBe(0)
          total += block.bytes.length
        }
        expect(total).toBeLessThanOrEqual(3 * size)
      } catch (error) {
        if (!isKhoError(error)) throw error
        refused++
      }
    },
  )
  fc.assert(property, { numRuns: 3000 })
  expect(opened).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(100)
})
