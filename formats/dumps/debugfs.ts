import { isKhoError, KhoError } from '../error.js'
import { buildFdt, findChild, nativeU64, nativeU64Bytes, readFdt } from '../fdt/index.js'
import { blobPointer } from '../handoff/blob-pointer.js'
import { SCRATCH_FILES } from '../handoff/scratch.js'
import { type ByteSource, bytesSource } from '../memory/byte-source.js'
import { type Fault, fault, hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { isCut, readCutRoot } from './debugfs-root.js'
import { tarEntries } from './debugfs-tar.js'
import type { DebugfsInfo, DebugfsRoot, Dump } from './dump.js'
import { segmentMemory } from './segment-memory.js'
import type { Segment } from './segments.js'

/**
 * Where bytes are put of which debugfs does not tell the address: above the memory of any machine with KHO. Each root
 * and each blob gets a stretch of its own.
 */
export const DEBUGFS_NOWHERE = 2 ** 51
const STRETCH = 2 ** 24

/** Largest file that is taken. */
export const DEBUGFS_FILE_BYTES = 2 ** 24
const MAX_FILES = 4096

/** Which files are of use: `out/fdt`, `in/sub_fdts/LUO` … */
const WANTED = /(?:^|\/)(out|in)\/(fdt|sub_fdts\/[^/]+|[a-z]+_(?:phys|len))$/

/** Files in `out` that list the scratch areas, under every name that they have had. */
export const DEBUGFS_SCRATCH_FILES: readonly string[] = SCRATCH_FILES.flatMap(({ addresses, lengths }) => [
  addresses,
  lengths,
])

/** The name of a file below `kho/`, null where it is none of those that are read. */
export function debugfsName(path: string): string | null {
  const match = WANTED.exec(path)
  const file = match?.[2] ?? ''
  const wanted = file === 'fdt' || file.includes('/') || DEBUGFS_SCRATCH_FILES.includes(file)
  return match !== null && wanted ? `${match[1]}/${file}` : null
}

/**
 * Opens a tar archive of `/sys/kernel/debug/kho`.
 *
 * @throws KhoError `unsupported` for an archive of something else.
 */
export function openDebugfsTar(source: ByteSource): Dump {
  const files = new Map<string, Uint8Array>()
  for (const { name, offset, size } of tarEntries(source)) {
    const wanted = debugfsName(name)
    if (wanted === null || size > DEBUGFS_FILE_BYTES || files.size >= MAX_FILES) continue
    if (!files.has(wanted)) files.set(wanted, source.read(offset, size))
  }
  if (files.size === 0) {
    throw new KhoError('unsupported', 'this is a tar archive, but not of /sys/kernel/debug/kho', {
      hint: 'unpack it: tar -xf FILE',
    })
  }
  return openDebugfs(files, source.size)
}

/**
 * Opens the files of `/sys/kernel/debug/kho` (Linux 6.16 to 7.2), by their names below it. Blobs lie in the memory of the
 * result where the root FDT says; the preserved set is in none of them, so that all other memory is absent.
 *
 * @throws KhoError `no-state` where there is no root FDT.
 */
export function openDebugfs(files: ReadonlyMap<string, Uint8Array>, inputSize: number): Dump {
  const faults: Fault[] = []
  const place = placer(faults)
  const roots: DebugfsRoot[] = []
  for (const [folder, direction] of [
    ['out', 'outgoing'],
    ['in', 'incoming'],
  ] as const) {
    const bytes = files.get(`${folder}/fdt`)
    if (bytes === undefined || bytes.length === 0) continue
    const address = place.nowhere()
    roots.push({ direction, address, file: `${folder}/fdt` })
    place.put(address, placeBlobs(folder, bytes, files, place, faults), `${folder}/fdt`)
  }
  if (roots.length === 0) {
    throw new KhoError('no-state', 'no KHO state: there is neither out/fdt nor in/fdt', {
      hint: 'is KHO on? The kernel of the machine needs kho=on',
    })
  }
  const debugfs = { roots, ...readScratch(files, faults) }
  const memory = place.memory(inputSize)
  return {
    container: 'debugfs',
    memory,
    notes: [],
    vmcoreinfo: null,
    machine: null,
    elf: null,
    faults,
    debugfs,
  }
}

/** Puts the blobs of one root where it says; gives the root, made whole where the kernel cut it short. */
function placeBlobs(
  folder: string,
  bytes: Uint8Array,
  files: ReadonlyMap<string, Uint8Array>,
  place: Placer,
  faults: Fault[],
): Uint8Array {
  const prefix = `${folder}/sub_fdts/`
  const blobs = [...files].filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
  const cut = isCut(bytes) ? readCutRoot(bytes) : null
  const whole = cut === null ? bytes : buildFdt(cut.root)
  const tree = readFdt(whole).tree
  const added: { name: string; address: number; size: number }[] = []
  for (const [file, content] of blobs) {
    const name = file.slice(prefix.length)
    const child = tree && findChild(tree.root, name)
    const property = child && blobPointer(child)
    const address = property && nativeU64(property)
    if (address && address < BigInt(DEBUGFS_NOWHERE)) place.put(Number(address), content, file)
    else if (cut !== null) added.push({ name, address: place.nowhere(), size: content.length })
  }
  if (cut === null) return bytes
  for (const { name, address } of added) place.put(address, files.get(prefix + name)!, prefix + name)
  reportCut(
    folder,
    bytes.length,
    cut.totalsize,
    added.map(({ name }) => name),
    cut,
    faults,
  )
  const known = (cut.root.children ?? []).filter(child => !added.some(({ name }) => name === child.name))
  const restored = added.map(({ name, address, size }) => ({
    name,
    properties: {
      'preserved-data': nativeU64Bytes(BigInt(address)),
      'blob-size': nativeU64Bytes(BigInt(size)),
    },
  }))
  try {
    return buildFdt({ ...cut.root, children: [...known, ...restored] })
  } catch (error) {
    // A file whose name no node can have.
    if (isKhoError(error)) return whole
    throw error
  }
}

function reportCut(
  folder: string,
  have: number,
  want: number,
  added: readonly string[],
  { inferred, nameless }: { inferred: number; nameless: number },
  faults: Fault[],
): void {
  const lost = added.length === 0 ? '' : `; the entries of ${added.join(', ')} are not in it`
  const left = nameless === 0 ? '' : `; ${nameless} properties are left out`
  const message = `the kernel shows only ${have} of the ${want} bytes of ${folder}/fdt: the names of ${inferred} properties are told by their lengths${left}${lost}`
  faults.push(fault('DEBUGFS-CUT', message, null, 'fdt', 'truncated'))
}

interface Placer {
  /** An address for bytes that have none. */
  nowhere(): number
  put(address: number, bytes: Uint8Array, file: string): void
  memory(inputSize: number): PhysicalMemory
}

function placer(faults: Fault[]): Placer {
  const segments: Segment[] = []
  const contents: Uint8Array[] = []
  let length = 0
  let stretches = 0
  return {
    nowhere: () => DEBUGFS_NOWHERE + STRETCH * stretches++,
    put(address, bytes, file) {
      const end = address + bytes.length
      if (end > ADDRESS_LIMIT || segments.some(other => address < other.end && other.start < end)) {
        const message = `${file} is left out: ${hex(address)} has the bytes of another file`
        faults.push(fault('DEBUGFS-OVERLAP', message, address))
        return
      }
      segments.push({ start: address, end, offset: length })
      contents.push(bytes)
      length += bytes.length
    },
    memory(inputSize) {
      const all = new Uint8Array(length)
      segments.forEach(({ offset }, i) => {
        all.set(contents[i]!, offset)
      })
      return debugfsMemory(bytesSource(all), segments, inputSize)
    },
  }
}

/** Memory of which only some bytes were copied; how much the machine has is not known. */
function debugfsMemory(source: ByteSource, segments: readonly Segment[], inputSize: number): PhysicalMemory {
  const memory = segmentMemory(source, { present: segments, truncated: [], ranges: [] })
  return {
    ...memory,
    inputSize,
    read(phys, length) {
      const result = memory.read(phys, length)
      return result.ok ? { ...result, offset: null } : { ...result, reason: 'excluded' }
    },
    *blocks(which) {
      for (const block of memory.blocks(which)) yield { ...block, offset: null }
    },
  }
}

/** One hexadecimal number a line in each of the two files. */
function readScratch(
  files: ReadonlyMap<string, Uint8Array>,
  faults: Fault[],
): Pick<DebugfsInfo, 'scratch' | 'scratchFiles'> {
  for (const { addresses, lengths } of SCRATCH_FILES) {
    const names = [`out/${addresses}`, `out/${lengths}`]
    if (!names.some(name => files.has(name))) continue
    const scratchFiles = names.join(' and ')
    const [starts, sizes] = names.map(name => numbers(files.get(name)))
    if (starts && sizes && starts.length === sizes.length)
      return { scratch: starts.map((start, i) => ({ start, size: sizes[i]! })), scratchFiles }
    faults.push(fault('DEBUGFS-SCRATCH', `${scratchFiles} do not fit together`, null, 'scratch'))
    return { scratch: null, scratchFiles }
  }
  return { scratch: null, scratchFiles: null }
}

function numbers(bytes: Uint8Array | undefined): number[] | null {
  if (bytes === undefined) return null
  const lines = new TextDecoder().decode(bytes).split('\n').filter(Boolean)
  const values = lines.map(line => (/^0x[0-9a-f]{1,16}$/i.test(line.trim()) ? Number(line) : Number.NaN))
  return values.every(value => value < ADDRESS_LIMIT) ? values : null
}
