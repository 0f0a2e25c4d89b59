import type { Blob, InlineNode } from '../../formats/blobs/index.js'
import { type FdtNode, findProperty } from '../../formats/fdt/index.js'
import { appendPath, elementSegments } from '../../formats/layout/index.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { listPart, type Part } from './part.js'

/** A node of the early series has its bytes in the root FDT: those of its properties. */
export function inlineExtents(state: KhoState, blob: Blob): Range[] {
  const child = childOf(state, blob)
  const { address } = state.root
  return (child?.properties ?? []).map(({ offset, value }) => rangeAt(address + offset, value.length))
}

function childOf(state: KhoState, blob: Blob): FdtNode | undefined {
  return state.fdt.root.children.find(node => node.name === blob.name)
}

/** An inline node: its own bytes, and the areas of memory that it and the nodes below it name. */
export function areasPart(state: KhoState, blob: Blob, node: InlineNode, path: string): Partial<Part> {
  const child = childOf(state, blob)
  const areas = () => listPart(appendPath(path, 'areas'), 'list of areas', areaList(node.areas))
  return {
    extents: inlineExtents(state, blob),
    fields: { areas, ...(child === undefined ? {} : areaFields(child, path, node)) },
  }
}

function areaList(areas: InlineNode['areas']) {
  const at = (n: number): Part => {
    const { start, size, path } = areas[n]!
    const extents = start === null || size === null ? [] : [rangeAt(start, size)]
    return { path, what: 'area of memory', extents }
  }
  return { length: areas.length, key: () => null, at }
}

/** `mem` and the child nodes: the paths that the areas have. */
function areaFields(child: FdtNode, path: string, inline: InlineNode): Record<string, () => Part> {
  const fields: Record<string, () => Part> = {}
  if (findProperty(child, 'mem') !== null) {
    const list = appendPath(path, 'mem')
    const mine = inline.areas.filter(area => area.path.startsWith(`${list}/#`))
    fields.mem = () => listPart(list, 'list of areas', areaList(mine))
  }
  const segments = elementSegments(child.children.map(node => node.name))
  child.children.forEach((node, n) => {
    const segment = segments[n]!
    if (typeof segment !== 'string') return
    const below = appendPath(path, segment)
    fields[segment] ??= () => ({
      path: below,
      what: 'node',
      extents: [],
      fields: areaFields(node, below, inline),
    })
  })
  return fields
}
