import { type FdtNodeSpec, type FdtPropertySpec, totalSize } from '../fdt/index.js'
import { viewOf } from '../memory/u64.js'

/*
 * The kernel fixes the length of out/fdt when it makes the file; sub-trees that are added later enlarge the blob, and the
 * file is then its first part (fs: debugfs_create_blob; kernel/liveupdate/kexec_handover_debugfs.c, 7.2). What comes last,
 * the strings block with the names of all properties, is always lost.
 */

/** A root FDT of which the end is missing, as far as it goes. */
export interface CutRoot {
  root: FdtNodeSpec
  /** Properties whose names were found by their lengths, not read. */
  inferred: number
  /** Properties that were left out, because nothing tells their names. */
  nameless: number
  totalsize: number
}

/** Names of the properties in the root FDT of any version, no two of one length. */
const NAMES = ['compatible', 'preserved-memory-map', 'preserved-data', 'blob-size', 'fdt', 'metadata']

const HEADER_BYTES = 40
const BEGIN_NODE = 1
const END_NODE = 2
const PROP = 3
const NOP = 4
const MAX_DEPTH = 8

interface CutProperty {
  nameOffset: number
  value: Uint8Array
}

interface CutNode {
  name: string
  properties: CutProperty[]
  children: CutNode[]
}

/** True for a blob that is shorter than its header says. */
export function isCut(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false
  return (totalSize(bytes) ?? 0) > bytes.length
}

/** Reads what there is of a blob that is cut short; null where not even the root node begins in it. */
export function readCutRoot(bytes: Uint8Array): CutRoot | null {
  const view = viewOf(bytes)
  const root = readNodes(bytes, view.getUint32(8))
  if (root === null) return null
  const names = nameFinder(bytes, root)
  const counts = { inferred: 0, nameless: 0 }
  const specOf = (node: CutNode): FdtNodeSpec => {
    const properties: FdtPropertySpec[] = []
    for (const { nameOffset, value } of node.properties) {
      const name = names(nameOffset)
      if (name === null) counts.nameless++
      else {
        if (name.inferred) counts.inferred++
        properties.push({ name: name.name, value })
      }
    }
    return { name: node.name, properties, children: node.children.map(specOf) }
  }
  const spec = specOf(root)
  return { root: spec, ...counts, totalsize: view.getUint32(4) }
}

/** Nodes and properties that lie in the bytes with all of theirs. */
function readNodes(bytes: Uint8Array, start: number): CutNode | null {
  const view = viewOf(bytes)
  const open: CutNode[] = []
  let root: CutNode | null = null
  let at = start
  while (at + 4 <= bytes.length) {
    const tag = view.getUint32(at)
    at += 4
    if (tag === BEGIN_NODE) {
      const end = bytes.indexOf(0, at)
      if (end < 0 || open.length >= MAX_DEPTH) break
      const node: CutNode = { name: latin1(bytes.subarray(at, end)), properties: [], children: [] }
      if (root === null) root = node
      else if (open.length === 0) break
      open.at(-1)?.children.push(node)
      open.push(node)
      at = align(end + 1)
    } else if (tag === PROP) {
      const node = open.at(-1)
      if (node === undefined || at + 8 > bytes.length) break
      const length = view.getUint32(at)
      const nameOffset = view.getUint32(at + 4)
      at += 8
      if (at + length > bytes.length) break
      node.properties.push({ nameOffset, value: bytes.subarray(at, at + length) })
      at = align(at + length)
    } else if (tag === END_NODE) {
      if (open.pop() === undefined) break
    } else if (tag !== NOP) {
      break
    }
  }
  return root
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4
}

/**
 * Names lie one behind the other in the strings block, so that the distance from one that is used to the next tells how
 * long it is; no two that a root FDT has are of one length.
 */
function nameFinder(
  bytes: Uint8Array,
  root: CutNode,
): (offset: number) => { name: string; inferred: boolean } | null {
  const view = viewOf(bytes)
  const strings = view.getUint32(12)
  const used = new Set<number>([view.getUint32(32)])
  for (const node of [root, ...root.children]) {
    for (const { nameOffset } of node.properties) used.add(nameOffset)
  }
  const sorted = [...used].sort((a, b) => a - b)
  return offset => {
    const start = strings + offset
    const end = start < bytes.length ? bytes.indexOf(0, start) : -1
    if (end >= 0) return { name: latin1(bytes.subarray(start, end)), inferred: false }
    const next = sorted[sorted.indexOf(offset) + 1]
    const name = next === undefined ? undefined : NAMES.find(known => known.length + 1 === next - offset)
    return name === undefined ? null : { name, inferred: true }
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
