import type { ReaderMemory } from './memory.js'

/** Nodes that are visited before a walk is called endless: the largest real tree (1 TiB of 4K pages) has some 8,300. */
const MOST_VISITS = 2 ** 18

/** Counts the nodes that a walk comes to. False, after `stop`, where it never ends: trees are bounded in depth alone. */
export function visitCounter(memory: ReaderMemory): (address: number) => boolean {
  let visits = 0
  return address => {
    if (++visits <= MOST_VISITS) return true
    const message = `after ${MOST_VISITS} nodes the walk is not through: nodes are reached again and again`
    memory.stop({ kind: 'loop', message, address })
    return false
  }
}
