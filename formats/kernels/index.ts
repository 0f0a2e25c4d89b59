/**
 * Every kernel and posting as data: how it lays a hand-over out, what it writes, what it reads and checks, how it boots.
 * A new kernel is one file beside this one, and one line in the table.
 *
 * @module
 */
export type {
  Boot,
  Change,
  KernelRow,
  Layout,
  Luo,
  Reads,
  Users,
  Writes,
} from './kernel.js'
export {
  abiOf,
  encoderOf,
  findAbi,
  handlersOf,
  type LayoutEncoder,
  locateTracker,
  readingOptions,
  takesCompatible,
  trackerOptions,
} from './layouts.js'
export {
  defaultReader,
  findKernel,
  kernelNamed,
  kernelOf,
  newestAbi,
  readingKernel,
  writingKernel,
  writingKernelNamed,
} from './look-up.js'
export { inPostedForm, POSTED_FORMS, type PostedForm } from './posted-forms.js'
export {
  inRange,
  type KernelRange,
  kernelsWith,
  rangeOfNames,
  releases,
  releasesWith,
  since,
  writersOf,
} from './ranges.js'
export {
  ABIS,
  type Abi,
  type AbiName,
  isReading,
  isWriting,
  KERNELS,
  type Kernel,
  type KernelName,
  READING_KERNELS,
  RELEASES,
  type ReadingKernel,
  WRITING_KERNELS,
  type WritingKernel,
} from './table.js'
