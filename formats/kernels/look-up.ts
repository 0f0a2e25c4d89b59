import { KhoError } from '../error.js'
import { didYouMean } from '../layout/nearest.js'
import { findAbi } from './layouts.js'
import {
  ABIS,
  type AbiName,
  isReading,
  isWriting,
  KERNELS,
  type Kernel,
  RELEASES,
  type ReadingKernel,
  WRITING_KERNELS,
  type WritingKernel,
} from './table.js'
import { compareVersions, type Version, versionOf } from './version.js'

/**
 * The kernel that is meant by a name of the table (`7.2`, `v5`, `7.4-rc`), by a release as the user writes it (`7.2.13`,
 * `6.17.8`), or by what a kernel calls itself (`7.3.4+deb13-amd64`): the newest of the same major and minor number that
 * is not newer than it. A release newer than every known one is taken for the newest, and says so. Null for anything
 * else, and for releases without KHO.
 */
export function findKernel(text: string): Kernel | null {
  const exact = KERNELS.find(({ name }) => name === text)
  if (exact !== undefined) return exact
  const wanted = versionOf(text)
  if (wanted === null) return null
  const release = wanted.text
  const fits = RELEASES.filter(({ name }) => isOf(versionOf(name)!, wanted)).at(-1)
  if (fits !== undefined) return { ...fits, release }
  const newest = RELEASES.at(-1)!
  if (compareVersions(wanted, versionOf(newest.name)!) <= 0) return null
  const assumption = `${release} is newer than every kernel that is known: judged as ${newest.name}`
  return { ...newest, release, assumption }
}

/**
 * The same, for a name that must be known, an ABI's included: of that the newest kernel that writes it.
 *
 * @throws KhoError `usage` for a release that never had KHO, and for what is no release
 */
export function kernelNamed(text: string): Kernel {
  const kernel = findKernel(text) ?? kernelWithAbi(text)
  if (kernel !== null) return kernel
  const names = KERNELS.map(({ name }) => name)
  const near = didYouMean(text, [...names, ...ABIS.map(({ name }) => name)])
  const known = `known are ${names.join(', ')}, later releases, and names of ABIs`
  const why =
    versionOf(text) === null
      ? 'is no release and no ABI'
      : `had no KHO: ${RELEASES[0]!.name} is the first release that has`
  throw new KhoError('usage', `'${text}' ${why}`, { hint: near === undefined ? known : `${near} ${known}` })
}

/** The newest kernel that writes a layout: a release before a candidate of the next one, and before a posting. */
export function kernelOf(abi: AbiName): Kernel {
  const writers = KERNELS.filter(({ layout }) => layout.name === abi)
  return writers.filter(({ name }) => !isCandidate(name)).at(-1) ?? writers.at(-1)!
}

function kernelWithAbi(text: string): Kernel | null {
  const abi = findAbi(text)
  return abi && kernelOf(abi.name)
}

/**
 * The kernel that reads a state, by any name that {@link kernelNamed} knows.
 *
 * @throws KhoError `usage` for a name that is not known, and for postings whose reading side no model carries out
 */
export function readingKernel(text: string): ReadingKernel {
  const kernel = kernelNamed(text)
  if (isReading(kernel)) return kernel
  throw new KhoError('usage', `what ${kernel.name} makes of a hand-over is not modelled`)
}

/**
 * The kernel that reads a state where nobody named one: the release that wrote it, else the newest that writes its
 * layout. Where that one's early boot is not modelled, the newest that takes the same string stands in, and says so.
 */
export function defaultReader(abi: AbiName, previousRelease: string | null): ReadingKernel {
  const named = previousRelease === null ? null : findKernel(previousRelease)
  const writer = named !== null && named.layout.name === abi ? named : kernelOf(abi)
  if (isReading(writer)) return writer
  const same = RELEASES.filter(
    ({ layout, name }) => layout.compatible === writer.layout.compatible && !isCandidate(name),
  )
  const standIn = same.filter(isReading).at(-1) ?? kernelOf(newestAbi())
  if (!isReading(standIn)) throw new KhoError('usage', `nothing reads ${abi}`)
  const assumption = `what ${writer.name} makes of a hand-over is not modelled: judged as ${standIn.name}`
  return { ...standIn, assumption }
}

/** The newest kernel that can be simulated and writes a layout. Throws `cannot-express` where no model does. */
export function writingKernel(abi: AbiName): WritingKernel {
  const kernel = kernelOf(abi)
  if (!isWriting(kernel)) throw new KhoError('cannot-express', `no kernel here writes ${abi}`)
  return kernel
}

/** The kernel of a name that the table has, for one that can be simulated. */
export function writingKernelNamed(name: string): WritingKernel {
  return WRITING_KERNELS.find(kernel => kernel.name === name)!
}

/** The layout that the newest release writes. */
export function newestAbi(): AbiName {
  return RELEASES.at(-1)!.layout.name
}

function isCandidate(name: string): boolean {
  return versionOf(name)?.candidate === true
}

/** True where a row of the table is of the wanted release's series, and no newer. */
function isOf(row: Version, wanted: Version): boolean {
  if (row.major !== wanted.major || row.minor !== wanted.minor) return false
  // What the table knows of a candidate says nothing certain of the release that it becomes.
  if (row.candidate && !wanted.candidate) return false
  return row.patch <= wanted.patch
}
