import type { FdtNode } from '../fdt/index.js'
import type { Geometry } from '../memory/geometry.js'
import { SMALL_BITMAP } from '../trackers/chunk-list/index.js'
import { trackerOf } from '../trackers/index.js'
import type { TrackerOptions, TrackerRoot } from '../trackers/place.js'
import { radixShape, shortDepth } from '../trackers/radix-tree/index.js'
import type { TrackerAttachment, TrackerEncoder } from '../trackers/writer.js'
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

/** How a layout is written: its tracker, and where the root names it. */
export interface LayoutEncoder extends Omit<TrackerEncoder, 'attach'> {
  attach(root: TrackerRoot): TrackerAttachment
}

/** How a layout's tracker is written. */
export function encoderOf(name: AbiName): LayoutEncoder {
  const { tracker, map } = abiOf(name)
  const { encoder } = trackerOf(tracker)
  return { ...encoder, attach: root => encoder.attach(root, map) }
}

/** What a layout's writer must be told beyond the page size: its bitmaps' size, or the depth of its trees. */
export function trackerOptions(name: AbiName, geometry: Geometry): TrackerOptions {
  return readingOptions(name, geometry)[0]!
}

/** Every way in which a layout may have been written; first what is usual. */
export function readingOptions(name: AbiName, geometry: Geometry): TrackerOptions[] {
  const { bitmap, chunkHeader, depth } = abiOf(name)
  const header = chunkHeader === undefined ? {} : { chunkHeader }
  if (bitmap !== null) {
    return [{ geometry, bitmapBytes: bitmap === 'page' ? geometry.pageSize : SMALL_BITMAP, ...header }]
  }
  const short = { geometry, depth: shortDepth(geometry) }
  if (depth === 'short') return [short]
  return depth === 'either' && short.depth !== radixShape(geometry).depth
    ? [{ geometry }, short]
    : [{ geometry }]
}

/** Where a root FDT names a layout's tracker, or null where it does not. */
export function locateTracker(name: AbiName, fdt: FdtNode): TrackerRoot | null {
  const { tracker, map } = abiOf(name)
  return trackerOf(tracker).locate(fdt, map)
}

/** True where a kernel takes a root FDT of that `compatible`; a kernel that does not look takes any. */
export function takesCompatible({ layout, reads }: ReadingKernel, compatible: string): boolean {
  return !reads.checksCompatible || layout.compatible === compatible
}

/** Strings of the file handlers that a kernel has. */
export function handlersOf({ users }: Kernel): readonly string[] {
  return users.memfd === null ? [] : [`memfd-v${users.memfd}`]
}
