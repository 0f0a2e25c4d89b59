import { blobPath } from '../../../formats/blobs/index.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
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
  for (const { name, offset } of state.fdt.root.children) {
    if (name === '' || name === MAP_NODE || asked(name)) continue
    if (state.layouts.find('children', name) !== null) continue
    const meant = known.find(own => isNear(name.toLowerCase(), own.toLowerCase()))
    const guess = meant === undefined ? 'a module may' : `'${meant}' was probably meant`
    const message = `nothing in ${kernelName(kernel)} itself looks at the child '${name}'; ${guess}`
    const place = { path: blobPath(name), address: state.root.address + offset }
    const files = name === 'LUO' ? filesOf(state).length : 0
    if (files === 0) yield { message, ...place }
    else {
      const lost = `${kernelName(kernel)} has no LUO: ${files} files of user space's are lost, without a word`
      yield { message: lost, ...place, severity: 'error', effect: 'silent' }
    }
  }
}

/** Names that a kernel's own users ask for. */
function childrenReadBy({ users }: ReadingKernel): string[] {
  return [
    ...(users.memblock === null ? [] : [users.memblock === 'mem-node' ? 'reserve_mem' : 'memblock']),
    ...(users.luo === null ? [] : ['LUO']),
    ...(users.khoTest === null ? [] : ['kho_test']),
    ...(users.kexecMetadata ? ['kexec-metadata'] : []),
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
