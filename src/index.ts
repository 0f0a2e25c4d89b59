/**
 * kho-tools: reads the state that one Linux kernel hands to the next through Kexec HandOver (KHO).
 *
 * Open an image with {@link openImage} (a file) or {@link openBytes} (an ArrayBuffer), find and decode the state in it
 * with {@link loadState}, and walk what is preserved with {@link forEachBlock} or {@link forEachRange}.
 *
 * @packageDocumentation
 */

export * from '../formats/blobs/index.js'
export { type ErrorPlace, isKhoError, KhoError, type KhoErrorCode } from '../formats/error.js'
export {
  ABIS,
  type Abi,
  type AbiName,
  abiOf,
  encoderOf,
  findAbi,
  findKernel,
  KERNELS,
  type Kernel,
  type KernelName,
  kernelNamed,
  type ReadingKernel,
  readingKernel,
  trackerOptions,
  type WritingKernel,
} from '../formats/kernels/index.js'
export type { Absence, Fault } from '../formats/memory/fault.js'
export { type Geometry, geometry, type PageShift } from '../formats/memory/geometry.js'
export { createMemoryBuilder, type MemoryBuilder } from '../formats/memory/memory-builder.js'
export type { Absent, PhysicalMemory, Present } from '../formats/memory/physical-memory.js'
export type { Range } from '../formats/memory/range.js'
export { difference, intersection, samePages, union } from '../formats/pages/algebra.js'
export {
  addBlock,
  addRun,
  blocksAt,
  countBlocks,
  createPageSet,
  hasBlock,
  orders,
  type PageSet,
  totals,
} from '../formats/pages/page-set.js'
export { forEachBlock, forEachRange } from '../formats/pages/runs.js'
export { type Diff, diffStates } from './diff/diff.js'
export { loadState, loadStates, type StateOptions } from './image/load-state.js'
export type { KhoImage, OpenOptions } from './image/open.js'
export type {
  Direction,
  Evidence,
  KhoState,
  RootCandidate,
  TrackerInfo,
  TrackerState,
} from './image/state.js'
export type { Claim } from './model/claim.js'
export { resolve } from './model/resolve.js'
export { openBytes, openImage } from './node/open.js'
export { ownersOf } from './owners/algebra.js'
export { type Ownership, ownershipOf } from './owners/ownership.js'
export { findRule, RULES } from './rules/catalogue.js'
export type { Rule, Severity } from './rules/rule.js'
export { parseScenario } from './scenario/scenario-file.js'
export { simulate, writeSimulationElf, writeSimulationRaw } from './simulate/simulate.js'
export { type Stat, stat } from './stat/stat.js'
export { type ValidateOptions, validateState } from './validate/validate.js'
export type { Coverage, Finding, Outcome, OutcomeWord, Validation } from './validate/verdict.js'
