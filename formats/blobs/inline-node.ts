import { type FdtNode, findProperty } from '../fdt/index.js'
import { appendPath, elementSegments, KHO_MEM } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { type BlobContext, numberOrNull } from './context.js'
import { firstCompatible } from './fdt-blob.js'
import type { InlineNode, MemArea } from './types.js'

/**
 * Decodes a node of the early series, in which any node at any depth may have a `mem` array of struct kho_mem. An
 * array whose length is no multiple of 16 is left out, as those readers did.
 */
export function decodeInlineNode(context: BlobContext, node: FdtNode, path: string): InlineNode {
  const areas: MemArea[] = []
  collectAreas(context, node, path, areas)
  return { kind: 'node', compatible: firstCompatible(node), node, areas }
}

function collectAreas(context: BlobContext, node: FdtNode, path: string, areas: MemArea[]): void {
  const mem = findProperty(node, 'mem')
  if (mem !== null && mem.value.length % KHO_MEM.size !== 0) {
    const message = `mem property of ${mem.value.length} bytes is no array of struct kho_mem`
    context.fault('MEM-LENGTH', message, null, path)
  } else if (mem !== null) {
    for (let offset = 0; offset < mem.value.length; offset += KHO_MEM.size) {
      const { addr, size } = KHO_MEM.read(mem.value, offset)
      const areaPath = appendPath(path, 'mem', offset / KHO_MEM.size)
      if (addr === null) {
        const raw = hex(KHO_MEM.raw(mem.value, offset, 'addr'))
        context.fault('MEM-ADDRESS', `mem entry ${raw} is no physical address`, null, areaPath)
      }
      areas.push({ path: areaPath, start: addr, size: numberOrNull(size) })
    }
  }
  const segments = elementSegments(node.children.map(child => child.name))
  node.children.forEach((child, n) => {
    collectAreas(context, child, appendPath(path, segments[n]!), areas)
  })
}
