import type { KernelRow, Layout, Reads, Writes } from './kernel.js'
import { POSTED_ARRAY } from './posted-array.js'
import { POSTED_GRAF } from './posted-graf.js'
import { POSTED_KHO_V2 } from './posted-kho-v2.js'
import { POSTED_MAIL_TABLE } from './posted-mail-table.js'
import { POSTED_RADIX_RFC1 } from './posted-radix-rfc1.js'
import { POSTED_RADIX_RFC2 } from './posted-radix-rfc2.js'
import { POSTED_RANGES } from './posted-ranges.js'
import { POSTED_SKETCH } from './posted-sketch.js'
import { POSTED_V4 } from './posted-v4.js'
import { POSTED_V5 } from './posted-v5.js'
import { POSTED_V5_TABLE } from './posted-v5-table.js'
import { V6_16 } from './v6.16.js'
import { V6_17_9 } from './v6.17.9.js'
import { V6_17 } from './v6.17.js'
import { V6_18 } from './v6.18.js'
import { V6_19 } from './v6.19.js'
import { V7_0 } from './v7.0.js'
import { V7_1 } from './v7.1.js'
import { V7_2 } from './v7.2.js'
import { V7_3_4 } from './v7.3.4.js'
import { V7_3 } from './v7.3.js'
import { V7_4_RC } from './v7.4-rc.js'

/** Every kernel, one line each: releases from the oldest to the newest, then what was only posted. */
const ROWS = [
  V6_16,
  V6_17,
  V6_17_9,
  V6_18,
  V6_19,
  V7_0,
  V7_1,
  V7_2,
  V7_3,
  V7_3_4,
  V7_4_RC,
  POSTED_GRAF,
  POSTED_V4,
  POSTED_SKETCH,
  POSTED_V5,
  POSTED_MAIL_TABLE,
  POSTED_V5_TABLE,
  POSTED_RANGES,
  POSTED_ARRAY,
  POSTED_RADIX_RFC1,
  POSTED_RADIX_RFC2,
  POSTED_KHO_V2,
] as const satisfies readonly KernelRow[]

/** Name of a kernel of the table. */
export type KernelName = (typeof ROWS)[number]['name']

/** Name of a layout: what the command line calls an ABI. */
export type AbiName = (typeof ROWS)[number]['layout']['name']

/** A layout of the table. */
export type Abi = Layout<AbiName>

/** A kernel of the table, as it was asked for. */
export interface Kernel extends KernelRow<AbiName> {
  name: KernelName
  /** The release that was meant: `7.2.13` where the table has 7.2. */
  release: string
  /** What was taken for granted where the table does not know the release that was meant, in words. */
  assumption: string | null
}

/** A kernel whose writing side is modelled. */
export type WritingKernel = Kernel & { writes: Writes }

/** A kernel whose reading side is modelled. */
export type ReadingKernel = Kernel & { reads: Reads }

/** Every kernel: releases from the oldest to the newest, then what was only posted. */
export const KERNELS: readonly Kernel[] = ROWS.map(row => ({ ...row, release: row.name, assumption: null }))

/** Those of them that were released, from the oldest to the newest; candidates of the next release last. */
export const RELEASES: readonly Kernel[] = KERNELS.filter(({ posting }) => posting === null)

/** Kernels that can be simulated, the newest release first. */
export const WRITING_KERNELS: readonly WritingKernel[] = newestFirst().filter(isWriting)

/** Kernels whose early boot can be predicted, from the oldest to the newest. */
export const READING_KERNELS: readonly ReadingKernel[] = KERNELS.filter(isReading)

/** Every layout once: the newest release's first, then what was only posted. */
export const ABIS: readonly Abi[] = [
  ...new Map(newestFirst().map(({ layout }) => [layout.name, layout])),
].map(([, layout]) => layout)

/** True where a model carries out what the kernel hands over. */
export function isWriting(kernel: Kernel): kernel is WritingKernel {
  return kernel.writes !== null
}

/** True where a model carries out what the kernel makes of a hand-over. */
export function isReading(kernel: Kernel): kernel is ReadingKernel {
  return kernel.reads !== null
}

function newestFirst(): readonly Kernel[] {
  return [...RELEASES].reverse().concat(KERNELS.filter(({ posting }) => posting !== null).reverse())
}
