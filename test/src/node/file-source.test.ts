import { randomFillSync } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openRaw } from '../../../formats/dumps/raw.js'
import { openFileSource } from '../../../src/node/file-source.js'
import { workDirectory } from '../image/open-fixtures.js'

const file = workDirectory()
const contents = Uint8Array.from({ length: 3 * 2 ** 20 + 123 }, (_, i) => (i * 31 + (i >> 8)) % 256)

it('reads any part in any order, with and without a buffer that is used again', () => {
  const source = openFileSource(file('contents', contents))
  expect(source.size).toBe(contents.length)
  const kept: { offset: number; bytes: Uint8Array }[] = []
  fc.assert(
    fc.property(
      fc.nat(contents.length + 100),
      fc.oneof(fc.nat(64), fc.nat(20_000), fc.nat(2 * 2 ** 20)),
      fc.boolean(),
      (offset, length, reuse) => {
        const bytes = source.read(offset, length, reuse)
        expect(Buffer.compare(bytes, contents.subarray(offset, offset + length))).toBe(0)
        if (!reuse && bytes.length < 20_000) kept.push({ offset, bytes })
      },
    ),
    { numRuns: 2000 },
  )
  expect(kept.length).toBeGreaterThan(300)
  for (const { offset, bytes } of kept) {
    expect(Buffer.compare(bytes, contents.subarray(offset, offset + bytes.length))).toBe(0)
  }
  source.close()
})

it('gives a page bytes of its own, so that keeping it keeps nothing else', () => {
  const source = openFileSource(file('contents', contents))
  expect(source.read(8192, 4096).buffer.byteLength).toBe(4096)
  source.close()
})

it('reads what lies one after the other once, for who reads it again, up to 64 MiB', () => {
  const path = file('run')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 80 * 2 ** 20)
  writeSync(fd, contents, 0, contents.length, 0)
  closeSync(fd)
  const source = openFileSource(path)
  const pages = (count: number) => Array.from({ length: count }, (_, n) => source.read(n * 4096, 4096))
  const first = pages(700)
  pages(700).forEach((page, n) => {
    expect(Buffer.compare(page, contents.subarray(n * 4096, n * 4096 + 4096))).toBe(0)
    if (n > 0) expect(page.buffer).toBe(first[n]!.buffer)
  })
  pages(20_000)
  expect(pages(2)[1]!.buffer).not.toBe(first[1]!.buffer)
  source.close()
})

it('reads twice as much each time that pages go on, to 1 MiB', () => {
  const path = file('long')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 2 ** 23)
  closeSync(fd)
  const source = openFileSource(path)
  const buffers = Array.from({ length: 1000 }, (_, n) => source.read(n * 4096, 4096).buffer)
  const sizes = [...new Set(buffers)].map(({ byteLength }) => byteLength)
  expect(sizes).toEqual([2 ** 12, 2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20, 2 ** 20, 2 ** 20])
  source.close()
})

it('keeps the block of a pass while memory is read that lies in two pieces', () => {
  const half = 2 ** 20
  const noise = randomFillSync(new Uint8Array(3 * half))
  const source = openFileSource(file('noise', noise))
  const map = [
    { phys: 0, offset: 0, length: half },
    { phys: half, offset: 2 * half, length: half },
  ]
  const { memory } = openRaw(source, { map })
  for (const { phys, bytes } of memory.blocks()) {
    expect(memory.read(half - 8192, 40_000).ok).toBe(true)
    const offset = phys < half ? phys : phys + half
    expect(Buffer.compare(bytes, noise.subarray(offset, offset + bytes.length))).toBe(0)
  }
  source.close()
})

it('reads beyond 2 and 4 GiB', () => {
  const path = file('sparse')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 2 ** 33)
  for (const offset of [2 ** 31 - 2, 2 ** 32 - 2, 2 ** 33 - 4])
    writeSync(fd, Uint8Array.of(1, 2, 3, 4), 0, 4, offset)
  const source = openFileSource(path)
  for (const offset of [2 ** 31 - 2, 2 ** 32 - 2, 2 ** 33 - 4]) {
    expect([...source.read(offset, 4)]).toEqual([1, 2, 3, 4])
    expect([...source.read(offset - 4096, 4100, true).subarray(-5)]).toEqual([0, 1, 2, 3, 4])
  }
  source.close()
})

it('gives less where the file became shorter', () => {
  const path = file('shrinks', contents)
  const source = openFileSource(path)
  truncateSync(path, 5000)
  expect(source.read(4000, 8192)).toHaveLength(1000)
  expect(source.read(4000, 8192, true)).toHaveLength(1000)
  expect(source.read(4990, 100)).toHaveLength(10)
  expect(source.read(6000, 8192, true)).toHaveLength(0)
  source.close()
})

it('refuses requests that make no sense', () => {
  const source = openFileSource(file('contents', contents))
  expect(() => source.read(-1, 4)).toThrow(/read of 4 bytes at offset -1/)
  expect(() => source.read(0, Number.NaN)).toThrow(/read of NaN bytes/)
  source.close()
  expect(() => source.read(0, 1)).toThrow(/was closed/)
})
