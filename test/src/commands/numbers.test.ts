import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import {
  parseAddress,
  parseExtent,
  parseMap,
  parseRange,
  parseScratch,
  parseSize,
} from '../../../src/commands/shared/numbers.js'

function refusal(parse: () => unknown): string {
  try {
    parse()
  } catch (error) {
    if (isKhoError(error) && error.code === 'usage') return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('numbers on the command line', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['0x60d000', 0x60d000],
    ['0X10', null],
    ['0xDEADBEEF', 0xdeadbeef],
    ['4K', 4096],
    ['3M', 3 * 2 ** 20],
    ['1G', 2 ** 30],
    ['2T', 2 ** 41],
    ['0xfffffffffffff', 2 ** 52 - 1],
    ['4503599627370495', 2 ** 52 - 1],
    ['4503599627370496', null],
    ['4096T', null],
    ['0x10000000000000', null],
    ['99999999999999999999', null],
    ['', null],
    ['-1', null],
    ['+1', null],
    ['1.5G', null],
    ['1e3', null],
    ['4k', null],
    ['0x10K', null],
    ['0x', null],
    [' 1', null],
    ['1_000', null],
  ])('%j is %j', (text, value) => {
    if (value === null) expect(refusal(() => parseAddress(text))).toContain(`'${text}' is no address`)
    else expect(parseAddress(text)).toBe(value)
  })

  it('shows the bad text, why, and an example', () => {
    expect(refusal(() => parseAddress('12x'))).toBe("'12x' is no address; write it like 0x60d000")
    expect(refusal(() => parseAddress('4096T'))).toBe(
      "'4096T' is no address: it is 2^52 or more; write it like 0x60d000",
    )
    expect(refusal(() => parseSize('0'))).toBe("'0' is no size: it is zero; write it like 512M")
    expect(refusal(() => parseRange('5-5'))).toBe(
      "'5-5' is no range: its end is not after its start; write it like 0x100000-1G",
    )
  })

  it('reads ranges, extents and maps', () => {
    expect(parseRange('0x100000-1G')).toEqual({ start: 0x100000, end: 2 ** 30 })
    expect(parseExtent('0x60e000+4K')).toEqual({ address: 0x60e000, size: 4096 })
    expect(parseMap('4G=2G+0x1000')).toEqual({ phys: 2 ** 32, offset: 2 ** 31, length: 0x1000 })
  })

  it('ends a range at 2^52 at the latest, which is behind every address', () => {
    expect(parseRange('0x0-0x10000000000000')).toEqual({ start: 0, end: 2 ** 52 })
    expect(parseRange('1G-4096T')).toEqual({ start: 2 ** 30, end: 2 ** 52 })
    expect(refusal(() => parseRange('0-0x10000000000001'))).toContain('it is more than 2^52')
    expect(refusal(() => parseRange('4096T-8192T'))).toContain('it is 2^52 or more')
  })

  it.each(['1', '1-2-3', '2-1', '-', '0x1-'])('%j is no range', text => {
    refusal(() => parseRange(text))
  })

  it.each(['1', '1+', '+1', '1+0', '1+2+3'])('%j is no extent', text => {
    refusal(() => parseExtent(text))
  })

  it('a scratch array may have no bytes', () => {
    expect(parseScratch('0x40600000+0')).toEqual({ address: 0x40600000, size: 0 })
    expect(parseScratch('0x1000+0x30')).toEqual({ address: 0x1000, size: 48 })
    refusal(() => parseScratch('+0'))
  })

  it.each(['1', '1=2', '1=2+0', '=2+3', '1=2=3+4'])('%j is no map', text => {
    refusal(() => parseMap(text))
  })
})
