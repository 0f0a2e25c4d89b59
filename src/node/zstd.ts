import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { isKhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import { damaged, type ZstdFrame, zstdFrames } from '../image/zstd/frames.js'
import { unzstdTo } from '../image/zstd/index.js'
import { sourcePieces } from './gzip.js'

/** Decompresses a file of zstd frames, and hands the contents on in pieces. */
export type Unzstd = (source: ByteSource, name: string, put: (bytes: Uint8Array) => void) => Promise<void>

/** What node:zlib has since Node 22.15 and 23.8. */
interface NodeZstd {
  createZstdDecompress?: () => Duplex
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
}

const { createZstdDecompress, zstdDecompressSync } = zlib as NodeZstd

/** The one of this package. */
export const ownUnzstd: Unzstd = async (source, name, put) => unzstdTo(source, name, put)

/** Node's, or null where it has none. Frames are found by us, so that damage has a place. */
export const nodeUnzstd: Unzstd | null =
  createZstdDecompress === undefined
    ? null
    : async (source, name, put) => {
        for (const frame of zstdFrames(source, name)) {
          try {
            await decodeFrame(source, frame, createZstdDecompress(), put)
          } catch (error) {
            if (isKhoError(error)) throw error
            throw damaged(name, frame.offset, error instanceof Error ? error.message : String(error))
          }
        }
      }

/** Node's, where there is one: it is several times as fast. */
export const unzstd: Unzstd = nodeUnzstd ?? ownUnzstd

/** All of a page by Node's decoder, or null where it has none. */
export const nodeUnzstdPage =
  zstdDecompressSync === undefined
    ? null
    : (bytes: Uint8Array, size: number) => zstdDecompressSync(bytes, { maxOutputLength: size })

async function decodeFrame(
  source: ByteSource,
  { offset, end }: ZstdFrame,
  decoder: Duplex,
  put: (bytes: Uint8Array) => void,
): Promise<void> {
  await pipeline(
    Readable.from(sourcePieces(source, offset, end)),
    decoder,
    async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) put(chunk)
    },
  )
}
