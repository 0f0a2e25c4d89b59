import { KhoError } from '../../formats/error.js'
import {
  type ImageIo,
  imageOf,
  type KhoImage,
  type OpenOptions,
  openMemory,
  openSource,
} from '../image/open.js'
import { type FileSource, openFileSource } from './file-source.js'

/** How files are opened. */
export interface OpenFileOptions extends OpenOptions {
  /** What messages and answers call it; its path where not given. */
  name?: string
  /** Told what takes room or time, a line each. */
  notice?: (message: string) => void
}

/** Standard input, as a name of an image. */
const STDIN = '-'

/** Less memory is looked through by one thread; as in search.ts, which is not loaded for it. */
const LARGE = 2 ** 28

/** What Node supplies; what is opened on the way is added to the files. */
function ioOf(files: FileSource[], notice: OpenFileOptions['notice']): ImageIo {
  return {
    codecs: async () => (await import('./codecs.js')).codecs,
    async unpack(source, compression, name) {
      const { decompress } = await import('./decompress.js')
      const contents = await decompress(source, compression, { name, notice })
      files.push(contents)
      return contents
    },
  }
}

/**
 * Opens a dump file, compressed or not, or a folder that is a copy of `/sys/kernel/debug/kho`; `-` is standard input, which is
 * kept for as long as the image is open.
 *
 * @throws KhoError `unreadable`, `unknown-format` or `unsupported` about the file, `usage` about the options.
 */
export async function openImage(path: string, options: OpenFileOptions = {}): Promise<KhoImage> {
  if (path !== STDIN && (options.format === undefined || options.format === 'debugfs')) {
    const { isDirectory, openDebugfsFolder } = await import('./debugfs-folder.js')
    if (isDirectory(path)) return imageOf(path, null, openDebugfsFolder(path), options, () => {})
  }
  const files: FileSource[] = []
  let ended = () => {}
  const close = () => {
    ended()
    for (const file of files) file.close()
  }
  const open = async (name: string): Promise<FileSource> => {
    const file = await openAny(name, options.notice)
    files.push(file)
    return file
  }
  try {
    const source = await open(path)
    const parts: FileSource[] = []
    for (const part of options.parts ?? []) parts.push(await open(part))
    const name = options.name ?? (path === STDIN ? 'standard input' : path)
    const image = await openSource({ name, source, parts, close }, options, ioOf(files, options.notice))
    if ((image.memory.presentBytes ?? image.memory.inputSize) < LARGE) return image
    const { threadedSearch } = await import('./search/search.js')
    // What is unpacked is the last file that was opened.
    const contents = image.compression === null ? source : files.at(-1)!
    const { memory } = image.dump
    const search = threadedSearch({ memory, files: [contents, ...parts], options })
    ended = search.close
    return { ...image, search: { memory: image.memory, run: search.run } }
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
  if (options.parts !== undefined && options.parts.length > 0) {
    throw new KhoError('usage', 'an image in memory has no further parts')
  }
  const files: FileSource[] = []
  const close = () => {
    for (const file of files) file.close()
  }
  return openMemory(bytes, options, ioOf(files, undefined), close)
}

/** A file, or what a pipe of this process's own holds. */
async function openAny(name: string, notice: OpenFileOptions['notice']): Promise<FileSource> {
  const { isPiped, spoolInput } = await import('./standard-input.js')
  return name === STDIN || isPiped(name) ? spoolInput(name, notice) : openFileSource(name)
}
