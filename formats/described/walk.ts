import { appendPath } from '../layout/index.js'
import type { Absence } from '../memory/fault.js'
import { type Range, rangeAt } from '../memory/range.js'
import type { Compiled } from './compile.js'
import { type DescribedNode, type FollowContext, follow } from './follow.js'

/** Memory that a described structure, or one that it leads to, has. */
export interface DescribedExtent extends Range {
  /** Path of the structure or field. */
  path: string
  kind: 'metadata' | 'data'
}

/** What a walk came to. */
export interface DescribedWalk {
  extents: DescribedExtent[]
  /** What the dump lacks on the way. */
  missing: { path: string; address: number; reason: Absence }[]
}

/**
 * Goes wherever a structure leads. A structure that was visited is not visited again; as many are visited as the input
 * has room for, so that lists that share entries end.
 */
export function walkDescribed(
  context: FollowContext,
  all: Compiled,
  root: DescribedNode,
  path: string,
): DescribedWalk {
  const walk: DescribedWalk = { extents: [], missing: [] }
  const visited = new Set<string>()
  const open: { node: DescribedNode; path: string }[] = [{ node: root, path }]
  if (root.address !== null) {
    walk.extents.push({ ...rangeAt(root.address, root.bytes.length), path, kind: 'metadata' })
  }
  let budget = Math.ceil(context.memory.inputSize / 8) + 1
  for (let next = open.pop(); next !== undefined && budget > 0; next = open.pop()) {
    const { node } = next
    const key = `${node.compiled.name} ${node.address}`
    if (node.address !== null && visited.has(key)) continue
    visited.add(key)
    for (const link of node.compiled.links) {
      const at = appendPath(next.path, ...link.path)
      const found = follow(context, all, node, link, at)
      for (const extent of found.extents) walk.extents.push({ ...extent, path: at, kind: 'metadata' })
      for (const extent of found.data) walk.extents.push({ ...extent, path: at, kind: 'data' })
      if (found.missing !== null) walk.missing.push({ ...found.missing, path: at })
      if (!leadsOn(all, link.to)) continue
      for (let n = 0; n < (found.count ?? 0) && budget > 0; n++, budget--) {
        const element = found.at(n)
        if (element === null) continue
        open.push({ node: element, path: link.to.kind === 'struct' ? at : appendPath(at, n) })
      }
    }
  }
  return walk
}

function leadsOn(all: Compiled, to: { kind: string; struct?: string }): boolean {
  return to.struct !== undefined && all.structs.get(to.struct)!.links.length > 0
}
