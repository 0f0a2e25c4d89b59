import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineBuffer } from '../../../src/render/lines.js'

function collect(fill: (buffer: ReturnType<typeof lineBuffer>) => void): { text: string; chunks: number } {
  let text = ''
  let chunks = 0
  const buffer = lineBuffer(chunk => {
    text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
    chunks++
  })
  fill(buffer)
  buffer.flush()
  return { text, chunks }
}

describe('lineBuffer', () => {
  it.each([
    0,
    1,
    9,
    10,
    15,
    16,
    0xfff,
    0x1000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    2 ** 52 - 1,
    2 ** 53 - 1,
  ])('writes %d in hex and decimal', value => {
    expect(collect(b => b.hex(value)).text).toBe(`0x${value.toString(16)}`)
    expect(collect(b => b.decimal(value)).text).toBe(String(value))
  })

  it('writes any address as toString does', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), value => {
        expect(collect(b => b.hex(value)).text).toBe(`0x${value.toString(16)}`)
      }),
    )
  })

  it('hands over full buffers and loses nothing between them', () => {
    const count = 100_000
    const { text, chunks } = collect(buffer => {
      for (let i = 0; i < count; i++) {
        buffer.hex(i * 4096)
        buffer.text(' line\n')
      }
    })
    expect(text.split('\n')).toHaveLength(count + 1)
    expect(text.endsWith(`0x${((count - 1) * 4096).toString(16)} line\n`)).toBe(true)
    expect(chunks).toBeGreaterThan(1)
  })
})
