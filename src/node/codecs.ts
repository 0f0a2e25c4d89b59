import { inflateSync } from 'node:zlib'
import type { Codecs } from '../../formats/dumps/kdump-pages.js'
import { bytesSource } from '../../formats/memory/byte-source.js'
import { unzstdSource } from '../image/zstd/index.js'
import { nodeUnzstdPage } from './zstd.js'

/** zlib asks for more room than it fills before it says that it is done. */
const SLACK = 64

/** The decompressors that formats does not have: Node's zlib, and zstd. */
export const codecs: Required<Codecs> = {
  zlib: (input, size) => inflateSync(input, { maxOutputLength: size, chunkSize: size + SLACK }),
  zstd:
    nodeUnzstdPage ?? ((input, size) => unzstdSource(bytesSource(input), { name: 'a page', limit: size })),
}
