import { Gunzip, unzlibSync } from 'fflate'
import { KhoError } from '../../formats/error.js'
import { type ByteSource, bytesSource } from '../../formats/memory/byte-source.js'
import { joinBytes } from '../../formats/memory/join-bytes.js'
import type { ImageIo } from '../image/open.js'
import { unzstdSource } from '../image/zstd/index.js'

/** A page has no disk to spill to: what a compressed file holds must fit into memory. */
const LIMIT = 2 ** 31

const PIECE = 2 ** 20

/** What a browser supplies: inflate, and zstd. */
export const WEB_IO: ImageIo = {
  codecs: async () => ({
    zlib: (input: Uint8Array, size: number) => unzlibSync(input, { out: new Uint8Array(size) }),
    zstd: (input: Uint8Array, size: number) =>
      unzstdSource(bytesSource(input), { name: 'a page', limit: size }),
  }),
  unpack: async (source, compression, name) =>
    bytesSource(compression === 'gz' ? gunzip(source, name) : unzstdSource(source, { name, limit: LIMIT })),
}

function gunzip(source: ByteSource, name: string): Uint8Array {
  const pieces: Uint8Array[] = []
  let size = 0
  const gunzipper = new Gunzip(piece => {
    size += piece.length
    if (size > LIMIT) throw new KhoError('unsupported', `${name} holds more than ${LIMIT} bytes`)
    pieces.push(piece)
  })
  try {
    for (let at = 0; at < source.size; at += PIECE) {
      gunzipper.push(source.read(at, PIECE), at + PIECE >= source.size)
    }
  } catch (error) {
    if (error instanceof KhoError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('unreadable', `${name}: damaged gzip data: ${why}`, { path: name })
  }
  return joinBytes(pieces)
}
