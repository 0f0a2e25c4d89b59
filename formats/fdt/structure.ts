import { alignUp, hex, latin1, quote, viewOf } from './bytes.js'
import type { ProblemList } from './errors.js'
import { createNameTable } from './names.js'
import type { FdtHeader, FdtNode, FdtProperty } from './types.js'
import { FDT_MAX_DEPTH, FDT_MAX_NAME } from './types.js'

/** The words that the structure block is made of (libfdt/fdt.h of dtc 1.8.1). */
export const TAG = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const

/** The structure block as far as it could be read. */
export interface StructureReading {
  root: FdtNode | null
  /** Behind the last token that was understood. */
  end: number
}

/** A class, because a tree may have a million of them: a view of each value would be most of it. */
class Property implements FdtProperty {
  readonly #blob: Uint8Array
  readonly #length: number

  constructor(
    blob: Uint8Array,
    readonly name: string,
    readonly offset: number,
    length: number,
  ) {
    this.#blob = blob
    this.#length = length
  }

  get value(): Uint8Array {
    return this.#blob.subarray(this.offset, this.offset + this.#length)
  }
}

/**
 * Walks the structure block without recursion. A token that breaks the block ends the walk; what cannot be
 * kept (a property without a readable name, a second root, nodes past the limits) is left out, and the
 * walk goes on behind it.
 *
 * @param bytes the blob, cut to its totalsize
 * @param rootOnly whether the walk ends at the root node
 */
export function readStructure(
  bytes: Uint8Array,
  header: FdtHeader,
  problems: ProblemList,
  rootOnly = false,
): StructureReading {
  const view = viewOf(bytes)
  const start = header.offDtStruct
  const limit = Math.min(bytes.length, start + (header.sizeDtStruct ?? bytes.length))
  const old = header.version < 16
  const nameAt = createNameTable(bytes, header)
  const open: FdtNode[] = []
  let root: FdtNode | null = null
  let skipped = 0 // open levels of a node that is left out
  let nopSeen = false
  let at = start

  const broken = (offset: number, message: string) => problems.error('BADSTRUCTURE', offset, message)
  const next = (end: number) => start + alignUp(end - start, 4)
  /** True if the node is kept. */
  const beginNode = (nameEnd: number): boolean => {
    const parent = open.at(-1)
    if (skipped > 0) return false
    if (!parent && root) {
      broken(at, 'a second root node')
      return false
    }
    if (open.length >= FDT_MAX_DEPTH) {
      problems.error(
        'TOO-DEEP',
        at,
        `a node at level ${open.length + 1}, past the ${FDT_MAX_DEPTH} that are read`,
      )
      return false
    }
    const bytesOfName = bytes.subarray(at + 4, nameEnd)
    const longest = old ? FDT_MAX_DEPTH * (FDT_MAX_NAME + 1) : FDT_MAX_NAME
    const name = bytesOfName.length > longest ? null : nodeName(latin1(bytesOfName), old, parent, at, broken)
    if (name === null || name.length > FDT_MAX_NAME) {
      problems.error('TOO-LONG', at + 4, `a node name of more than the ${FDT_MAX_NAME} bytes that are read`)
      return false
    }
    const path = !parent ? '/' : parent === root ? `/${name}` : `${parent.path}/${name}`
    const node: FdtNode = { name, path, offset: at, properties: [], children: [] }
    if (parent) parent.children.push(node)
    else {
      root = node
      if (name !== '') broken(at + 4, `the root node has a name, ${quote(name)}`)
    }
    open.push(node)
    return true
  }
  const property = (value: number, length: number) => {
    if (skipped > 0) return
    const node = open.at(-1)
    if (!node) {
      broken(at, 'a property outside of every node')
      return
    }
    const name = nameAt(view.getUint32(at + 8))
    if (typeof name !== 'string') {
      problems.error(name.code, at + 8, name.message)
      return
    }
    if (node.children.length > 0) {
      problems.warning('LATE-PROPERTY', at, `property ${quote(name)} comes after a child node`)
    }
    node.properties.push(new Property(bytes, name, value, length))
  }

  while (at + 4 <= limit) {
    const tag = view.getUint32(at)
    if (tag === TAG.beginNode) {
      const nameEnd = bytes.indexOf(0, at + 4)
      if (nameEnd < 0 || nameEnd >= limit) {
        broken(at + 4, `the node name has no NUL before the structure block ends at ${hex(limit)}`)
        return { root, end: at }
      }
      if (!beginNode(nameEnd)) skipped++
      else if (rootOnly) return { root, end: at }
      at = next(nameEnd + 1)
    } else if (tag === TAG.property) {
      if (at + 12 > limit) {
        broken(at, `a property’s head runs past the structure block’s end at ${hex(limit)}`)
        return { root, end: at }
      }
      const length = view.getUint32(at + 4)
      // Before version 16 a value of 8 bytes or more is 8-aligned within the block (dtc's FTF_VARALIGN).
      const value = old && length >= 8 ? start + alignUp(at + 12 - start, 8) : at + 12
      if (value + length > limit) {
        const message = `a property of ${hex(length)} bytes runs past the structure block’s end at ${hex(limit)}`
        broken(at + 4, message)
        return { root, end: at }
      }
      property(value, length)
      at = next(value + length)
    } else if (tag === TAG.endNode) {
      if (skipped > 0) skipped--
      else if (!open.pop()) {
        broken(at, 'FDT_END_NODE without a node that is open')
        return { root, end: at }
      }
      at += 4
    } else if (tag === TAG.nop) {
      if (!root) problems.warning('NOP-BEFORE-ROOT', at, 'FDT_NOP before the root node')
      if (old && !nopSeen) {
        problems.warning('NOP-IN-OLD-VERSION', at, `FDT_NOP in a blob of version ${header.version}`)
      }
      nopSeen = true
      at += 4
    } else if (tag === TAG.end) {
      const left = open.length + skipped
      if (left > 0) broken(at, `FDT_END with ${left} ${left === 1 ? 'node' : 'nodes'} still open`)
      else if (!root) broken(at, 'there is no root node')
      if (header.sizeDtStruct !== null) checkTail(view, at + 4, limit, problems)
      return { root, end: at + 4 }
    } else {
      broken(at, `${hex(tag)} is no token`)
      return { root, end: at }
    }
  }
  const left = root ? open.length + skipped : -1
  return { root, end: endless(view, at, limit, left, problems) }
}

/** The block ended without FDT_END. Some writers give a size that leaves it out; then it lies right behind. */
function endless(view: DataView, at: number, limit: number, left: number, problems: ProblemList): number {
  if (left === 0 && at === limit && at + 4 <= view.byteLength && view.getUint32(at) === TAG.end) {
    problems.warning('END-OUTSIDE', at, `FDT_END lies behind the structure block’s end at ${hex(limit)}`)
    return at + 4
  }
  const where =
    left > 0 ? `, with ${left} ${left === 1 ? 'node' : 'nodes'} still open` : left < 0 ? ' or any node' : ''
  problems.error('TRUNCATED', at, `the structure block ends at ${hex(limit)} without FDT_END${where}`)
  return Math.min(at, limit)
}

function checkTail(view: DataView, from: number, limit: number, problems: ProblemList): void {
  for (let at = from; at < limit; at += 4) {
    if (at + 4 <= limit && view.getUint32(at) === TAG.nop) continue
    const message = `${hex(limit - at)} bytes of the structure block lie behind FDT_END`
    problems.warning('AFTER-END', at, message)
    return
  }
}

/** Before version 16 a node is named by its whole path; all but the root's last part repeats the parent's. */
function nodeName(
  text: string,
  old: boolean,
  parent: FdtNode | undefined,
  at: number,
  broken: (offset: number, message: string) => void,
): string {
  if (!old) return text
  if (!parent && text === '/') return ''
  const above = parent && parent.path !== '/' ? `${parent.path}/` : '/'
  if (parent && text.startsWith(above) && !text.includes('/', above.length)) return text.slice(above.length)
  broken(at + 4, `the path ${quote(text)} is not one part longer than its parent’s`)
  return text.slice(text.lastIndexOf('/') + 1)
}
