/**
 * kho-tools: reads the state that one Linux kernel hands to the next through Kexec HandOver (KHO).
 *
 * Open an image with {@link openBytes} (an ArrayBuffer) or, with `kho-tools/node`, `openImage` (a file); decode the state
 * in it with {@link loadState}; every verb of the command line is a function of that state. Nothing here needs Node.
 *
 * @packageDocumentation
 */

export * from '../formats/blobs/index.js'
export {
  type CompiledLayout,
  compileLayout,
  type LayoutFile,
  type LayoutSet,
  layoutSet,
} from '../formats/described/index.js'
export {
  type Codecs,
  type Dump,
  ELF_MACHINE,
  type ElfWriterNote,
  type ElfWriterOptions,
  type ElfWriterSegment,
  type RawWriterOptions,
  type RawWriterSegment,
  type RawWritten,
  type Sink,
  writeElf,
  writeRaw,
} from '../formats/dumps/index.js'
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
  writingKernelNamed,
} from '../formats/kernels/index.js'
export { type ByteSource, bytesSource } from '../formats/memory/byte-source.js'
export type { Absence, Fault } from '../formats/memory/fault.js'
export { type Geometry, geometry, type PageShift } from '../formats/memory/geometry.js'
export {
  type BuilderOptions,
  createMemoryBuilder,
  type MemoryBuilder,
} from '../formats/memory/memory-builder.js'
export type { Absent, PhysicalMemory, Present } from '../formats/memory/physical-memory.js'
export type { Place, Range } from '../formats/memory/range.js'
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
export { type Boot, type BootOptions, bootState as boot } from './boot/boot.js'
export { type Comparison, compareState as compare, compareTrackers } from './compare/compare.js'
export type { Conversion } from './convert/conversion.js'
export type { ConvertOptions } from './convert/convert.js'
export { applyDamage, type DamageChoice, type DamageOffer, damagesOf } from './damage/index.js'
export { type Diff, type DiffOptions, diffStates as diff } from './diff/diff.js'
export {
  type ExtractPlan,
  planExtract,
  writeContents,
} from './extract/extract.js'
export type { HexSpan } from './hex/span.js'
export { findRoots } from './image/find-roots.js'
export { loadState, loadStates, type StateOptions } from './image/load-state.js'
export {
  type ImageFile,
  type ImageIo,
  type KhoImage,
  type OpenOptions,
  openSource,
} from './image/open.js'
export type {
  Direction,
  Evidence,
  KhoState,
  RootCandidate,
  TrackerInfo,
  TrackerState,
} from './image/state.js'
export type { KernelStart } from './kernel/reader/boot-of.js'
export { parseLayout } from './layouts/layout-file.js'
export { toArrayBuffer } from './library/array-buffer.js'
export { type Extracted, type ExtractOptions, extract } from './library/contents.js'
export {
  convert,
  damage,
  simulationBytes,
  slim,
  type WrittenContainer,
  type WrittenImage,
} from './library/images.js'
export { type OpenBytesOptions, openBytes } from './library/open-bytes.js'
export { type Block, type Owned, ownedPages, ownedRanges, pages, ranges } from './library/pages.js'
export { abi, annotate } from './library/questions.js'
export { WEB_IO } from './library/web-io.js'
export { type MemoryMap, memoryMap as map } from './map/memory-map.js'
export { type Picture, type PictureOptions, pictureOf } from './map/picture.js'
export type { Claim } from './model/claim.js'
export type { Node } from './model/node.js'
export { resolve } from './model/resolve.js'
export { stateNode } from './model/state.js'
export { ownersOf } from './owners/algebra.js'
export { type Ownership, ownershipOf } from './owners/ownership.js'
export { findRule, RULES } from './rules/catalogue.js'
export type { CompatRow } from './rules/compat.js'
export type { Rule, Severity } from './rules/rule.js'
export { parseScenario } from './scenario/scenario-file.js'
export type { Scenario } from './scenario/schema.js'
export { type SimulateOptions, type Simulation, simulate } from './simulate/simulate.js'
export type { SlimOptions, SlimPlan } from './slim/slim.js'
export { type Stat, stat } from './stat/stat.js'
export { type ValidateOptions, validateState as validate } from './validate/validate.js'
export type { Coverage, Finding, Outcome, OutcomeWord, Validation } from './validate/verdict.js'
export { type Whois, whois } from './whois/whois.js'
export {
  type HandoverSpec,
  type WrittenHandover,
  writeHandover,
} from './write/handover-writer.js'
export { type StateSpec, type WrittenState, writeState } from './write/state-writer.js'
