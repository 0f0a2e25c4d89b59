import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKhoError, type KhoError } from '../../../formats/error.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { xxh64 } from '../../../src/image/zstd/xxh64.js'
import { decompress } from '../../../src/node/decompress.js'
import { nodeUnzstd, ownUnzstd, type Unzstd } from '../../../src/node/zstd.js'
import { sha256 } from '../../material.js'
import { concat, skippableFrame, workDirectory, zstdFrame } from './open-fixtures.js'

const file = workDirectory()

/** 600 lines "page N of the guest", by zstd 1.5.4: level 19 with, and standard input without a checksum or size. */
const LEVEL_19 = [
  'KLUv/WQiMuUSANpFWAcWkCfJcFVThchZVXVByN5SSgkfY7vmBIwAfgBYACMjIyMjIyMjIyMiIiIiIiIiIiIiTdM0TdM0',
  'TcMwDMMwDMMwy7Isy7Isy6IoiqIoiqIoSZIkSZIkSTLIIIMMMsgggwwyyCDDMAzDMAzDIAiCIAiCIAhjjDHGGGMIIYQQ',
  'QgjRtm3bkiRJktu2bZskSZKUJEmSDMIQ5ZQBIDhQkGDABQQQLKDAgwsGBDAQe++9995777333nvvvbXW0qBBgwYNEiRI',
  'kCBBggQJEiRoaGhoaGhoaGhoSEhISEhISEhISKiqqqqqqqqqKIqiKIqiKGqapmmapmmaJEmSJEmSJCmKoiiKoiiKBhpo',
  'oIEGGmiggQYaaMiQIUOGDBkyZMgQIUKECBEiRIgQIUICnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeec',
  'c8733nvvvffee++9995777333nvvvffee++9995777333nvvvffee++9995777333nvvHb333nvvvffee++999577733',
  '3nvvvffee++9995777333nvvvffee++9995777333nvvvffee++999577733zjnnnHPOOeecc07OOeecc84555xzzjnn',
  'PIJYqBLA4u/fAbKPSs4BEkAQ+BMEGvgHB6JKIJaBmBXRGAingGQJxFKXMJtonkPhGRjNgXSq9T3e0z24Z3u0R/bAnuux',
  '5rdKu+lulXbLbxXt1t8q7axfVdqtX7W0W79VDK4eUs+mZ+lR9Bx6fp46T81Tpq5J06bmzE2ZN7EmjwM4WgFDWVX5',
].join('')
const PIPED = [
  'KLUv/QBYtQ8AdilSFLAnwwGIRJjFSlKOlDKllBKsTTKXVABJAEgAbUmSJMlt27ZNRERERCIiIiIipKqqqqqKiIiIiGhm',
  'ZmZm5v///7dt27bbtm1bkiRJctu2bRMRERGRornLyVAYCDAAQDgoJAwMBQKEQaBgiKEwEGAQVVVVVUVERERENDMzMzPz',
  '////27Zt223bti1JkiS5bdu2iYiIiIjEYrFYLBaLxWJVVVVVVUREREREMzMzMzP///+/bdu23bZtA21bkiRJctu2bRMR',
  'ERERiUaj0Wg0Go1Gq6qqqqqIiIiIiGZmZmZm/v//f9u2bbtt27YlSZIkt23bNhERERGRYDAYDAaDwWCwAlVVVVVVRERE',
  'REQzMzMzM////79t27bdtm3bkiRJktu2bZuIiIiISDgcDofD4XA4XFVVVVVFRERERDQzMzMz8////9u2bdtt24JXqCK4',
  'e/83so9Kqw0S+BUEHHD8MSSKFimKFomr3fvxvM7XAVqWKFqUKBJ2mqSTJEWmwJIkWaIkVeF5PM778bzOgZskyZJEiVwR',
  'VIKm0jQ5WiRpUiRpjNgvjSCEtrePbh9tH2wf1z7UPkz7QPs4+9hm00LGqxwkXmUh8TUHE69xSHiaQ8LbXCRexkFVGirt',
  'lKaURpQWSv9J66RlNelMwTRN02w2DebDMzlaAQ==',
].join('')

const golden = new TextEncoder().encode(
  Array.from({ length: 600 }, (_, i) => `page ${i} of the guest\n`).join(''),
)
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
/** By our decoder; Node's, where the running one has it, must say the same of everything here. */
const unzstd = async (bytes: Uint8Array, limit?: number): Promise<Uint8Array> => {
  const ours = unzstdWith(ownUnzstd, bytes, limit)
  if (nodeUnzstd !== null) {
    const others = unzstdWith(nodeUnzstd, bytes, limit)
    const [mine, theirs] = await Promise.allSettled([ours, others])
    const outcome = (result: PromiseSettledResult<Uint8Array>) =>
      result.status === 'fulfilled' ? sha256(result.value) : String((result.reason as KhoError).code)
    expect(outcome(theirs)).toBe(outcome(mine))
  }
  return ours
}
const unzstdWith = async (unzstd: Unzstd, bytes: Uint8Array, limit?: number) => {
  const options = { name: 'F', unzstd, ...(limit === undefined ? {} : { limit }) }
  const source = await decompress(bytesSource(bytes), 'zst', options)
  return source.read(0, source.size)
}
const checksum = (bytes: Uint8Array) => Number(xxh64(bytes) & 0xffff_ffffn)

describe('xxh64', () => {
  it('is what the specification says', () => {
    const text = (value: string) => xxh64(new TextEncoder().encode(value)).toString(16)
    expect(text('')).toBe('ef46db3751d8e999')
    expect(text('abc')).toBe('44bc2cf5ad770999')
  })

  // Low 32 bits, as zstd 1.5.4 wrote them.
  it.each([
    [0, 0x51d8e999],
    [1, 0xdb052768],
    [4, 0x0a55ac41],
    [7, 0x6f3da63e],
    [8, 0x65b924eb],
    [31, 0xb1e722b7],
    [32, 0x31a8c629],
    [33, 0xf8d65b94],
    [63, 0x13e2fa26],
    [100, 0x8247d5db],
    [1000, 0x2f9c1695],
    [40000, 0x6fff446d],
  ])('is right for %i bytes', (length, expected) => {
    expect(checksum(Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8)))).toBe(expected)
  })
})

describe('frames', () => {
  it('by the zstd tool are decompressed', async () => {
    expect(await unzstd(fromBase64(LEVEL_19))).toEqual(golden)
    expect(await unzstd(fromBase64(PIPED))).toEqual(golden)
  })

  it('may be many, with skippable ones between them', async () => {
    const skip = skippableFrame(Uint8Array.of(1, 2, 3))
    const bytes = await unzstd(
      concat(skip, fromBase64(LEVEL_19), skip, skip, fromBase64(PIPED), fromBase64(LEVEL_19), skip),
    )
    expect(bytes).toEqual(concat(golden, golden, golden))
  })

  it('may be very many and small', async () => {
    const one = concat(skippableFrame(new Uint8Array(0)), zstdFrame([{ raw: Uint8Array.of(7) }]))
    const bytes = await unzstd(concat(...new Array<Uint8Array>(20_000).fill(one)))
    expect(bytes).toHaveLength(20_000)
    expect(bytes.every(byte => byte === 7)).toBe(true)
  })

  it('with and without size and checksum say the same', async () => {
    const blocks = [
      { raw: Uint8Array.of(1, 2, 3) },
      { rle: 9, count: 65536 },
      { raw: new Uint8Array(0) },
      { raw: Uint8Array.of(4) },
    ]
    const contents = concat(Uint8Array.of(1, 2, 3), new Uint8Array(65536).fill(9), Uint8Array.of(4))
    for (const contentSize of [null, contents.length]) {
      for (const sum of [null, checksum(contents)]) {
        expect(await unzstd(zstdFrame(blocks, { contentSize, checksum: sum }))).toEqual(contents)
      }
    }
  })
})

describe('damage', () => {
  const refused = (bytes: Uint8Array, message: RegExp) => {
    return expect(unzstd(bytes)).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringMatching(message),
      place: { path: 'F' },
    })
  }
  const block = { raw: Uint8Array.of(1, 2, 3) }

  it('is found wherever the data is cut', async () => {
    const whole = fromBase64(LEVEL_19)
    for (let length = 4; length < whole.length; length += 1 + (length % 17)) {
      await refused(whole.subarray(0, length), /^F: damaged zstd data at offset \d+: it ends /)
    }
  })

  it('is found by the checksum', async () => {
    await refused(zstdFrame([block], { checksum: 1 }), /the checksum of the frame is wrong/)
    await refused(zstdFrame([block], { checksum: 1, contentSize: 3 }), /the checksum of the frame is wrong/)
  })

  it('is found by the size', async () => {
    await refused(zstdFrame([block], { contentSize: 2 }), /3 bytes came out, the header says 2/)
    const compressed = fromBase64(PIPED)
    const sized = concat(
      compressed.subarray(0, 4),
      Uint8Array.of(0x80, 0x58, 0xff, 0x33, 0, 0),
      compressed.subarray(6),
    )
    await refused(sized, /13090 bytes came out, the header says 13311/)
    await refused(zstdFrame([block], { contentSize: 4 }), /promises 4 bytes, its blocks hold 3 at most/)
  })

  it('is found in the structure', async () => {
    await refused(concat(zstdFrame([block]), new Uint8Array(16)), /offset 12: no frame begins there/)
    await refused(concat(skippableFrame(new Uint8Array(9))).subarray(0, 12), /inside a skippable frame/)
    const reserved = zstdFrame([block])
    reserved[4] = 8
    await refused(reserved, /a reserved bit/)
    const type3 = zstdFrame([block])
    type3[6] = 7
    await refused(type3, /a block header makes no sense/)
    await refused(skippableFrame(new Uint8Array(9)), /F is empty inside/)
  })

  it('never gives other bytes, and never anything but an error of ours', async () => {
    const whole = fromBase64(LEVEL_19)
    const changes = fc.array(
      fc.record({ at: fc.nat(whole.length - 1), flip: fc.integer({ min: 1, max: 255 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    let refusals = 0
    await fc.assert(
      fc.asyncProperty(changes, async list => {
        const bytes = whole.slice()
        for (const { at, flip } of list) bytes[at] = bytes[at]! ^ flip
        try {
          expect(Buffer.compare(await unzstd(bytes), golden)).toBe(0)
        } catch (error) {
          if (!isKhoError(error)) throw error
          refusals++
        }
      }),
      { numRuns: 400 },
    )
    expect(refusals).toBeGreaterThan(300)
  })
})

describe('limits', () => {
  const tooMuch = {
    code: 'unsupported',
    message: 'F holds more than 100 bytes, too much to decompress on the way',
    place: { hint: 'unpack it and open the result: zstd -d F' },
  }

  it('hold for sizes that are announced, and for those that are not', async () => {
    await expect(unzstd(fromBase64(LEVEL_19), 100)).rejects.toMatchObject(tooMuch)
    await expect(unzstd(fromBase64(PIPED), 100)).rejects.toMatchObject(tooMuch)
    await expect(unzstd(fromBase64(LEVEL_19), golden.length)).resolves.toHaveLength(golden.length)
    await expect(unzstd(fromBase64(PIPED), golden.length)).resolves.toHaveLength(golden.length)
  })

  it('name 2 GiB, without taking any memory for it', async () => {
    const blocks = new Array(16_385).fill({ rle: 0, count: 131_072 })
    const frame = zstdFrame(blocks, { contentSize: 16_385 * 131_072, window: 0x38 })
    await expect(unzstd(frame)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'F holds more than 2 GiB, too much to decompress on the way',
    })
  })

  it('send dictionaries to the real tool', async () => {
    const dictionary = zstdFrame([{ raw: Uint8Array.of(0, 0, 0) }])
    const withId = concat(dictionary.subarray(0, 6), Uint8Array.of(5), dictionary.subarray(6))
    withId[4] = 1
    await expect(unzstd(withId)).rejects.toMatchObject({
      code: 'unsupported',
      place: { hint: expect.stringContaining('zstd -d -D DICTIONARY F') },
    })
  })

  it('do not include the window: one of terabytes costs nothing, however many blocks there are', async () => {
    const blocks = new Array(5_000).fill({ rle: 1, count: 1 })
    const contents = new Uint8Array(5_000).fill(1)
    expect(await unzstd(zstdFrame(blocks, { window: 0xff }))).toEqual(contents)
    expect(await unzstd(zstdFrame(blocks, { window: 0xff, contentSize: 5_000 }))).toEqual(contents)
  })
})

describe('the zstd tool', () => {
  const missing = spawnSync('zstd', ['--version']).status !== 0
  const name = missing ? 'left out, there is none: understood in every way' : 'is understood in every way'

  it(`${name} that it compresses`, async () => {
    if (missing) {
      console.log('left out: the zstd tool is understood in every way that it compresses (no zstd here)')
      return
    }
    // Pages: zeros, text, noise, and copies from far back.
    const pages = new Uint8Array(24 * 2 ** 20)
    let seed = 1
    for (let page = 0; page < pages.length / 4096; page++) {
      const at = page * 4096
      if (page % 4 === 1) pages.set(golden.subarray(0, 4096), at)
      if (page % 4 === 2) {
        for (let i = 0; i < 4096; i++) {
          seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
          pages[at + i] = seed >>> 24
        }
      }
      if (page % 4 === 3 && page > 4000) pages.copyWithin(at, at - 4001 * 4096, at - 4000 * 4096)
    }
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    const plain = file('pages', pages)
    for (const options of [
      ['-1'],
      ['-19'],
      ['--long=27', '-9'],
      ['--ultra', '-22'],
      ['--no-check'],
      ['--fast=5'],
      ['--no-content-size'],
    ]) {
      const packed = file('packed.zst')
      execFileSync('zstd', ['-q', '-f', ...options, plain, '-o', packed])
      const bytes = readFileSync(packed)
      expect(digest(await unzstd(bytes)), options.join(' ')).toBe(digest(pages))
    }
    const piped = execFileSync('zstd', ['-q', '-c', '--long=24'], { input: pages, maxBuffer: 2 ** 26 })
    const both = file('both.zst')
    writeFileSync(both, concat(piped, piped))
    const bytes = await unzstd(readFileSync(both))
    expect(digest(bytes.subarray(0, pages.length))).toBe(digest(pages))
    expect(digest(bytes.subarray(pages.length))).toBe(digest(pages))
  })
})

it('does no more work than the block can hold, whatever its sequences ask for', async () => {
  // Sequences that all mean "copy 131074 bytes", with tables of one symbol: 17 bits each.
  const block = (count: number[]) => [0, ...count, 0x54, 0, 0, 52, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
  const bytes = (contents: number[]) => {
    const header = 1 + 4 + contents.length * 8
    return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, header & 255, header >> 8, 0, ...contents])
  }
  await expect(unzstd(bytes(block([255, 255, 255])))).rejects.toThrow(
    /98047 sequences are more than a block can hold/,
  )
  await expect(unzstd(bytes(block([200, 0])))).rejects.toThrow(/make more than a block can hold/)
})
