import type { Vmalloc } from '../blobs/memory-types.js'
import { decodeVmalloc } from '../blobs/vmalloc.js'
import { u64, viewOf } from '../memory/u64.js'
import type { CompiledStruct, Link } from './compile.js'
import { vmallocKey } from './keys.js'
import { counterValue, type DescribedNode, type FollowContext, type Followed, NOTHING } from './node.js'

/** Entries in a preserved vmalloc area. */
export function followVmalloc(
  context: FollowContext,
  compiled: CompiledStruct,
  node: DescribedNode,
  link: Link,
  path: string,
): Followed {
  const wanted = counterValue(node, link)
  const view = viewOf(node.bytes)
  const { offset } = link.field
  if (wanted === 0n && u64(view, offset) === 0) return { ...NOTHING, link }
  const address = node.address === null ? null : node.address + link.field.offset
  const area = decodeVmalloc(context, node.bytes, offset, address, vmallocPath(path))
  const { pageSize } = context.geometry
  // Without a run there is nothing to divide: an order that no area can have gives none.
  const run = area.runs.length === 0 ? pageSize : pageSize * 2 ** area.order
  const entry = compiled.struct.size
  const room = Math.floor((area.runs.length * run) / entry)
  const count = wanted <= BigInt(room) ? Number(wanted) : room
  if (wanted > BigInt(room) && area.complete) {
    context.fault(
      'LAYOUT-COUNT',
      `${link.field.name} has room for ${room} entries, not ${wanted}`,
      address,
      path,
    )
  }
  return {
    ...NOTHING,
    link,
    count: area.complete || room >= wanted ? count : null,
    known: count,
    at: n => (n < count ? vmallocEntry(context, area, compiled, n, run) : null),
    area,
  }
}

/** The area of a list has a path of its own beside it. */
function vmallocPath(path: string): string {
  const cut = path.lastIndexOf('/') + 1
  return `${path.slice(0, cut)}${vmallocKey(path.slice(cut))}`
}

/** An entry may lie across the border of two runs. */
function vmallocEntry(
  context: FollowContext,
  area: Vmalloc,
  compiled: CompiledStruct,
  n: number,
  run: number,
): DescribedNode | null {
  const { size } = compiled.struct
  const offset = n * size
  const bytes = new Uint8Array(size)
  let first: number | null = null
  for (let done = 0; done < size; ) {
    const index = Math.floor((offset + done) / run)
    const within = (offset + done) % run
    const count = Math.min(size - done, run - within)
    const start = area.runs[index] ?? 0
    const read = start === 0 ? null : context.memory.read(start + within, count)
    if (read === null || !read.ok) return null
    bytes.set(read.bytes, done)
    if (done === 0 && count === size) first = start + within
    done += count
  }
  return { compiled, address: first, bytes }
}
