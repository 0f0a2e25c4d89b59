import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { type FdtNode, readFdt } from '../../formats/fdt/index.js'
import { KEXEC_METADATA, LUO_SESSION_SER, SETUP_DATA_KHO, type Struct } from '../../formats/layout/index.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { intersectRanges, mergeRanges, type Range, subtractRanges } from '../../formats/memory/range.js'
import { asciiBytes } from '../../formats/memory/search.js'
import { fdtBytes } from '../image/find-roots.js'
import type { KhoState } from '../image/state.js'
import type { ClaimGroup } from '../model/claim.js'
import { ownershipOf } from '../owners/ownership.js'
import type { Survey } from './record.js'

/** Bytes that take the place of what memory holds. */
export interface Patch {
  address: number
  bytes: Uint8Array
}

/** What of the kept memory may be seen. */
export interface Redaction {
  /** Bytes of structures: what is not in here becomes zero. Sorted, disjoint. */
  visible: Range[]
  /** Ascending. */
  patches: Patch[]
}

/**
 * What stays of an image whose contents are nobody's business: bytes that were read as a structure of a state that is
 * alive, and of device trees nothing but their shape and what they say of KHO.
 */
export function planRedaction(
  memory: PhysicalMemory,
  states: readonly KhoState[],
  survey: Survey,
  read: readonly Range[],
  hash: boolean,
): Redaction {
  const shown: Range[] = []
  const hidden: Range[] = []
  for (const { address, fdt } of survey.found.roots) {
    shown.push({ start: address, end: address + fdt.header.totalsize })
  }
  for (const handover of survey.found.handovers) {
    const { address, kind, scratchAddress, scratchSize } = handover
    if (kind === 'setup-data') {
      shown.push({ start: address, end: address + SETUP_DATA_KHO.size })
    } else {
      showTree(memory, address, shown, hidden)
    }
    shown.push({ start: scratchAddress, end: scratchAddress + scratchSize })
  }
  // What a dead tracker leads to is other people's memory.
  const alive = states.filter(({ tracker }) => tracker.state === 'live' || tracker.state === 'partial')
  for (const state of alive) {
    for (const group of ownershipOf(state).groups) {
      if (group.kind !== 'data') pushGroup(shown, group)
      else if (group.preserved) pushGroup(hidden, group)
    }
  }
  const visible = subtractRanges(intersectRanges(mergeRanges(shown), read), mergeRanges(hidden))
  return { visible, patches: hash ? alive.flatMap(state => namePatches(memory, state)).sort(byAddress) : [] }
}

function byAddress(a: Patch, b: Patch): number {
  return a.address - b.address
}

function pushGroup(ranges: Range[], group: ClaimGroup): void {
  for (let n = 0; n < group.count; n++) {
    const start = group.starts[n] as number
    ranges.push({ start, end: start + (group.sizes[n] as number) })
  }
}

/** All of a device tree but the values that say nothing of KHO: a command line, a seed, a serial number. */
function showTree(memory: PhysicalMemory, address: number, shown: Range[], hidden: Range[]): void {
  const bytes = fdtBytes(memory, address)
  const tree = bytes && readFdt(bytes).tree
  if (bytes === null || tree === null) return
  shown.push({ start: address, end: address + bytes.length })
  const visit = (node: FdtNode) => {
    for (const { name, value, offset } of node.properties) {
      if (name.startsWith('linux,kho-') || name === 'compatible' || name.startsWith('#')) continue
      hidden.push({ start: address + offset, end: address + offset + value.length })
    }
    for (const child of node.children) visit(child)
  }
  visit(tree.root)
}

/** Names of sessions, and the release that kexec-metadata names, as hashes. */
function namePatches(memory: PhysicalMemory, state: KhoState): Patch[] {
  const patches: Patch[] = []
  const patch = (struct: Struct, field: string, address: number) => {
    const place = struct.fields.find(({ name }) => name === field)!
    const read = memory.read(address + place.offset, place.size)
    if (read.ok) patches.push({ address: address + place.offset, bytes: hashField(read.bytes) })
  }
  for (const { value, address } of state.blobs()) {
    if (value?.kind === 'kexec-metadata') patch(KEXEC_METADATA, 'previousRelease', address!)
    if (value?.kind !== 'luo') continue
    for (const { extent } of value.sessions) patch(LUO_SESSION_SER, 'name', extent.start)
  }
  return patches
}

/** Digits of a hash that stand for a name: enough to tell names apart. */
const DIGITS = 24

/** A text as a hash: the same for the same text. */
function hashText(text: string | Uint8Array): string {
  return `sha256-${bytesToHex(sha256(typeof text === 'string' ? new TextEncoder().encode(text) : text)).slice(0, DIGITS)}`
}

/** A field of a fixed length that holds a text, as a hash of that text. An empty one stays empty. */
function hashField(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(bytes.length)
  const end = bytes.indexOf(0)
  const text = end < 0 ? bytes : bytes.subarray(0, end)
  if (text.length > 0) field.set(asciiBytes(hashText(text)))
  return field
}

/** VMCOREINFO without the strings that name a build, as hashes or as they are. */
export function redactVmcoreinfo(text: string, hash: boolean): string {
  if (!hash) return text
  return text.replace(
    /^(OSRELEASE|BUILD-ID)=(.+)$/gm,
    (_, key: string, value: string) => `${key}=${hashText(value)}`,
  )
}

/** Applies a redaction to bytes that lie at an address; gives new bytes. */
export function redactBytes(bytes: Uint8Array, address: number, { visible, patches }: Redaction): Uint8Array {
  const end = address + bytes.length
  const clean = new Uint8Array(bytes.length)
  for (const range of intersectRanges([{ start: address, end }], near(visible, address, end))) {
    clean.set(bytes.subarray(range.start - address, range.end - address), range.start - address)
  }
  for (const patch of patches) {
    const from = Math.max(patch.address, address)
    const to = Math.min(patch.address + patch.bytes.length, end)
    if (from < to) clean.set(patch.bytes.subarray(from - patch.address, to - patch.address), from - address)
  }
  return clean
}

/** The part of a sorted list that can touch a range. */
function near(ranges: readonly Range[], start: number, end: number): readonly Range[] {
  const bound = (value: number, before: (range: Range) => number) => {
    let low = 0
    let high = ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(ranges[middle]!) <= value) low = middle + 1
      else high = middle
    }
    return low
  }
  return ranges.slice(
    bound(start, range => range.end),
    bound(end - 1, range => range.start),
  )
}
