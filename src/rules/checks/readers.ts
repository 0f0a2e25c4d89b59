import { type Blob, blobPath } from '../../../formats/blobs/index.js'
import type { FdtNode } from '../../../formats/fdt/index.js'
import { blobPointer } from '../../../formats/handoff/blob-pointer.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import { decodeChild } from '../../image/child-blob.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { filesOf, kernelName } from './context.js'

/** Differences up to which one name was probably meant for another. */
const MOST_EDITS = 2

/** The node in which the early series keep the map. */
const MAP_NODE = 'preserved-memory'

/** Children of the root that nobody in the reading kernel asks for. */
export function* checkChildReaders({ state, kernel }: RuleContext): Generator<Occurrence> {
  const known = childrenReadBy(kernel)
  const asked = (name: string) => known.some(own => name === own || name.startsWith(`${own}@`))
  let blobs: ReadonlyMap<string, Blob> | null = null
  for (const child of state.fdt.root.children) {
    const { name, offset } = child
    if (name === MAP_NODE || asked(name) || state.layouts.find('children', name) !== null) continue
    const place = { path: blobPath(name), address: state.root.address + offset }
    const files = name === 'LUO' ? filesOf(state).length : 0
    if (files > 0) {
      const lost = `${kernelName(kernel)} has no LUO: ${files} files of user space's are lost, without a word`
      yield { message: lost, ...place, severity: 'error', effect: 'silent' }
      continue
    }
    const meant = known.find(own => isNear(name.toLowerCase(), own.toLowerCase()))
    // Of several with one name the first is meant.
    blobs ??= new Map([...state.blobs()].reverse().map(blob => [blob.name, blob]))
    const blob = blobs.get(name)
    const held = missedChildren(kernel).find(own => holdsWhat(own, child, blob, state))
    const own = held ?? meant
    const guess = own === undefined ? 'a module may' : `'${own}' was probably meant`
    const message = `nothing in ${kernelName(kernel)} itself looks at the child '${name}'; ${guess}`
    if (held === undefined) yield { message, ...place }
    else yield { message, ...place, severity: 'warning', effect: 'silent' }
  }
}

/**
 * True where a child points to what a user of KHO looks for under another name. The early series had other names. A device
 * tree is looked into only where its compatible string begins like that name: it can be large.
 */
function holdsWhat(own: string, child: FdtNode, blob: Blob | undefined, state: KhoState): boolean {
  if (blobPointer(child) === null) return false
  if (blob?.value?.kind === 'fdt' && !blob.value.compatible?.startsWith(own.toLowerCase().replace('_', '-')))
    return false
  const { value } = decodeChild(state.image.memory, { ...child, name: own }, state.geometry)
  return value !== null && !ANYTHING.has(value.kind)
}

/** Says of itself only that it is of version 1: too little to know it by. Nobody misses it. */
const METADATA = 'kexec-metadata'

/** Kinds that any bytes are. */
const ANYTHING: ReadonlySet<string> = new Set(['bytes', 'fdt', 'vmalloc', 'node'])

/** Names of those whose contents somebody misses. */
export function missedChildren(kernel: ReadingKernel): string[] {
  return childrenReadBy(kernel).filter(name => name !== METADATA)
}

/** Names that a kernel's own users ask for. */
function childrenReadBy({ users }: ReadingKernel): string[] {
  return [
    ...(users.memblock === null ? [] : [users.memblock === 'mem-node' ? 'reserve_mem' : 'memblock']),
    ...(users.luo === null ? [] : ['LUO']),
    ...(users.khoTest === null ? [] : ['kho_test']),
    ...(users.kexecMetadata ? [METADATA] : []),
  ]
}

/** True where few letters differ: put in, left out, or another. Short names are near to anything, so half must agree. */
function isNear(a: string, b: string): boolean {
  const most = Math.min(MOST_EDITS, Math.floor(b.length / 2))
  if (Math.abs(a.length - b.length) > most) return false
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]! <= most
}
