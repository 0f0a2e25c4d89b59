import {
  type Container,
  type ContainerOptions,
  containerNamed,
  detectContainer,
  openContainer,
} from '../../formats/dumps/containers.js'
import type { Dump } from '../../formats/dumps/dump.js'
import type { RawMapping, RawOptions } from '../../formats/dumps/raw.js'
import { isKhoError, KhoError } from '../../formats/error.js'
import { type ByteSource, bytesSource } from '../../formats/memory/byte-source.js'
import { type Fault, fault } from '../../formats/memory/fault.js'
import type { PhysicalMemory, Range } from '../../formats/memory/physical-memory.js'
import { type Compression, compressionNamed, decompress, detectCompression } from './decompress.js'
import { type FileSource, openFileSource } from './file-source.js'
import { withoutOffsets, withRam } from './ram-options.js'

/** Formats that a user can insist on. */
export type ImageFormat = 'raw' | 'elf' | 'kdump' | 'lime' | 'debugfs'

/** How to open a dump, where its own magic does not say or is not to be believed. */
export interface OpenOptions {
  format?: ImageFormat
  /** Raw: physical address of the file's first byte. */
  base?: number
  /** Raw: the pieces of the file that are memory. */
  map?: readonly RawMapping[]
  /** Raw: bytes below this offset are low memory, the rest continues at 4 GiB. */
  lowMemory?: number
  /** RAM that the machine has, whether or not the dump says so. */
  ram?: readonly Range[]
  /** Paths of the further files of a split dump. */
  parts?: readonly string[]
}

/** A dump file, open. */
export interface KhoImage {
  path: string
  container: string
  /** The whole file is compressed: offsets of its bytes are then null. */
  compression: Compression | null
  dump: Dump
  /** What to read from: the dump's memory, extended by the RAM that the options name. */
  memory: PhysicalMemory
  /** RAM known from the dump and the options. Sorted, disjoint, merged. */
  ramKnown: readonly Range[]
  /** Releases the file. Bytes read before stay valid, further reads do not work. */
  close(): void
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
  const openFile = (name: string): FileSource => {
    const file = openFileSource(name)
    files.push(file)
    return file
  }
  try {
    const source = openFile(path)
    const parts = (options.parts ?? []).map(openFile)
    return await openSource(source, parts, path, options, close)
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
  const path = 'bytes in memory'
  const source = bytesSource(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
  if (source.size === 0) throw new KhoError('unreadable', 'the image is empty')
  if (options.parts !== undefined && options.parts.length > 0) {
    throw new KhoError('usage', 'an image in memory has no further parts')
  }
  return openSource(source, [], path, options, () => {})
}

async function openSource(
  file: ByteSource,
  parts: readonly ByteSource[],
  path: string,
  options: OpenOptions,
  close: () => void,
): Promise<KhoImage> {
  const raw = rawOptions(options)
  if (raw !== null && options.format !== undefined && options.format !== 'raw') {
    const message = `a base, a map or a low-memory size is for raw files, not for format ${options.format}`
    throw new KhoError('usage', message)
  }
  const compression = compressionToUndo(file, path, options)
  const source =
    compression === null ? file : bytesSource(await decompress(file, compression, { name: path }))
  const { container, notices } = chooseContainer(source, options.format, raw)
  const settings: ContainerOptions = { parts, ...(raw === null ? {} : { raw }) }
  if (container.compressed === true) settings.codecs = (await import('./codecs.js')).codecs
  const dump = await openNamed(container, source, settings, path)
  dump.faults.push(...notices)
  return imageOf(path, compression, dump, options, close)
}

function imageOf(
  path: string,
  compression: Compression | null,
  dump: Dump,
  options: OpenOptions,
  close: () => void,
): KhoImage {
  const located = compression === null ? dump.memory : withoutOffsets(dump.memory)
  const memory = withRam(located, options.ram ?? [])
  return { path, container: dump.container, compression, dump, memory, ramKnown: memory.ranges, close }
}

function rawOptions({ base, map, lowMemory }: OpenOptions): RawOptions | null {
  if (base === undefined && map === undefined && lowMemory === undefined) return null
  return {
    ...(base === undefined ? {} : { base }),
    ...(map === undefined ? {} : { map }),
    ...(lowMemory === undefined ? {} : { lowMemory }),
  }
}

/** With an explicit format the first bytes are not believed, only the name: a raw dump may begin with anything. */
function compressionToUndo(file: ByteSource, path: string, options: OpenOptions): Compression | null {
  if (options.format !== undefined && compressionNamed(path) === null) return null
  return detectCompression(file, path)
}

function chooseContainer(
  source: ByteSource,
  format: ImageFormat | undefined,
  raw: RawOptions | null,
): { container: Container; notices: Fault[] } {
  if (format !== undefined) return { container: containerNamed(format), notices: [] }
  const detected = detectContainer(source)
  if (raw === null || detected.name === 'raw') return { container: detected, notices: [] }
  const message = `this begins as ${detected.title} does; it is read as raw because a base, a map or a low-memory size is given`
  return { container: containerNamed('raw'), notices: [fault('DUMP-RAW-ASSUMED', message)] }
}

/** Adds the file's name to errors about its contents. */
async function openNamed(
  container: Container,
  source: ByteSource,
  settings: ContainerOptions,
  path: string,
): Promise<Dump> {
  try {
    return await openContainer(container, source, settings)
  } catch (error) {
    if (!isKhoError(error) || error.code === 'usage') throw error
    throw new KhoError(error.code, `${path}: ${error.message}`, { ...error.place, path })
  }
}
