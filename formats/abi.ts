import type { Geometry } from './memory/geometry.js'
import { arrayEncoder } from './trackers/array-writer.js'
import { SMALL_BITMAP } from './trackers/chunk-list.js'
import { chunkEncoder, chunkV5Encoder } from './trackers/chunk-writer.js'
import { memEncoder } from './trackers/mem-writer.js'
import { shortDepth } from './trackers/radix-tree.js'
import { radixEncoder } from './trackers/radix-writer.js'
import { tableEncoder } from './trackers/table-writer.js'
import type { TrackerFormat, TrackerOptions } from './trackers/tracker.js'
import type { TrackerEncoder } from './trackers/writer.js'

/**
 * Names of the ways in which KHO state was ever laid out. The first nine are stable on the command line; the others
 * are forms that were only posted, and are read.
 */
export type AbiName =
  | 'mem4'
  | 'v5'
  | 'v5-table'
  | 'array'
  | 'kho-v1-512'
  | 'kho-v1-page'
  | 'kho-v2'
  | 'kho-v3'
  | 'kho-v4'
  | 'graf'
  | 'sketch'
  | 'ranges'
  | 'radix-rfc1'
  | 'radix-rfc2'

/** One row of the table of releases: where a layout puts what. */
export interface Abi {
  name: AbiName
  /** Element of the root's `compatible` list. */
  compatible: string
  tracker: TrackerFormat
  /** Kernels that write it, oldest and newest, or the posting. */
  kernels: string
  /** Size of a chunk list's bitmap objects: 512 bytes, or a page. Null in other trackers. */
  bitmap: 512 | 'page' | null
  /** Property of a child node that points to its blob; null where nodes are inline. */
  blobProperty: 'fdt' | 'preserved-data' | null
  /** True where child nodes carry `blob-size`. */
  blobSize: boolean
  /** True where the page of the root FDT is itself preserved as an order-0 block. */
  fdtPreserved: boolean
  /** True where the map property is 0 until finalize. */
  finalize: boolean
}

const ROWS: readonly Abi[] = [
  row('kho-v4', 'kho-v4', 'radix-tree', '7.2', null, 'preserved-data', true, true, false),
  row('kho-v3', 'kho-v3', 'radix-tree', '7.1', null, 'preserved-data', true, true, false),
  row(
    'kho-v2',
    'kho-v2',
    'radix-tree',
    'radix series v3 to v9, development trees',
    null,
    'preserved-data',
    false,
    true,
    false,
  ),
  row('kho-v1-page', 'kho-v1', 'chunk-list', '6.17.9 to 7.0', 'page', 'fdt', false, true, true),
  row('kho-v1-512', 'kho-v1', 'chunk-list', '6.16 to 6.17.8', 512, 'fdt', false, true, true),
  row('array', 'kho-v1', 'kho-array', 'RFC of September 2025', null, 'fdt', false, true, true),
  row('v5-table', 'kho-v1', 'page-table', 'patch of April 2025 on v5', null, null, false, false, false),
  row('v5', 'kho-v1', 'chunk-list', 'patch v5, March 2025', 512, null, false, false, false),
  row('mem4', 'kho-v1', 'mem-array', 'patch v4, February 2025', null, null, false, false, false),
  row('graf', 'kho-v1', 'mem-array', 'patches v1 to v3, 2023 and 2024', null, null, false, false, false),
  row('sketch', 'linux-kho,v1', 'chunk-list', 'mail of February 2025', 512, null, false, false, false),
  row('ranges', 'kho-v1', 'range-list', 'mail of April 2025', null, null, false, false, false),
  row(
    'radix-rfc1',
    'kho-v1',
    'radix-tree',
    'radix series v1, September 2025',
    null,
    'fdt',
    false,
    true,
    false,
  ),
  row('radix-rfc2', 'kho-v2', 'radix-tree', 'radix series v2, October 2025', null, 'fdt', false, true, false),
]

function row(
  name: AbiName,
  compatible: string,
  tracker: TrackerFormat,
  kernels: string,
  bitmap: Abi['bitmap'],
  blobProperty: Abi['blobProperty'],
  blobSize: boolean,
  fdtPreserved: boolean,
  finalize: boolean,
): Abi {
  return { name, compatible, tracker, kernels, bitmap, blobProperty, blobSize, fdtPreserved, finalize }
}

/** Every known layout, newest release first, then what was only posted. */
export const ABIS: readonly Abi[] = ROWS

/** The layout of that name. `page-table` is another name of `v5-table`. */
export function findAbi(name: string): Abi | null {
  const wanted = name === 'page-table' ? 'v5-table' : name
  return ROWS.find(abi => abi.name === wanted) ?? null
}

/** The layout of a name known to be in the table. */
export function abiOf(name: AbiName): Abi {
  return ROWS.find(abi => abi.name === name)!
}

const ENCODERS: Readonly<Partial<Record<AbiName, TrackerEncoder>>> = {
  mem4: memEncoder,
  v5: chunkV5Encoder,
  'v5-table': tableEncoder,
  array: arrayEncoder,
  'kho-v1-512': chunkEncoder,
  'kho-v1-page': chunkEncoder,
  'kho-v2': radixEncoder,
  'kho-v3': radixEncoder,
  'kho-v4': radixEncoder,
}

/** How a layout's tracker is written; null for layouts that are only read. */
export function encoderOf(name: AbiName): TrackerEncoder | null {
  return ENCODERS[name] ?? null
}

/** What a layout's codec must be told beyond the page size: its bitmaps' size, and the depth that kho-v2 trees had. */
export function trackerOptions(name: AbiName, geometry: Geometry): TrackerOptions {
  const { bitmap } = abiOf(name)
  if (bitmap !== null) return { geometry, bitmapBytes: bitmap === 'page' ? geometry.pageSize : SMALL_BITMAP }
  return name === 'kho-v2' || name === 'radix-rfc2' ? { geometry, depth: shortDepth(geometry) } : { geometry }
}
