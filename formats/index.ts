/**
 * kho-tools/formats: the codecs on their own, bytes to values and back. What belongs to one kind of thing is one
 * namespace; all of it is pure and runs in a browser.
 *
 * @packageDocumentation
 */

export * as blobs from './blobs/index.js'
export * as described from './described/index.js'
export * as dumps from './dumps/index.js'
export * from './error.js'
export * as fdt from './fdt/index.js'
export * as chosen from './handoff/chosen.js'
export * as scratch from './handoff/scratch.js'
export * as setupData from './handoff/setup-data.js'
export * as kernelFiles from './kernel-files/index.js'
export * as kernels from './kernels/index.js'
export * as layout from './layout/index.js'
export * from './memory/byte-source.js'
export * from './memory/fault.js'
export * from './memory/geometry.js'
export * from './memory/memory-builder.js'
export * from './memory/physical-memory.js'
export * as ranges from './memory/range.js'
export * from './memory/u64.js'
export * from './pages/algebra.js'
export * from './pages/page-set.js'
export * from './pages/runs.js'
export * as trackers from './trackers/index.js'
