import type { Geometry } from '../memory/geometry.js'
import { SMALL_BITMAP } from '../trackers/chunk-list.js'
import { shortDepth } from '../trackers/radix-tree.js'
import type { TrackerOptions } from '../trackers/tracker.js'
import type { TrackerEncoder } from '../trackers/writer.js'
import { ABIS, type Abi, type AbiName, type Kernel, type ReadingKernel } from './table.js'

/** Other names by which a layout is known on the command line. */
const ALIASES: Readonly<Record<string, AbiName>> = { 'page-table': 'v5-table' }

/** The layout of that name, or of an alias: `page-table` is `v5-table`. */
export function findAbi(name: string): Abi | null {
  const wanted = ALIASES[name] ?? name
  return ABIS.find(abi => abi.name === wanted) ?? null
}

/** The layout of a name known to be in the table. */
export function abiOf(name: AbiName): Abi {
  return ABIS.find(abi => abi.name === name)!
}

/** How a layout's tracker is written; null for layouts that are only read. */
export function encoderOf(name: AbiName): TrackerEncoder | null {
  return abiOf(name).encoder
}

/** What a layout's codec must be told beyond the page size: its bitmaps' size, or the depth of its trees. */
export function trackerOptions(name: AbiName, geometry: Geometry): TrackerOptions {
  const { bitmap, depth } = abiOf(name)
  if (bitmap !== null) return { geometry, bitmapBytes: bitmap === 'page' ? geometry.pageSize : SMALL_BITMAP }
  return depth === 'short' ? { geometry, depth: shortDepth(geometry) } : { geometry }
}

/** True where a kernel takes a root FDT of that `compatible`; a kernel that does not look takes any. */
export function takesCompatible({ layout, reads }: ReadingKernel, compatible: string): boolean {
  return !reads.checksCompatible || layout.compatible === compatible
}

/** Strings of the file handlers that a kernel has. */
export function handlersOf({ users }: Kernel): readonly string[] {
  return users.memfd === null ? [] : [`memfd-v${users.memfd}`]
}
