import { KhoError } from '../../formats/error.js'
import type { RangeLog } from '../../formats/memory/range-log.js'
import type { KhoState } from '../image/state.js'
import { ownershipOf } from '../owners/ownership.js'
import type { Part } from '../owners/part.js'
import { resolve } from '../owners/resolve.js'

/**
 * Adds the memory behind a path: the part's bytes, its contents, and all that is claimed under its name, so that a
 * session stands for the folios of every file in it.
 *
 * @throws KhoError `usage` for a path that leads nowhere, or to nothing that has bytes
 */
export function pathRanges(state: KhoState, path: string, log: RangeLog): void {
  const part = resolve(state, path)
  const own = addPart(part, log)
  const claimed = addClaims(state, part.path, log)
  if (!own && !claimed) throw new KhoError('usage', `${part.path} (${part.what}) has no bytes of its own`)
}

function addPart(part: Part, log: RangeLog): boolean {
  for (const { start, end } of part.extents) log.add(start, end)
  if (part.content === undefined) return part.extents.length > 0
  for (const { address, length } of part.content().pieces()) {
    if (address !== null) log.add(address, address + length)
  }
  return true
}

function addClaims(state: KhoState, path: string, log: RangeLog): boolean {
  const below = `${path}/`
  let found = false
  for (const group of ownershipOf(state).groups) {
    for (let n = 0; n < group.count; n++) {
      const name = group.pathOf(n)
      if (name !== path && !name.startsWith(below)) continue
      const start = group.starts[n] as number
      log.add(start, start + (group.sizes[n] as number))
      found = true
    }
  }
  return found
}
