import fc from 'fast-check'
import { expect, it } from 'vitest'
import { segmentMemory } from '../../../../formats/dumps/segment-memory.js'
import { bytesSource } from '../../../../formats/memory/byte-source.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import type { Running } from '../../../../src/kernel/reader/context.js'
import { walkEntries } from '../../../../src/kernel/reader/luo-files.js'
import { createReaderMemory, Halt, type ReaderMemory } from '../../../../src/kernel/reader/memory.js'
import { rawFdt } from '../../../../src/kernel/reader/raw-fdt.js'

/*
 * What a kernel reads a word or an entry at a time is fetched by the page. Nobody can tell: it meets the same bytes, breaks at
 * the same address, and has looked at the same pages.
 */

const PAGE = 4096
const GEO = geometry(12)
const RAM = { start: 0x10000, end: 0x18000 }
const BYTES = Uint8Array.from({ length: RAM.end - RAM.start }, (_, n) => (n * 7 + (n >>> 8)) % 256)

/** Which parts of RAM the dump has, by cuts in it, and a page that is not in the direct map. */
const shape = fc.record({
  cuts: fc.uniqueArray(fc.integer({ min: 0, max: BYTES.length / 16 }), { maxLength: 6 }),
  unmapped: fc.option(fc.integer({ min: 0, max: BYTES.length / PAGE - 1 }), { freq: 4 }),
})

function memoryOf({ cuts, unmapped }: { cuts: number[]; unmapped: number | null }): ReaderMemory {
  const bounds = [0, ...cuts.map(cut => cut * 16).sort((a, b) => a - b), BYTES.length]
  const present = bounds.flatMap((from, n) => {
    const to = bounds[n + 1]
    if (n % 2 === 1 || to === undefined || to <= from) return []
    return [{ start: RAM.start + from, end: RAM.start + to, offset: from }]
  })
  const dump = segmentMemory(bytesSource(BYTES), { present, truncated: [], ranges: [RAM] })
  const memory = createReaderMemory(dump, GEO, [RAM], false)
  if (unmapped !== null) memory.unmap(RAM.start + unmapped * PAGE)
  return memory
}

/** What comes of a walk: what it noted, where it broke, and the pages that were looked at. */
function outcome(memory: ReaderMemory, walk: (note: (what: unknown) => void) => void) {
  const noted: unknown[] = []
  let stop: unknown = null
  try {
    walk(what => noted.push(what))
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    stop = error.stop
  }
  return { noted, stop, touched: [...memory.touched].sort((a, b) => a - b) }
}

it('entries of a list', () => {
  const list = fc.record({
    start: fc.integer({ min: RAM.start - 100, max: RAM.end }),
    count: fc.integer({ min: 0, max: 300 }),
    size: fc.constantFrom(64, 80),
    stopAt: fc.integer({ min: 0, max: 400 }),
  })
  fc.assert(
    fc.property(shape, list, (of, { start, count, size, stopAt }) => {
      const one = memoryOf(of)
      const single = outcome(one, note => {
        for (let n = 0; n < count; n++) {
          const bytes = one.read(start + n * size, size)
          note([start + n * size, [...bytes]])
          if (n === stopAt) return
        }
      })
      const all = memoryOf(of)
      const running = { memory: all, geometry: GEO } as Running
      let seen = 0
      const together = outcome(all, note => {
        walkEntries(running, start, count, size, (bytes, view, offset, address) => {
          note([address, [...bytes.subarray(offset, offset + size)]])
          expect(view.getUint8(offset)).toBe(bytes[offset])
          return seen++ !== stopAt
        })
      })
      expect(together).toEqual(single)
    }),
  )
})

it('words and bytes of a device tree', () => {
  const look = fc.record({
    offset: fc.integer({ min: -200, max: BYTES.length + 100 }),
    word: fc.boolean(),
  })
  fc.assert(
    fc.property(
      shape,
      fc.integer({ min: 0, max: PAGE }),
      fc.array(look, { maxLength: 20 }),
      (of, at, looks) => {
        const [fine, coarse] = [undefined, PAGE].map(most => {
          const memory = memoryOf(of)
          const fdt = rawFdt(memory, RAM.start + at, most)
          return outcome(memory, note => {
            for (const { offset, word } of looks) note(word ? fdt.word(offset) : fdt.byte(offset))
          })
        })
        expect(coarse).toMatchObject({ noted: fine!.noted, touched: fine!.touched })
        expect(coarse!.stop === null).toBe(fine!.stop === null)
      },
    ),
  )
})
