import { KhoError } from '../../formats/error.js'
import { type AbiName, abiOf } from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'

/** What one kernel release reads, checks, and does not check. */
export interface Reader {
  /** `6.16` … `7.2`, `v5`; a stable release keeps its last number where that matters. */
  release: string
  /** What it writes, and reads without loss. */
  abi: AbiName
  /** Elements of the root's `compatible` that it takes; null where it does not look. */
  compatible: string | null
  tracker: 'chunk-list' | 'radix-tree'
  /** Bytes of a bitmap that it reads in chunk lists. */
  bitmap: 512 | 'page' | null
  /** Where the map pointer is missing, of the wrong length or 0: refused whole, or an error and nothing reserved. */
  mapChecked: 'populate' | 'deserialize'
  /** A length of 0 for the scratch array: refused whole, or reported only. */
  emptyScratch: 'rejected' | 'reported'
  /** The size of a block is computed in an int, so that it is wrong from 2 GiB on. */
  intSize: boolean
  /** What page->private of a preserved head page holds: the order alone, or the order and a magic number. */
  marker: 'order' | 'magic'
  /** kho_restore_page refuses orders above MAX_PAGE_ORDER. */
  maxOrder: boolean
  /** The page of the root FDT is itself restored in early boot, with a warning where it is not preserved. */
  restoresFdt: boolean
  /** Property of a child that points to its blob; null where nodes are inline. */
  blobProperty: 'fdt' | 'preserved-data' | null
  /** `blob-size` is read, and required. */
  blobSize: boolean
  /** The LUO layout that it reads; null before 6.19. */
  luo: 'luo-v1' | 'luo-v5' | null
  /** File handlers' strings that it knows. */
  memfd: readonly ('memfd-v1' | 'memfd-v2')[]
  kexecMetadata: boolean
  /** kho_restore_vmalloc exists. */
  vmalloc: boolean
}

const CHUNK = {
  compatible: 'kho-v1',
  tracker: 'chunk-list',
  mapChecked: 'deserialize',
  emptyScratch: 'rejected',
  intSize: true,
  marker: 'order',
  maxOrder: true,
  restoresFdt: true,
  blobProperty: 'fdt',
  blobSize: false,
  luo: null,
  memfd: [],
  kexecMetadata: false,
  vmalloc: false,
} as const

const SMALL = { ...CHUNK, abi: 'kho-v1-512', bitmap: 512 } as const
const PAGE = { ...CHUNK, abi: 'kho-v1-page', bitmap: 'page' } as const
const RADIX = {
  ...CHUNK,
  tracker: 'radix-tree',
  bitmap: null,
  mapChecked: 'populate',
  marker: 'magic',
  maxOrder: false,
  restoresFdt: false,
  blobProperty: 'preserved-data',
  vmalloc: true,
  memfd: ['memfd-v2'],
} as const

/** kernel/kexec_handover.c (6.16 to 6.18) and kernel/liveupdate/kexec_handover.c (6.19 on). */
export const READERS: readonly Reader[] = [
  {
    ...SMALL,
    release: 'v5',
    abi: 'v5',
    compatible: null,
    emptyScratch: 'reported',
    restoresFdt: false,
    blobProperty: null,
  },
  { ...SMALL, release: '6.16' },
  { ...SMALL, release: '6.17' },
  { ...PAGE, release: '6.17.9' },
  { ...PAGE, release: '6.18', marker: 'magic', vmalloc: true },
  ...['6.19', '7.0'].map(
    (release): Reader => ({
      ...PAGE,
      release,
      mapChecked: 'populate',
      marker: 'magic',
      restoresFdt: false,
      vmalloc: true,
      luo: 'luo-v1',
      memfd: ['memfd-v1'],
    }),
  ),
  {
    ...RADIX,
    release: 'radix series',
    abi: 'kho-v2',
    compatible: 'kho-v2',
    maxOrder: true,
    luo: 'luo-v1',
    memfd: ['memfd-v1'],
  },
  {
    ...RADIX,
    release: '7.1',
    abi: 'kho-v3',
    compatible: 'kho-v3',
    blobSize: true,
    luo: 'luo-v1',
    kexecMetadata: true,
  },
  {
    ...RADIX,
    release: '7.2',
    abi: 'kho-v4',
    compatible: 'kho-v4',
    blobSize: true,
    luo: 'luo-v5',
    kexecMetadata: true,
    intSize: false,
  },
]

/**
 * The reader for a release as the user writes it (`7.2`, `7.2.13`, `6.17.8`, `v5`) or as a kernel calls itself
 * (`7.2.13-khotest`): the newest entry that is not newer than it, of the same major and minor number.
 *
 * @throws KhoError `usage` for a release that never had KHO, or that is not known yet
 */
export function findReader(release: string): Reader {
  const exact = READERS.find(reader => reader.release === release)
  if (exact !== undefined) return exact
  const wanted = versionOf(release)
  const fits = wanted && READERS.filter(reader => isOf(versionOf(reader.release), wanted)).at(-1)
  if (fits) return { ...fits, release: release.match(/^\d+\.\d+(\.\d+)?/)?.[0] ?? fits.release }
  const known = READERS.map(reader => reader.release).join(', ')
  throw new KhoError('usage', `no reader for ${JSON.stringify(release)}; known are ${known}`)
}

/** The reader for a state where nobody named one: the release that wrote it, else the newest that writes its layout. */
export function defaultReader(abi: AbiName, previousRelease: string | null): Reader {
  if (previousRelease !== null) {
    const wanted = versionOf(previousRelease)
    const named = wanted && READERS.filter(reader => isOf(versionOf(reader.release), wanted)).at(-1)
    if (named && named.abi === abi) return findReader(previousRelease)
  }
  const writer = READERS.filter(reader => reader.abi === abi).at(-1)
  return (
    writer ?? READERS.filter(reader => reader.compatible === abiOf(abi).compatible).at(-1) ?? READERS.at(-1)!
  )
}

function versionOf(release: string): [number, number, number] | null {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(release)
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
}

function isOf(entry: [number, number, number] | null, wanted: [number, number, number]): boolean {
  return entry !== null && entry[0] === wanted[0] && entry[1] === wanted[1] && entry[2] <= wanted[2]
}

/** Bytes of the bitmaps that a reader takes for granted. */
export function readerBitmap(reader: Reader, geometry: Geometry): number {
  return reader.bitmap === 512 ? 512 : geometry.pageSize
}
