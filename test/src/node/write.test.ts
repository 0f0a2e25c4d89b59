import { describe, expect, it } from 'vitest'
import { ClosedPipe, writeAll } from '../../../src/node/write.js'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A write() that takes a few bytes at a time and fails where told to. */
function pipe(failures: Record<number, string>) {
  const received: number[] = []
  let calls = 0
  const write = (_fd: number, bytes: Uint8Array, offset: number, length: number) => {
    const code = failures[calls++]
    if (code !== undefined) throw failure(code)
    const taken = Math.min(length, 3)
    received.push(...bytes.subarray(offset, offset + taken))
    return taken
  }
  return { received, write: write as Parameters<typeof writeAll>[2] }
}

describe('writeAll', () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)

  it('goes on after short writes', () => {
    const { received, write } = pipe({})
    writeAll(1, bytes, write)
    expect(received).toEqual([...bytes])
  })

  it('waits for a full pipe', () => {
    const { received, write } = pipe({ 0: 'EAGAIN', 2: 'EAGAIN', 3: 'EAGAIN' })
    writeAll(1, bytes, write)
    expect(received).toEqual([...bytes])
  })

  it('ends when nobody reads any more', () => {
    expect(() => writeAll(1, bytes, pipe({ 1: 'EPIPE' }).write)).toThrow(ClosedPipe)
  })

  it('passes other failures on', () => {
    expect(() => writeAll(1, bytes, pipe({ 0: 'ENOSPC' }).write)).toThrow('ENOSPC')
  })
})
