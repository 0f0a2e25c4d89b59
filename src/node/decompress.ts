import { KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import { type Compression, DECOMPRESS_LIMIT, type DecompressOptions } from '../image/compression.js'

/**
 * The decompressed contents of a file, in memory.
 *
 * @throws KhoError `unreadable` for data that is damaged or cut short; `unsupported`, with the command to run,
 * for contents beyond the limit or of a kind that needs the real tool.
 */
export async function decompress(
  source: ByteSource,
  compression: Compression,
  options: DecompressOptions,
): Promise<Uint8Array> {
  const limits = { name: options.name, limit: options.limit ?? DECOMPRESS_LIMIT }
  const bytes =
    compression === 'gz'
      ? await (await import('./gzip.js')).gunzipSource(source, limits)
      : (await import('../image/zstd/index.js')).unzstdSource(source, limits)
  if (bytes.length === 0)
    throw new KhoError('unreadable', `${options.name} is empty inside`, { path: options.name })
  return bytes
}
