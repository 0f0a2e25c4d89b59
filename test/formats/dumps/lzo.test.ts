import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lzoDecompress } from '../../../formats/dumps/lzo.js'
import { isKhoError } from '../../../formats/error.js'
import { sha256 } from '../../material.js'
import { lzoLiteral } from './kdump-build.js'

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

/** A page of lines "page N of the guest", by lzop 1.04 (liblzo2 2.10): -3 is lzo1x_1_15, -9 lzo1x_999; -1 is lzo1x_1. */
const PAGE = new Uint8Array(4096)
new TextEncoder().encodeInto(
  Array.from({ length: 160 }, (_, i) => `page ${i} of the guest\n`)
    .join('')
    .slice(0, 4096),
  PAGE,
)
const TEXT_3 = [
  'AAJwYWdlIDAgb2YgdGhlIGd1ZXN0Co0CMTFNADIxTQAzMU0ANDFNADUxTQA2MU0ANzFNADgxTQA5MU0AMTMgAzIlAzEyKQMxMi0D',
  'MTIxAzEyNQMxMjkDMTI9AzEyQQMxMkUDMjJFAzIyRQMyMkUDMjJFAzIyRQMyMkUDMjJFAzIyRQMyMkUDMjJFAzMyRQMzMkUDMzJF',
  'AzMyRQMzMkUDMzJFAzMyRQMzMkUDMzJFAzMyRQM0MkUDNDJFAzQyRQM0MkUDNDJFAzQyRQM0MkUDNDJFAzQyRQM0MkUDNTJFAzUy',
  'RQM1MkUDNTJFAzUyRQM1MkUDNTJFAzUyRQM1MkUDNTJFAzYyRQM2MkUDNjJFAzYyRQM2MkUDNjJFAzYyRQM2MkUDNjJFAzYyRQM3',
  'MkUDNzJFAzcyRQM3MkUDNzJFAzcyRQM3MkUDNzJFAzcyRQM3MkUDODJFAzgyRQM4MkUDODJFAzgyRQM4MkUDODJFAzgyRQM4MkUD',
  'ODJFAzkyRQM5MkUDOTJFAzkyRQM5MkUDOTJFAzkyRQM5MkUDOTJFAzkyRgMxMDJKAzEwMk4DMTAyUgMxMDJWAzEwMloDMTAyXgMx',
  'MDJiAzEwMmYDMTAyagMxMDNsAzX4IDNsAzQAITQEITQIITQMITQQITQUITQYITMdITEzISExMyUhMTMpITEzLSExMzEhMTM1ITEz',
  'OSExMz0hMTNBITEzRSExM0khMTNNITEzUSExM1UhMTNZITEzXSExM2EhMTNlITEzaSExM20hMTNxITEzdSExM3khMTN9ITEzgSEx',
  'M4UhMTOJITEzjSExM5EhMTOVITEzmSExM50hMTOhITEzpSExM6khMTOtITEzsSExM7UhMTO5ITEuvSEAIAAAfQAADgAAAAAAAAAA',
  'AAAAAAAAAAAAEQAA',
].join('')
const TEXT_9 = [
  'JXBhZ2UgMCBvZiB0aGUgZ3Vlc3QKjQIxMU0AMjFNADMxTQA0MU0ANTFNADYxTQA3MU0AODFNADkyzAIzIAMyJQMxMikDMTItAzEy',
  'MQMxMjUDMTI5AzEyPQMxMkEDMTJFAzIyRQMyM2wGMkUDMjJFAzIyRQMyMkUDMjJFAzIyRQMyMkUDMjJFAzMyRQMzMkUDMzO4CTJF',
  'AzMyRQMzMkUDMzJFAzMyRQMzMkUDMzJFAzQyRQM0MkUDNDJFAzQzBA0yRQM0MkUDNDJFAzQyRQM0MkUDNDJFAzUyRQM1MkUDNTJF',
  'AzUyRQM1M1AQMkUDNTJFAzUyRQM1MkUDNTJFAzYyRQM2MkUDNjJFAzYyRQM2MkUDNjOcEzJFAzYyRQM2MkUDNjJFAzcyRQM3MkUD',
  'NzJFAzcyRQM3MkUDNzJFAzcz6BYyRQM3MkUDNzJFAzgyRQM4MkUDODJFAzgyRQM4MkUDODJFAzgyRQM4MzQaMkUDODJFAzkyRQM5',
  'MkUDOTJFAzkyRQM5MkUDOTJFAzkyRQM5MkUDOTOAHTSEHTOJHTAzjR0wM5EdMDOVHTAzmR0wM50dMDOhHTAzpR0wM6kdMDNsAzX4',
  'IDNsAzQAITQEITQIITQMITQQITQUITQYITMdITEzIiExMjRsJDNsAzMtITEzMSExMzUhMTM5ITEzPSExM0EhMTNFITEzSSExM04h',
  'MTM04CczbAMzWSExM10hMTNhITEzZSExM2khMTNtITEzcSExM3UhMTN6ITE0NFQrM2wDM4UhMTOJITEzjSExM5EhMTOVITEzmSEx',
  'M50hMTOhITEzpiExNTTILjNsAzOxITEztSExM7khMS69IQAgAACOAAARAAA=',
].join('')

/** 300 random bytes; zeros and letters; the 300 again, 38260 bytes further on. By lzop -1 and -9. */
const FAR_1 = [
  'AAAtRCCCPP3m8cJrMPkOx90B5Ih1NKIPCw0Ew27YDnHg/XewdnDrlAvVM1+XParYYZuR/8kR9XzO1Fi7vyzgN1PJvfoP8BadyVdW',
  'dAZmds+wtOuJAsRCadoc9rpm0/i21LEAqeoOdVpcLoIQJCoI5wePf4k4XrCUI1VRglaLluik/vI6DJ/Fr9dghDeBa90KcwnLShJS',
  '5Npw5nIPyqTaHphAbBicJCeemFHVgUIEE2/rVxPBZrEyad1j/DXHl/8Ips2QCVBmp0Wt222IMcKw+HghFCtEVlVtiaqCvK2uOpV4',
  '+kU1pBTQJcJLQK46wSdyKYi6lzrqjTcXlwYHLtM6FGB611I75lV7UTTewZaB9KEzaqIUDQWXo+bIoMwgIKLpOYBu8LaEXWqdZX64',
  'KY8tAAAAAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADskABAAJDE9QSAAADgAACAbDA4QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoThHEDOQChjT0FUAAswgIKLpOYBu8LaEXWqdZX64KY8tEQAA',
].join('')
const FAR_9 = [
  'AAAcRCCCPP3m8cJrMPkOx90B5Ih1NKIPCw0Ew27YDnHg/XewdnDrlAvVM1+XParYYZuR/8kR9XzO1Fi7vyzgN1PJvfoP8BadyVdW',
  'dAZmds+wtOuJAsRCadoc9rpm0/i21LEAqeoOdVpcLoIQJCoI5wePf4k4XrCUI1VRglaLluik/vI6DJ/Fr9dghDeBa90KcwnLShJS',
  '5Npw5nIPyqTaHphAbBicJCeemFHVgUIEE2/rVxPBZrEyad1j/DXHl/8Ips2QCVBmp0Wt222IMcKw+HghFCtEVlVtiaqCvK2uOpV4',
  '+kU1pBTQJcJLQK46wSdyKYi6lzrqjTcXlwYHLtM6FGB611I75lV7UTTewZaB9KEzaqIUDQWXo+bIoMwgIKLpOYBu8LaEXWqdZX64',
  'KY8tACAAAAAAAAAA5gAAIAAAAAAAAADmAAAgAAAAAAAAAOYAACAAAAAAAAAA5gAAIAAAAAAAAADmAAAgAAAAAAAAAOYAACAAAAAA',
  'AAAA5gAAIAAAAAAAAADmAAAgAAAAAAAAAOYAACAAAAAAAAAEAAAQACQxPUEgAAA4AAAgGwwOIAAAAAAAAADm/C4gAAAAAAAAAOYA',
  'ACAAAAAAAAAA5gAAIAAAAAAAAADmAAAgAAAAAAAAAOYAACAAAAAAAAAA5gAAIAAAAAAAAADmAAAgAAAAAAAAAOYAACAAAEkAABAA',
  'JKAYEQAA',
].join('')
const FAR_SHA256 = 'ff8a36aa3ec147417237344e9804b613af1e9bcddc471f42e362e4566acc176f'

const ZERO_1 = 'AgAAAAAAIAAAAAAAAAAAAAAAAAAAANoQAAwAAAAAAAAAAAAAAAAAAAARAAA='
const ZERO_9 = 'EgAgAAAAAAAAAOYAACAAAAAAAAAA5QAAEQAA'

function decompress(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size)
  expect(lzoDecompress(input, output)).toBe(size)
  return output
}

describe('LZO1X, as liblzo2 writes it', () => {
  it.each([
    ['lzo1x_1_15', TEXT_3],
    ['lzo1x_999', TEXT_9],
  ])('reads a page of text: %s', (_, vector) => {
    expect(decompress(fromBase64(vector), 4096)).toEqual(PAGE)
  })

  it.each([ZERO_1, ZERO_9])('reads a page of zeros', vector => {
    expect(decompress(fromBase64(vector), 4096)).toEqual(new Uint8Array(4096))
  })

  it.each([
    ['lzo1x_1', FAR_1],
    ['lzo1x_999', FAR_9],
  ])('reads matches beyond 16 KiB: %s', (_, vector) => {
    expect(sha256(decompress(fromBase64(vector), 38560))).toBe(FAR_SHA256)
  })

  it('stops after the first bytes where only they are asked for', () => {
    for (const vector of [TEXT_3, TEXT_9, ZERO_1, ZERO_9]) {
      const input = fromBase64(vector)
      const whole = decompress(input, 4096)
      for (let size = 0; size <= 200; size++) {
        const head = new Uint8Array(size)
        expect(lzoDecompress(input, head, true)).toBe(size)
        expect(head).toEqual(whole.subarray(0, size))
      }
    }
  })
})

describe('an encoder of literals only', () => {
  it('round trips', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), bytes => {
        const input = lzoLiteral(bytes)
        const output = new Uint8Array(bytes.length)
        expect(lzoDecompress(input, output)).toBe(bytes.length)
        expect(output).toEqual(bytes)
      }),
    )
  })
})

describe('damaged LZO data', () => {
  it.each<[string, number[], number, RegExp]>([
    ['nothing', [], 10, /in the middle of an instruction/],
    ['a literal run beyond the input', [20, 1, 2], 10, /in a literal run/],
    ['a length without an end', [0, 0, 0, 0], 10, /in the middle/],
    ['more than there is room for', [20, 1, 2, 3, 0x11, 0, 0], 2, /more than 2 bytes/],
    ['a match before the start', [18, 1, 0x40, 9], 99, /bytes back/],
    ['a far match before the start', [18, 1, 0x19, 4, 0], 99, /bytes back/],
    ['a wrong end mark', [18, 1, 0x12, 0, 0], 99, /wrong instruction/],
    ['bytes behind the end', [18, 1, 0x11, 0, 0, 0], 99, /1 bytes follow/],
    ['no end mark', [18, 1], 99, /in the middle/],
  ])('%s is an error', (_, input, size, message) => {
    const output = new Uint8Array(size)
    expect(() => lzoDecompress(Uint8Array.from(input), output)).toThrow(message)
  })

  it('every cut of a good page is an error', () => {
    const input = fromBase64(TEXT_9)
    for (let length = 0; length < input.length; length++) {
      expect(() => lzoDecompress(input.subarray(0, length), new Uint8Array(4096))).toThrow(/damaged LZO/)
    }
  })

  it('any bytes give an error or at most what there is room for, and touch nothing else', () => {
    const good = [TEXT_3, TEXT_9, ZERO_9, FAR_1].map(fromBase64)
    const damaged = fc
      .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 5 }))
      .map(([bytes, edits]) => {
        const copy = bytes.slice()
        for (const [at, value] of edits) copy[at % copy.length] = value
        return copy
      })
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged),
        fc.nat(5000),
        fc.boolean(),
        (input, size, partial) => {
          const room = new Uint8Array(size + 16).fill(0x5a)
          const before = input.slice()
          try {
            expect(lzoDecompress(input, room.subarray(8, 8 + size), partial)).toBeLessThanOrEqual(size)
          } catch (error) {
            expect(isKhoError(error) && error.code).toBe('unreadable')
          }
          expect(input).toEqual(before)
          expect([...room.subarray(0, 8), ...room.subarray(8 + size)]).toEqual(new Array(16).fill(0x5a))
        },
      ),
      { numRuns: 3000 },
    )
  })
})
