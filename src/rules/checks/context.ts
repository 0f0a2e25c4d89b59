import type { Luo, LuoFile, Memfd } from '../../../formats/blobs/index.js'
import { DEBUGFS_NOWHERE } from '../../../formats/dumps/debugfs.js'
import { findProperty, nativeU64 } from '../../../formats/fdt/index.js'
import { abiOf, type ReadingKernel } from '../../../formats/kernels/index.js'
import { ADDRESS_LIMIT, type Geometry } from '../../../formats/memory/geometry.js'
import { rangesCover } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import type { RuleContext } from '../rule.js'

/** Physical addresses of no machine reach further: 48 bits, with pages of 64K 52. */
const memoryLimit = (geometry: Geometry) => (geometry.pageShift === 16 ? ADDRESS_LIMIT : 2 ** 48)

/**
 * True where the map was read and freed by the kernel that the dump shows, so that its pages hold other things by now: it
 * does not hold together, and was not made for a kernel that is still to come. An address that was given is judged as it is.
 */
export function isOverwritten({ tracker, root, candidates }: KhoState): boolean {
  if (tracker.state !== 'stale' || root.direction === 'outgoing') return false
  const given = root.evidence.some(({ kind }) => kind === 'given')
  return !given || candidates.some(other => other.address !== root.address && other.state === 'live')
}

/** True for the root of a kernel that writes its map at finalize, and has not come to that yet. */
export function isUnfinished({ abi, root, tracker, fdt }: KhoState): boolean {
  if (!abiOf(abi).mapZeroUntilFinalize || tracker.state !== 'absent' || root.direction === 'incoming')
    return false
  if (root.evidence.some(({ kind }) => kind === 'given')) return false
  const map = findProperty(fdt.root, 'preserved-memory-map')
  return map !== null && nativeU64(map) === 0n
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
  // A copy of debugfs does not tell every address: what stands for it is none of the machine's.
  if (state.image.dump.debugfs !== undefined && start >= DEBUGFS_NOWHERE) return false
  return end > memoryLimit(state.geometry) || (ram !== null && !rangesCover(ram, start, end))
}

/** LUO's state, where there is one. */
export function luoOf(state: KhoState): Luo | null {
  for (const blob of state.blobs()) if (blob.value?.kind === 'luo') return blob.value
  return null
}

/** True for a LUO that nothing says to have sessions: they are written when the kernel reboots, not before. */
export function isWithoutSessions({ form, sessions, sessionsAddress }: Luo): boolean {
  if (sessions.length > 0 || sessionsAddress === null) return false
  return form === 'fdt' || sessionsAddress === 0
}

const files = new WeakMap<Luo, readonly LuoFile[]>()

/** Every preserved file. */
export function filesOf(state: KhoState): readonly LuoFile[] {
  const luo = luoOf(state)
  if (luo === null) return []
  let found = files.get(luo)
  if (found === undefined) {
    found = luo.sessions.flatMap(session => session.files)
    files.set(luo, found)
  }
  return found
}

/** The memfds of a state, each once, though several files may name one. */
export function memfdsOf(state: KhoState): readonly Memfd[] {
  const luo = luoOf(state)
  return luo === null ? [] : memfdsIn(luo)
}

const memfds = new WeakMap<Luo, readonly Memfd[]>()

/** The memfds of LUO's files, each once. */
export function memfdsIn(luo: Luo): readonly Memfd[] {
  let found = memfds.get(luo)
  if (found === undefined) {
    const distinct = new Set<Memfd>()
    for (const { files } of luo.sessions)
      for (const { memfd } of files) if (memfd !== null) distinct.add(memfd)
    found = [...distinct]
    memfds.set(luo, found)
  }
  return found
}

/** How a kernel is called in a message. */
export function kernelName({ release, posting }: ReadingKernel): string {
  return posting === null ? `Linux ${release}` : `the kernel of ${release} (${posting})`
}

/** `1 folio`, `2 folios`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
