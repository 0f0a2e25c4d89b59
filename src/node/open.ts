import { KhoError } from '../../formats/error.js'
import { bytesSource } from '../../formats/memory/byte-source.js'
import { type ImageIo, imageOf, type KhoImage, type OpenOptions, openSource } from '../image/open.js'
import { type FileSource, openFileSource } from './file-source.js'

/** What Node supplies. */
const IO: ImageIo = {
  codecs: async () => (await import('./codecs.js')).codecs,
  async unpack(source, compression, name) {
    const { decompress } = await import('./decompress.js')
    return bytesSource(await decompress(source, compression, { name }))
  },
}

/**
 * Opens a dump file, compressed or not, or a folder that is a copy of `/sys/kernel/debug/kho`.
 *
 * @throws KhoError `unreadable`, `unknown-format` or `unsupported` about the file, `usage` about the options.
 */
export async function openImage(path: string, options: OpenOptions = {}): Promise<KhoImage> {
  if (options.format === undefined || options.format === 'debugfs') {
    const { isDirectory, openDebugfsFolder } = await import('./debugfs-folder.js')
    if (isDirectory(path)) return imageOf(path, null, openDebugfsFolder(path), options, () => {})
  }
  const files: FileSource[] = []
  const close = () => {
    for (const file of files) file.close()
  }
  const open = (name: string): FileSource => {
    const file = openFileSource(name)
    files.push(file)
    return file
  }
  try {
    const source = open(path)
    const parts = (options.parts ?? []).map(open)
    return await openSource({ name: path, source, parts, close }, options, IO)
  } catch (error) {
    close()
    throw error
  }
}

/** Opens a dump that is in memory; `parts` of the options do not apply. Throws as {@link openImage} does. */
export async function openBytes(
  bytes: Uint8Array | ArrayBuffer,
  options: OpenOptions = {},
): Promise<KhoImage> {
  const source = bytesSource(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
  if (source.size === 0) throw new KhoError('unreadable', 'the image is empty')
  if (options.parts !== undefined && options.parts.length > 0) {
    throw new KhoError('usage', 'an image in memory has no further parts')
  }
  return openSource({ name: 'bytes in memory', source, parts: [], close() {} }, options, IO)
}
