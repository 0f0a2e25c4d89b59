import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { hex } from '../../../formats/memory/fault.js'
import { createFaultLog } from '../../../formats/memory/fault-log.js'
import { geometry, PAGE_SHIFTS } from '../../../formats/memory/geometry.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import { lastAtOrBelow, lowerBound } from '../../../formats/memory/sorted.js'
import { setU64, u64, viewOf } from '../../../formats/memory/u64.js'

describe('bytes in memory as a source', () => {
  it('give what there is of a request, and refuse one that no file has', () => {
    const source = bytesSource(Uint8Array.of(1, 2, 3, 4))
    const read = (offset: number, length: number) => [...source.read(offset, length)]
    expect(source.size).toBe(4)
    expect([read(0, 4), read(1, 2), read(3, 5), read(4, 1), read(9, 1), read(2, 0)]).toEqual([
      [1, 2, 3, 4],
      [2, 3],
      [4],
      [],
      [],
      [],
    ])
    expect(() => read(-1, 2)).toThrow('read of 2 bytes at offset -1')
    expect(() => read(0, -1)).toThrow('read of -1 bytes at offset 0')
  })

  it('are joined in order', () => {
    const bytes = fc.uint8Array({ maxLength: 9 })
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), parts => {
        expect([...joinBytes(parts)]).toEqual(parts.flatMap(part => [...part]))
      }),
    )
  })
})

describe('a log of faults', () => {
  it('keeps the first of each code and counts the rest on the last one kept', () => {
    const log = createFaultLog(2)
    for (let n = 1; n <= 5; n++) log.add('MANY', `fault ${n}`, n)
    log.add('ONE', 'another', null, 'luo', 'excluded')
    log.add('TWO', 'first')
    log.add('TWO', 'second')
    expect(log.list()).toStrictEqual([
      { code: 'MANY', message: 'fault 1', address: 1, path: null },
      { code: 'MANY', message: 'fault 2', address: 2, path: null, more: 3 },
      { code: 'ONE', message: 'another', address: null, path: 'luo', absent: 'excluded' },
      { code: 'TWO', message: 'first', address: null, path: null },
      { code: 'TWO', message: 'second', address: null, path: null },
    ])
  })

  it('has only those worded that it keeps, and counts the others all the same', () => {
    const log = createFaultLog(2)
    let worded = 0
    for (let n = 1; n <= 5; n++) log.of('MANY')?.(`fault ${++worded}`, n)
    expect(worded).toBe(2)
    log.add('MANY', 'one more')
    expect(log.list()).toStrictEqual([
      { code: 'MANY', message: 'fault 1', address: 1, path: null },
      { code: 'MANY', message: 'fault 2', address: 2, path: null, more: 4 },
    ])
  })

  it('keeps a hundred where nothing else is said', () => {
    const log = createFaultLog()
    for (let n = 0; n < 101; n++) log.add('MANY', 'fault')
    expect(log.list().length).toBe(100)
    expect(log.list().at(-1)?.more).toBe(1)
  })
})

describe('numbers', () => {
  it('are found in an ascending list as a look at each finds them', () => {
    const values = fc.array(fc.nat(30), { maxLength: 12 }).map(list => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(values, fc.integer({ min: -1, max: 31 }), fc.nat(12), (list, value, count) => {
        const first = (count: number) => {
          const index = list.slice(0, count).findIndex(each => each >= value)
          return index < 0 ? Math.min(count, list.length) : index
        }
        expect(lowerBound(list, value)).toBe(first(list.length))
        expect(lowerBound(list, value, Math.min(count, list.length))).toBe(first(count))
        expect(lastAtOrBelow(list, value)).toBe(list.findLastIndex(each => each <= value))
      }),
      { numRuns: 300 },
    )
  })

  it('below 2^53 are written as they are read', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(8), (value, offset) => {
        const view = new DataView(new ArrayBuffer(16))
        setU64(view, offset, value)
        expect(u64(view, offset)).toBe(value)
        expect(view.getBigUint64(offset, true)).toBe(BigInt(value))
      }),
    )
  })

  it('of 64 bits are little-endian, exact below 2^53, and never below 2^53 where they are not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(3), (value, at) => {
        const bytes = new Uint8Array(16)
        const view = viewOf(bytes.subarray(2, 14))
        view.setBigUint64(at, value, true)
        expect(bytes[2 + at]).toBe(Number(value & 0xffn))
        expect(u64(view, at)).toBe(Number(value))
      }),
    )
    expect(viewOf(new Uint8Array(8).subarray(3, 5)).byteLength).toBe(2)
  })

  it('of a page follow from its size', () => {
    expect(PAGE_SHIFTS.map(shift => geometry(shift))).toEqual([
      { pageShift: 12, pageSize: 4096, bitmapBits: 32768, tableEntries: 512 },
      { pageShift: 14, pageSize: 16384, bitmapBits: 131072, tableEntries: 2048 },
      { pageShift: 16, pageSize: 65536, bitmapBits: 524288, tableEntries: 8192 },
    ])
  })
})

it('addresses are written in hex, whatever their size', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeNat(),
        fc.integer({ min: 0, max: 64 }).map(n => 2 ** n),
      ),
      value => {
        expect(hex(value)).toBe(`0x${BigInt(value).toString(16)}`)
        expect(hex(BigInt(value))).toBe(hex(value))
      },
    ),
  )
})
