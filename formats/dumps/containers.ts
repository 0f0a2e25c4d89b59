import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import type { Dump } from './dump.js'
import type { Codecs } from './kdump-pages.js'
import type { RawOptions } from './raw.js'

/** What a container may need besides the file. */
export interface ContainerOptions {
  raw?: RawOptions
  /** Further files of a split dump. */
  parts?: readonly ByteSource[]
  /** Decompressors for pages. */
  codecs?: Codecs
}

/** A format of dump files: how to tell it, and how to open it or why that is not done. */
export interface Container {
  /** As in `--format` and in JSON. */
  name: string
  /** As in a sentence: "this is …". */
  title: string
  /** True when the first bytes of a file are of this format. `head` has up to 512 bytes. */
  detect(head: Uint8Array): boolean
  /** Modules of a format are loaded when it is met. */
  open?(source: ByteSource, options: ContainerOptions): Promise<Dump>
  /** What to do instead, for a format that is recognised only. */
  hint?: string
  /** Can be insisted on where a file's own magic does not say: a value of `--format`. */
  format?: true
  /** Takes `parts`. */
  split?: boolean
  /** Has compressed pages: takes `codecs`. */
  compressed?: boolean
}

/** Bytes of a file's beginning that detection looks at. */
const HEAD_BYTES = 512

/** Every container that is recognised. The first that detects a file has it. */
export const containers: readonly Container[] = [
  {
    name: 'elf',
    title: 'an ELF file',
    detect: magic('\x7fELF'),
    format: true,
    open: async source => (await import('./elf.js')).openElf(source),
  },
  {
    name: 'kdump',
    title: 'a kdump-compressed dump',
    detect: anyOf(magic('KDUMP   '), magic('DISKDUMP')),
    format: true,
    open: openPossiblyFlattened,
    split: true,
    compressed: true,
  },
  {
    name: 'flattened',
    title: 'a flattened makedumpfile dump',
    detect: magic('makedumpfile\0'),
    open: openPossiblyFlattened,
    split: true,
    compressed: true,
  },
  {
    name: 'lime',
    title: 'a LiME dump',
    detect: magic('EMiL'),
    format: true,
    open: async source => (await import('./lime.js')).openLime(source),
  },
  {
    name: 'avml',
    title: 'an AVML dump (LiME version 2)',
    detect: magic('AVML'),
    hint: 'convert it: avml-convert --source-format lime_compressed --format raw IN OUT',
  },
  {
    name: 'qemu-migration',
    title: 'a QEMU migration stream',
    detect: anyOf(magic('QEVM'), magic('LibvirtQemudSave'), magic('LibvirtQemudPart')),
    hint: 'dump memory instead: dump-guest-memory FILE, or virsh dump --memory-only',
  },
  {
    name: 'lkcd',
    title: 'an LKCD dump',
    // DUMP_MAGIC_NUMBER 0xa8190173618f23ed, little-endian; DUMP_MAGIC_LIVE ends in fd.
    detect: anyOf(magic('\xed\x23\x8f\x61\x73\x01\x19\xa8'), magic('\xfd\x23\x8f\x61\x73\x01\x19\xa8')),
    hint: 'no kernel with KHO writes this format',
  },
  {
    name: 'windows',
    title: 'a Windows crash dump',
    detect: anyOf(magic('PAGEDU64'), magic('PAGEDUMP')),
    hint: 'there is no KHO in it',
  },
  {
    name: 'qcow2',
    title: 'a QEMU disk image',
    detect: magic('QFI\xfb'),
    hint: 'dump memory instead: dump-guest-memory FILE',
  },
  { name: 'gzip', title: 'gzip data', detect: magic('\x1f\x8b\x08'), hint: 'unpack it: gunzip -k FILE' },
  { name: 'zstd', title: 'zstd data', detect: magic('\x28\xb5\x2f\xfd'), hint: 'unpack it: zstd -d FILE' },
  { name: 'xz', title: 'xz data', detect: magic('\xfd7zXZ\0'), hint: 'unpack it: xz -dk FILE' },
  { name: 'bzip2', title: 'bzip2 data', detect: bzip2, hint: 'unpack it: bunzip2 -k FILE' },
  { name: 'lz4', title: 'lz4 data', detect: magic('\x04\x22\x4d\x18'), hint: 'unpack it: lz4 -d FILE' },
  {
    name: 'tar',
    title: 'a tar archive',
    detect: magic('ustar', 257),
    open: async source => (await import('./debugfs.js')).openDebugfsTar(source),
  },
  {
    name: 'debugfs',
    title: 'a copy of /sys/kernel/debug/kho',
    detect: () => false,
    format: true,
    open: async source => (await import('./debugfs.js')).openDebugfsTar(source),
  },
  {
    name: 'raw',
    title: 'a raw file',
    detect: () => true,
    format: true,
    open: async (source, options) => (await import('./raw.js')).openRaw(source, options.raw),
  },
]

/** Names of the formats that can be insisted on. */
export const FORMAT_NAMES: readonly string[] = containers
  .filter(({ format }) => format)
  .map(({ name }) => name)

/** The container of a file, by its magic; `raw` when nothing else fits. */
export function detectContainer(source: ByteSource): Container {
  const head = source.read(0, HEAD_BYTES)
  return containers.find(container => container.detect(head)) as Container
}

/**
 * The container of that name.
 *
 * @throws KhoError `usage` when there is none.
 */
export function containerNamed(name: string): Container {
  const container = containers.find(entry => entry.name === name)
  if (container === undefined) throw new KhoError('usage', `unknown format "${name}"`)
  return container
}

/**
 * Opens a dump in a container.
 *
 * @throws KhoError `unsupported` for a format that is recognised only; what the format's own opener throws.
 */
export async function openContainer(
  container: Container,
  source: ByteSource,
  options: ContainerOptions = {},
): Promise<Dump> {
  if (container.open === undefined) {
    const place = container.hint === undefined ? {} : { hint: container.hint }
    throw new KhoError('unsupported', `this is ${container.title}, which is not read here`, place)
  }
  if (options.parts !== undefined && options.parts.length > 0 && container.split !== true) {
    throw new KhoError('usage', `this is ${container.title}: it has no further parts`)
  }
  return container.open(source, options)
}

async function openPossiblyFlattened(source: ByteSource, options: ContainerOptions): Promise<Dump> {
  const { openFlattenedDump } = await import('./flattened-dump.js')
  return openFlattenedDump([source, ...(options.parts ?? [])], options.codecs ?? {})
}

/** Detects bytes, one a character, at an offset. */
function magic(text: string, offset = 0): (head: Uint8Array) => boolean {
  return head => Array.from(text).every((character, i) => head[offset + i] === character.charCodeAt(0))
}

function anyOf(...tests: ((head: Uint8Array) => boolean)[]): (head: Uint8Array) => boolean {
  return head => tests.some(test => test(head))
}

/** "BZh", the level, and the magic of the first block (pi): three letters alone are too little. */
function bzip2(head: Uint8Array): boolean {
  const level = head[3] ?? 0
  return magic('BZh')(head) && level >= 0x31 && level <= 0x39 && magic('1AY&SY', 4)(head)
}
