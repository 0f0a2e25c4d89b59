import { KhoError } from '../../formats/error.js'
import type { RangeLog } from '../../formats/memory/range-log.js'
import type { KhoState } from '../image/state.js'
import type { Node } from '../model/node.js'
import { resolve } from '../model/resolve.js'
import { ownershipOf } from '../owners/ownership.js'

/**
 * Adds the memory behind a path: the part's bytes, its contents, and all that is claimed under its name, so that a
 * session stands for the folios of every file in it.
 *
 * @throws KhoError `usage` for a path that leads nowhere, or to nothing that has bytes
 */
export function pathRanges(state: KhoState, path: string, log: RangeLog): void {
  const part = resolve(state, path)
  const own = addOwn(part, log)
  const claimed = addClaims(state, part.path, log)
  if (!own && !claimed) throw new KhoError('usage', `${part.path} (${part.what}) has no bytes of its own`)
}

function addOwn(part: Node, log: RangeLog): boolean {
  const { extents } = part.memory
  for (const { start, end } of extents) log.add(start, end)
  const content = part.content()
  if (content === null) return extents.length > 0
  for (const { address, length } of content.pieces()) {
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
