import {
  type Container,
  type ContainerOptions,
  containerNamed,
  detectContainer,
  openContainer,
} from '../../formats/dumps/containers.js'
import type { Dump } from '../../formats/dumps/dump.js'
import type { Codecs } from '../../formats/dumps/kdump-pages.js'
import type { RawMapping, RawOptions } from '../../formats/dumps/raw.js'
import { isKhoError, KhoError } from '../../formats/error.js'
import { type ByteSource, bytesSource } from '../../formats/memory/byte-source.js'
import { type Fault, fault } from '../../formats/memory/fault.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'
import { type Compression, compressionNamed, detectCompression } from './compression.js'
import type { Search } from './marks.js'
import { withoutFlash, withoutOffsets, withRam } from './ram-options.js'

/** How to open a dump, where its own magic does not say or is not to be believed. */
export interface OpenOptions {
  /** One of FORMAT_NAMES. */
  format?: string
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
  /** How that memory is looked through quickest, where whoever opened it has more than one thread. */
  search?: { memory: PhysicalMemory; run: Search }
  /** Releases the file. Bytes read before stay valid, further reads do not work. */
  close(): void
}

/** What the surroundings supply; none of it is loaded before it is needed. */
export interface ImageIo {
  /** Decompressors of pages. */
  codecs(): Promise<Codecs>
  /** The contents of a file that is compressed as a whole. */
  unpack(source: ByteSource, compression: Compression, name: string): Promise<ByteSource>
}

/** A dump's file, and how to let go of it and of what belongs to it. */
export interface ImageFile {
  /** What it is called in messages. */
  name: string
  source: ByteSource
  /** Further files of a split dump. */
  parts: readonly ByteSource[]
  close(): void
}

/**
 * Opens a dump in a source, compressed or not. Closes the file where it cannot.
 *
 * @throws KhoError `unreadable`, `unknown-format` or `unsupported` about the file, `usage` about the options.
 */
export async function openSource(file: ImageFile, options: OpenOptions, io: ImageIo): Promise<KhoImage> {
  try {
    return await openUnpacked(file, options, io)
  } catch (error) {
    file.close()
    throw error
  }
}

/** Opens a dump that is in memory; `close` lets go of what was unpacked. Throws as {@link openSource} does. */
export async function openMemory(
  bytes: Uint8Array | ArrayBuffer,
  options: OpenOptions,
  io: ImageIo,
  close: () => void,
): Promise<KhoImage> {
  const source = bytesSource(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
  if (source.size === 0) throw new KhoError('unreadable', 'the image is empty')
  return openSource({ name: 'bytes in memory', source, parts: [], close }, options, io)
}

async function openUnpacked(file: ImageFile, options: OpenOptions, io: ImageIo): Promise<KhoImage> {
  const { name, parts } = file
  const raw = rawOptions(options)
  if (raw !== null && options.format !== undefined && options.format !== 'raw') {
    const message = `a base, a map or a low-memory size is for raw files, not for format ${options.format}`
    throw new KhoError('usage', message)
  }
  const compression = compressionToUndo(file.source, name, options)
  const source = compression === null ? file.source : await io.unpack(file.source, compression, name)
  const dump = await openContents({ name, source, parts }, options, io)
  return imageOf(name, compression, dump, options, () => file.close())
}

/** Opens a dump in a source that is not compressed, or not any more. */
export async function openContents(
  { name, source, parts }: Omit<ImageFile, 'close'>,
  options: OpenOptions,
  io: Pick<ImageIo, 'codecs'>,
): Promise<Dump> {
  const raw = rawOptions(options)
  const { container, notices } = chooseContainer(source, options.format, raw, name)
  const settings: ContainerOptions = { parts, ...(raw === null ? {} : { raw }) }
  if (container.compressed === true) settings.codecs = await io.codecs()
  const dump = await openNamed(container, source, settings, name)
  dump.faults.push(...notices)
  return dump
}

/** A dump with the RAM that the options name. */
export function imageOf(
  path: string,
  compression: Compression | null,
  dump: Dump,
  options: OpenOptions,
  close: () => void,
): KhoImage {
  const located = compression === null ? dump.memory : withoutOffsets(dump.memory)
  const given = options.ram ?? []
  const memory = withRam(located, given)
  const ramKnown = mergeRanges([...withoutFlash(dump.memory.ranges, dump.machine), ...given])
  return { path, container: dump.container, compression, dump, memory, ramKnown, close }
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
  format: string | undefined,
  raw: RawOptions | null,
  name: string,
): { container: Container; notices: Fault[] } {
  const detected = detectContainer(source)
  if (format !== undefined) return { container: insistedOn(format, detected, name), notices: [] }
  if (raw === null || detected.name === 'raw') return { container: detected, notices: [] }
  const message = `this begins as ${detected.title} does; it is read as raw because a base, a map or a low-memory size is given`
  return { container: containerNamed('raw'), notices: [fault('DUMP-RAW-ASSUMED', message)] }
}

/** A format that the user names; a magic that says another one is believed more, except that raw memory may begin with anything. */
function insistedOn(format: string, detected: Container, path: string): Container {
  const container = containerNamed(format)
  const packed = detected.name === 'flattened' || (detected.name === 'tar' && format === 'debugfs')
  if (format === 'raw' || detected.name === 'raw' || detected.name === format || packed) return container
  throw new KhoError('unknown-format', `${path}: this is ${detected.title}, not ${container.title}`, {
    path,
    hint: 'without --format the file itself says what it is',
  })
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
