/**
 * Flattened device trees: reading and checking versions 1 to 17, writing and changing version 17, and
 * printing as device tree source. It knows nothing of what a tree describes, needs no other part of the
 * package but its error type, and runs in a browser.
 */

export type { BuildOptions, FdtNodeSpec, FdtPropertySpec, FdtValue } from './build.js'
export { buildFdt } from './build.js'
export type { DtsLoss, DtsOptions } from './dts.js'
export { dtsLosses, printDts } from './dts.js'
export { NATIVE_U32_NAMES, NATIVE_U64_NAMES } from './dts-value.js'
export type { FdtEditor } from './editor.js'
export { openInto } from './editor.js'
export { FDT_ERRORS, libfdtErrorNumber } from './errors.js'
export { findChild, findProperty, nodeAt } from './find.js'
export type { HeaderCheckOptions } from './header.js'
export { checkFdtHeader, FDT_MAGIC, FDT_VERSION, HEADER as FDT_HEADER, totalSize } from './header.js'
export type { RawFdt, RawProperty } from './libfdt.js'
export {
  checkCompatible,
  checkRawHeader,
  getProperty,
  pathOffset,
  subnodeOffset,
  subnodes,
} from './libfdt.js'
export type { ParseOptions } from './read.js'
export { checkFdt, parseFdt, readFdt } from './read.js'
export * from './types.js'
export {
  cellBytes,
  cells,
  nativeU32,
  nativeU32Bytes,
  nativeU64,
  nativeU64Bytes,
  nativeU64s,
  stringBytes,
  stringList,
} from './values.js'
export type { FdtWriter } from './writer.js'
export { createFdtWriter } from './writer.js'
