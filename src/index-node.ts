/**
 * kho-tools/node: what needs Node. Files and pipes as images, pages inflated by Node's zlib, and real kernels in QEMU.
 *
 * @packageDocumentation
 */

export { type Capture, runCapture as capture } from './capture/capture.js'
export { defaultScenario } from './capture/default-scenario.js'
export type { CaptureOptions } from './capture/options.js'
export { openKernelFile } from './node/kernel-file.js'
export { type OpenFileOptions, openBytes, openImage } from './node/open.js'
export { type OutputFile, openOutputFile } from './node/output-file.js'
export { type ReplayOptions, type ReplayReport, replayState as replay } from './replay/replay.js'
