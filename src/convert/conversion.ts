import type { AbiName } from '../../formats/kernels/index.js'
import type { PageSet } from '../../formats/pages/page-set.js'
import type { WriterCounts } from '../../formats/trackers/writer.js'
import type { Overlay } from '../write/overlay.js'
import type { Loss } from './loss.js'

/** A converted image. */
export interface Conversion extends Overlay {
  from: AbiName
  to: AbiName
  /** Physical address of the root FDT. */
  root: number
  rootBytes: number
  counts: WriterCounts
  /** The preserved set as it is now. */
  pages: PageSet
  losses: Loss[]
}
