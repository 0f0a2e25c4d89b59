import { getProperty, subnodeOffset } from '../../../formats/fdt/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import type { Running } from './context.js'

/** What kho_retrieve_subtree() gives for a name. */
export type Subtree =
  | { kind: 'absent' }
  | { kind: 'broken'; why: string; warned: boolean }
  | { kind: 'found'; address: number; size: bigint | null }

/** kho_retrieve_subtree(): -ENOENT, -EINVAL, or an address, which is not looked at, and from 7.1 on a size. */
export function retrieveSubtree(running: Running, name: string): Subtree {
  const { root, kernel, memory } = running
  const node = subnodeOffset(root, 0, name)
  if (node < 0) return { kind: 'absent' }
  const pointer =
    kernel.layout.blobProperty === null ? -1 : getProperty(root, node, kernel.layout.blobProperty)
  if (typeof pointer === 'number' || pointer.length !== 8) {
    return {
      kind: 'broken',
      why: `${kernel.layout.blobProperty} is missing or not 8 bytes long: -EINVAL`,
      // One of another length is told of where a kernel reads sizes too: 7.1.
      warned: typeof pointer !== 'number' && kernel.layout.blobSize,
    }
  }
  const address = memory.u64(root.address + pointer.offset)
  if (!kernel.layout.blobSize) return { kind: 'found', address, size: null }
  const size = getProperty(root, node, 'blob-size')
  if (typeof size === 'number' || size.length !== 8) {
    const why = `broken KHO subnode '${name}': missing or invalid blob-size property: -EINVAL`
    return { kind: 'broken', why, warned: true }
  }
  const bytes = memory.read(root.address + size.offset, 8)
  return { kind: 'found', address, size: viewOf(bytes).getBigUint64(0, true) }
}
