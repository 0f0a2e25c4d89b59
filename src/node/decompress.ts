import { KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import { type Compression, DECOMPRESS_LIMIT, type DecompressOptions, tooLarge } from '../image/compression.js'
import { expectedBytes } from '../image/zstd/index.js'
import type { FileSource } from './file-source.js'
import { gunzip } from './gzip.js'
import { openSpool, type SpoolOptions } from './spool.js'
import { type Unzstd, unzstd } from './zstd.js'

/** How a file is decompressed. */
export interface UnpackOptions extends DecompressOptions, Omit<SpoolOptions, 'name'> {
  /** Default: the fastest there is. */
  unzstd?: Unzstd
}

/**
 * The decompressed contents of a file: in memory up to 256 MiB, beyond that in a temporary file without a name.
 *
 * @throws KhoError `unreadable` for data that is damaged or cut short; `unsupported`, with the command to run,
 * for contents beyond the limit or of a kind that needs the real tool; `missing` where there is no room for them.
 */
export async function decompress(
  source: ByteSource,
  compression: Compression,
  options: UnpackOptions,
): Promise<FileSource> {
  const { name, limit = DECOMPRESS_LIMIT } = options
  const spool = openSpool(options)
  const put = (bytes: Uint8Array) => {
    if (spool.size + bytes.length > limit) {
      throw tooLarge(name, limit, compression === 'gz' ? 'gunzip -k' : 'zstd -d')
    }
    spool.push(bytes)
  }
  try {
    if (compression === 'zst') {
      expectedBytes(source, { name, limit })
      await (options.unzstd ?? unzstd)(source, name, put)
    } else {
      await gunzip(source, name, put)
    }
    if (spool.size === 0) throw new KhoError('unreadable', `${name} is empty inside`, { path: name })
    return spool.finish()
  } finally {
    spool.close()
  }
}
