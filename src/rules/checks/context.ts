import type { Luo, LuoFile, Memfd } from '../../../formats/blobs/index.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import { ADDRESS_LIMIT, type Geometry } from '../../../formats/memory/geometry.js'
import { rangesCover } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import type { RuleContext } from '../rule.js'

/** Physical addresses of no machine reach further: 48 bits, with pages of 64K 52. */
const memoryLimit = (geometry: Geometry) => (geometry.pageShift === 16 ? ADDRESS_LIMIT : 2 ** 48)

/**
 * True where the map was read and freed by the kernel that the dump shows, so that its pages hold other things by now:
 * another root of the same dump is alive.
 */
export function isOverwritten(state: KhoState): boolean {
  const { tracker, root, candidates } = state
  const booted = candidates.some(other => other.address !== root.address && other.state === 'live')
  return tracker.state === 'stale' && booted
}

/** True where a block that the map does not show is one that is not preserved: the map is there, and whole. */
export function canTellUnpreserved({ state, absentIsZero }: RuleContext): boolean {
  const { tracker } = state
  // Without a map pointer nothing is preserved, and another rule says so.
  if (tracker.root === null) return false
  return tracker.decode.absentNodes === 0 || absentIsZero
}

/** True where an address is known not to be in RAM. */
export function isOutsideRam({ state, ram }: RuleContext, start: number, end: number): boolean {
  return end > memoryLimit(state.geometry) || (ram !== null && !rangesCover(ram, start, end))
}

/** LUO's state, where there is one. */
export function luoOf(state: KhoState): Luo | null {
  for (const blob of state.blobs()) if (blob.value?.kind === 'luo') return blob.value
  return null
}

/** Every preserved file. */
export function filesOf(state: KhoState): LuoFile[] {
  return (luoOf(state)?.sessions ?? []).flatMap(session => session.files)
}

/** The memfds of a state, each once, though several files may name one. */
export function memfdsOf(state: KhoState): Memfd[] {
  return [...new Set(filesOf(state).flatMap(file => (file.memfd === null ? [] : [file.memfd])))]
}

/** How a kernel is called in a message. */
export function kernelName({ release, posting }: ReadingKernel): string {
  return posting === null ? `Linux ${release}` : `the kernel of ${release} (${posting})`
}

/** `1 folio`, `2 folios`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
