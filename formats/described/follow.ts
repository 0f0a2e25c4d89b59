import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { type Range, rangeAt } from '../memory/range.js'
import { u64, viewOf } from '../memory/u64.js'
import { followParts } from './chain.js'
import type { CompiledStruct, Link } from './compile.js'
import {
  counterValue,
  type DescribedNode,
  type FollowContext,
  type Followed,
  mostEntries,
  NOTHING,
  readDescribed,
} from './node.js'
import { tablePages } from './tables.js'
import { followVmalloc } from './vmalloc-list.js'

/** Goes where a field of a structure leads. Bad pointers are faults of the context; nothing is thrown. */
export function follow(context: FollowContext, node: DescribedNode, link: Link, path: string): Followed {
  const { to } = link
  const { offset } = link.field
  if (to.kind === 'vmalloc') return followVmalloc(context, link.target!, node, link, path)
  if (to.kind === 'tail') return followTail(context, link.target!, node, link, path)
  const value = u64(viewOf(node.bytes), offset)
  if (to.kind === 'folio') return { ...NOTHING, link, data: folio(context, node, link) }
  if (value === 0) return { ...NOTHING, link }
  if (value >= ADDRESS_LIMIT) {
    const raw = hex(viewOf(node.bytes).getBigUint64(offset, true))
    context.fault('LAYOUT-POINTER', `${link.field.name} ${raw} is no physical address`, node.address, path)
    return { ...NOTHING, link }
  }
  switch (to.kind) {
    case 'struct':
      return followStruct(context, link.target!, value, link)
    case 'pages': {
      const size = to.pages === null ? context.blockBytes(value) : to.pages * context.geometry.pageSize
      return { ...NOTHING, link, data: size === 0 ? [] : [rangeAt(value, size)] }
    }
    case 'tables':
      return { ...NOTHING, link, ...tablePages(context, value, levelsOf(node, link)) }
    default:
      return followParts(context, link.target!, value, link, path)
  }
}

function followStruct(
  context: FollowContext,
  compiled: CompiledStruct,
  address: number,
  link: Link,
): Followed {
  const read = readDescribed(context, compiled, address)
  if ('absent' in read) return { ...NOTHING, link, count: null, missing: { reason: read.absent, address } }
  return {
    ...NOTHING,
    link,
    extents: [rangeAt(address, compiled.struct.size)],
    count: 1,
    known: 1,
    at: () => read.node,
  }
}

function followTail(
  context: FollowContext,
  compiled: CompiledStruct,
  node: DescribedNode,
  link: Link,
  path: string,
): Followed {
  const wanted = counterValue(node, link)
  const { size } = compiled.struct
  if (node.address === null || wanted === 0n) return { ...NOTHING, link }
  if (wanted > BigInt(mostEntries(context, size))) {
    context.fault(
      'LAYOUT-COUNT',
      `${link.field.name} is ${wanted}, more than there is room for`,
      node.address,
      path,
    )
    return { ...NOTHING, link }
  }
  const count = Number(wanted)
  const first = node.address + node.compiled.struct.size
  const at = (n: number): DescribedNode | null => {
    if (n >= count) return null
    const read = readDescribed(context, compiled, first + n * size)
    return 'node' in read ? read.node : null
  }
  const extents = [rangeAt(first, count * size)]
  return { ...NOTHING, link, extents, count, known: count, at, runs: [{ address: first, first: 0, count }] }
}

function folio(context: FollowContext, node: DescribedNode, { field, to }: Link): Range[] {
  const bit = to.kind === 'folio' ? field.bits.find(({ name }) => name === to.bits) : undefined
  if (bit === undefined) return []
  const word = viewOf(node.bytes).getBigUint64(field.offset, true)
  const pfn = Number((word >> BigInt(bit.shift)) & ((1n << BigInt(bit.width)) - 1n))
  const address = pfn * context.geometry.pageSize
  if (pfn === 0 || address >= ADDRESS_LIMIT) return []
  return [rangeAt(address, context.blockBytes(address) || context.geometry.pageSize)]
}

function levelsOf(node: DescribedNode, link: Link): number {
  if (link.to.kind !== 'tables') return 0
  const levels = typeof link.to.levels === 'number' ? BigInt(link.to.levels) : counterValue(node, link)
  return levels > 6n ? 6 : Number(levels)
}
