import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { decompress } from '../../../src/node/decompress.js'
import { concat } from '../image/open-fixtures.js'

const plain = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 9)
const gunzip = async (bytes: Uint8Array, limit?: number) => {
  const options = limit === undefined ? { name: 'F' } : { name: 'F', limit }
  const source = await decompress(bytesSource(bytes), 'gz', options)
  return source.read(0, source.size)
}

it('decompresses one member, and several', async () => {
  const packed = gzipSync(plain)
  expect(Buffer.compare(await gunzip(packed), plain)).toBe(0)
  const twice = await gunzip(concat(packed, packed))
  expect(Buffer.compare(twice, concat(plain, plain))).toBe(0)
})

it('does not believe a length that is too short or too long', async () => {
  const zeros = gzipSync(new Uint8Array(5_000_000))
  expect(await gunzip(concat(zeros, gzipSync(Uint8Array.of(1))))).toHaveLength(5_000_001)
  zeros.fill(0xff, zeros.length - 4)
  await expect(gunzip(zeros)).rejects.toMatchObject({
    code: 'unreadable',
    message: 'F: damaged gzip data: incorrect length check',
  })
})

it('stops at the limit', async () => {
  const packed = gzipSync(plain)
  await expect(gunzip(packed, plain.length - 1)).rejects.toMatchObject({
    code: 'unsupported',
    place: { hint: 'unpack it and open the result: gunzip -k F' },
  })
  expect(await gunzip(packed, plain.length)).toHaveLength(plain.length)
})
