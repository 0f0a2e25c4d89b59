/**
 * Kernels as files: what they are packed in, which release they are, and which versions of KHO's parts they know.
 *
 * @module
 */
export type { KernelForm } from './boot-image.js'
export { type Compression, compressionOf, type Unpack } from './compression.js'
export { type KernelFile, readKernelFile } from './kernel-file.js'
export type { KernelFeature, VersionSections } from './version-section.js'
