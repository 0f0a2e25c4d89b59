import { alignUp, latin1 } from './bytes.js'
import { HEADER } from './header.js'
import { TAG } from './structure.js'

/** A node in a blob of version 17 that is known to be good. Offsets from the blob's start. */
export interface NodePlace {
  /** Of FDT_BEGIN_NODE. */
  at: number
  /** Behind its name. */
  next: number
  /** 1 for the root. */
  depth: number
}

/** Walks the tokens from `at`, until `visit` answers true or the blob ends. */
function walk(
  buffer: Uint8Array,
  view: DataView,
  at: number,
  visit: (tag: number, at: number, next: number) => boolean,
): void {
  const start = view.getUint32(HEADER.offDtStruct)
  for (let here = at; ; ) {
    const tag = view.getUint32(here)
    let next = here + 4
    if (tag === TAG.beginNode) next = start + alignUp(nameEnd(buffer, next) + 1 - start, 4)
    else if (tag === TAG.property) next = start + alignUp(here + 12 + view.getUint32(here + 4) - start, 4)
    if (visit(tag, here, next) || tag === TAG.end) return
    here = next
  }
}

/** A caller that overwrote the blob must not send the walk backwards. */
function nameEnd(buffer: Uint8Array, at: number): number {
  const end = buffer.indexOf(0, at)
  return end < 0 ? buffer.length : end
}

function root(buffer: Uint8Array, view: DataView): NodePlace {
  const place = { at: 0, next: 0, depth: 1 }
  walk(buffer, view, view.getUint32(HEADER.offDtStruct), (tag, at, next) => {
    if (tag !== TAG.beginNode) return false
    Object.assign(place, { at, next })
    return true
  })
  return place
}

/** The node at a path that begins at `from`, else at the root; as {@link nodeAt} follows it. */
export function findNode(
  buffer: Uint8Array,
  view: DataView,
  path: string,
  from: NodePlace = root(buffer, view),
): NodePlace | null {
  let node: NodePlace | null = from
  for (const part of path.split('/')) {
    if (part !== '' && node) node = findChildAt(buffer, view, node, part)
  }
  return node
}

function findChildAt(buffer: Uint8Array, view: DataView, parent: NodePlace, name: string): NodePlace | null {
  let found: NodePlace | null = null
  let level = 0
  walk(buffer, view, parent.next, (tag, at, next) => {
    if (tag === TAG.endNode) return --level < 0
    if (tag !== TAG.beginNode) return false
    level++
    if (level > 1) return false
    const text = latin1(buffer.subarray(at + 4, nameEnd(buffer, at + 4)))
    if (text !== name && (name.includes('@') || !text.startsWith(`${name}@`))) return false
    found = { at, next, depth: parent.depth + 1 }
    return true
  })
  return found
}

/** A property in a blob. */
export interface PropertyPlace {
  /** Of FDT_PROP. */
  at: number
  /** Of the value. */
  length: number
}

/** The node's property of that name; none behind its first child, as libfdt. */
export function findPropertyAt(
  buffer: Uint8Array,
  view: DataView,
  node: NodePlace,
  name: string,
): PropertyPlace | null {
  let found: PropertyPlace | null = null
  const strings = view.getUint32(HEADER.offDtStrings)
  walk(buffer, view, node.next, (tag, at) => {
    if (tag === TAG.nop) return false
    if (tag !== TAG.property) return true
    const start = strings + view.getUint32(at + 8)
    const text = buffer.subarray(start, start + name.length + 1)
    if (text[name.length] !== 0 || latin1(text.subarray(0, -1)) !== name) return false
    found = { at, length: view.getUint32(at + 4) }
    return true
  })
  return found
}

/** Where a first child goes: behind the properties and the FDT_NOPs among and after them. */
export function propertiesEnd(view: DataView, node: NodePlace): number {
  let at = node.next
  for (;;) {
    const tag = view.getUint32(at)
    if (tag === TAG.property) at += 12 + alignUp(view.getUint32(at + 4), 4)
    else if (tag === TAG.nop) at += 4
    else return at
  }
}

/** Behind the node's FDT_END_NODE. */
export function nodeEnd(buffer: Uint8Array, view: DataView, node: NodePlace): number {
  let end = node.next
  let level = 0
  walk(buffer, view, node.next, (tag, _at, next) => {
    end = next
    if (tag === TAG.beginNode) level++
    return tag === TAG.endNode && --level < 0
  })
  return end
}
