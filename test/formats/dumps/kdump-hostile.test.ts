import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectContainer, openContainer } from '../../../formats/dumps/containers.js'
import { isKhoError } from '../../../formats/error.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { codecs } from '../../../src/node/codecs.js'
import { buildKdump, flatten } from './kdump-build.js'

const TEXT = `ram 0-20
vmcoreinfo A=1\\n
note text
0 random 1 zlib
1 random 2 lzo
2 random 3 snappy
3 count zstd
4 zero zlib
5-8 as 4
9 count raw`

/** Header, sub-header, bitmaps and descriptors: where damage hits the most. */
const FIELDS = [
  ...range(8, 12),
  ...range(424, 464),
  ...range(4096, 4200),
  ...range(8192, 8196),
  ...range(12288, 12292),
  ...range(16384, 16384 + 240),
]

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

/** Opens it and looks at all of it: an error of ours, or answers. */
async function use(bytes: Uint8Array): Promise<void> {
  const source = bytesSource(bytes)
  try {
    const { memory, faults } = await openContainer(detectContainer(source), source, { codecs })
    expect(faults.length).toBeLessThan(50)
    expect(memory.ranges.length).toBeLessThanOrEqual(2 ** 16)
    for (let pfn = 0; pfn < 24; pfn++) memory.read(pfn * 4096 + 4000, 200)
    let total = 0
    for (const block of memory.blocks()) total += block.bytes.length
    expect(total).toBeLessThanOrEqual(memory.presentBytes ?? memory.inputSize)
    memory.pageHeads?.((phys, head) => {
      expect(phys % 4096).toBe(0)
      expect(head).toHaveLength(64)
    })
  } catch (error) {
    expect(isKhoError(error)).toBe(true)
  }
}

describe('damaged kdumps', () => {
  const good = buildKdump(TEXT)

  it('with any bytes in headers, bitmaps and descriptors', async () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))
    const edits = fc.array(fc.tuple(fc.constantFrom(...FIELDS), value), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(edits, fc.boolean(), async (changes, flat) => {
        const bytes = good.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        await use(flat ? flatten(bytes, 5000) : bytes)
      }),
      { numRuns: 1500 },
    )
  })

  it('with damaged page data', async () => {
    const edits = fc.array(fc.tuple(fc.integer({ min: 16384, max: good.length - 1 }), fc.nat(255)), {
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(edits, async changes => {
        const bytes = good.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        await use(bytes)
      }),
      { numRuns: 300 },
    )
  })

  it('cut at any place', async () => {
    for (let length = 0; length < good.length; length += 61) await use(good.subarray(0, length))
  })

  it('flattened with any bytes in its headers', async () => {
    const flat = flatten(good, 1000)
    const headers = Array.from({ length: 20 }, (_, i) => 4096 + i * 1016)
    const edits = fc.array(fc.tuple(fc.constantFrom(...headers), fc.nat(15), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(flat.length), async (changes, length) => {
        const bytes = flat.slice(0, length % 2 === 0 ? flat.length : length)
        for (const [header, at, byte] of changes) if (header + at < bytes.length) bytes[header + at] = byte
        await use(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('with RAM in more pieces than are worth a list', async () => {
    const maxPfn = 2 ** 19
    const bytes = new Uint8Array(4096 * 2 + 2 * (maxPfn / 8))
    bytes.set(buildKdump(`maxpfn ${maxPfn}`).subarray(0, 8192))
    bytes.fill(0x55, 8192, 8192 + maxPfn / 8)
    const source = bytesSource(bytes)
    const { memory, faults } = await openContainer(detectContainer(source), source, { codecs })
    expect(memory.ranges).toHaveLength(2 ** 16)
    expect(memory.ranges.at(-1)!.end).toBe((maxPfn - 1) * 4096)
    expect(faults.map(({ code }) => code)).toEqual(['DUMP-RAM', 'DUMP-FILTERED'])
    expect(memory.read((maxPfn - 1) * 4096, 1)).toMatchObject({ reason: 'outside' })
    expect(memory.read((maxPfn - 2) * 4096, 1)).toMatchObject({ reason: 'excluded' })
  })
})
