import { FDT_ERRORS } from './errors.js'
import { FDT_MAGIC, headerSize } from './header.js'

/**
 * A blob as a kernel has it before it: bytes at offsets, none of them checked to be there. What is asked for where nothing
 * is is the reader's own fault to have: it may throw.
 */
export interface RawFdt {
  /** The blob's address: libfdt refuses one that is no multiple of 8. */
  readonly address: number
  byte(offset: number): number
  /** A big-endian u32, at any offset. */
  word(offset: number): number
}

const { NOTFOUND, BADOFFSET, BADSTATE, TRUNCATED, BADMAGIC, BADVERSION, BADSTRUCTURE, ALIGNMENT } = FDT_ERRORS
const FDT_SW_MAGIC = 0x2ff20112
const INT_MAX = 0x7fffffff
const OFFSETS = { totalsize: 4, structure: 8, strings: 12, reserve: 16, version: 20, lastComp: 24 } as const
const SIZES = { strings: 32, structure: 36 } as const
const [BEGIN_NODE, END_NODE, PROPERTY, NOP, END] = [1, 2, 3, 4, 9]

/** What `fdt_check_header` answers: 0, or the negative number of an error. dtc as in Linux 6.16 to 7.3. */
export function checkRawHeader(fdt: RawFdt, options: { subBlockAlignment: boolean }): number {
  if (fdt.address % 8 !== 0) return -ALIGNMENT
  if (fdt.word(0) !== FDT_MAGIC) return -BADMAGIC
  const version = fdt.word(OFFSETS.version)
  const lastComp = fdt.word(OFFSETS.lastComp)
  if (version < 2 || lastComp > 17 || version < lastComp) return -BADVERSION
  const header = headerSize(version)
  const total = fdt.word(OFFSETS.totalsize)
  if (total < header || total > INT_MAX) return -TRUNCATED
  const reserve = fdt.word(OFFSETS.reserve)
  const structure = fdt.word(OFFSETS.structure)
  if (options.subBlockAlignment && (reserve % 8 !== 0 || structure % 4 !== 0)) return -ALIGNMENT
  const inside = (start: number, size: number) =>
    start >= header && start <= total && start + size <= 0xffffffff && start + size <= total
  if (!inside(reserve, 0)) return -TRUNCATED
  if (!inside(structure, version < 17 ? 0 : fdt.word(SIZES.structure))) return -TRUNCATED
  return inside(fdt.word(OFFSETS.strings), fdt.word(SIZES.strings)) ? 0 : -TRUNCATED
}

/** `fdt_ro_probe_`: the blob's size, or the negative number of an error. A totalsize of INT32_MAX is one too much. */
function probe(fdt: RawFdt): number {
  if (fdt.address % 8 !== 0) return -ALIGNMENT
  const magic = fdt.word(0)
  if (magic === FDT_MAGIC) {
    if (fdt.word(OFFSETS.version) < 2 || fdt.word(OFFSETS.lastComp) > 17) return -BADVERSION
  } else if (magic !== FDT_SW_MAGIC) {
    return -BADMAGIC
  } else if (fdt.word(SIZES.structure) === 0) {
    return -BADSTATE
  }
  const total = fdt.word(OFFSETS.totalsize)
  return total < INT_MAX ? total : -TRUNCATED
}

/** The bound of `fdt_offset_ptr`: what lies at an offset of the structure block has to end at or before this one. */
function structureEnd(fdt: RawFdt): number {
  const end = Math.min(0xffffffff, fdt.word(OFFSETS.totalsize)) - fdt.word(OFFSETS.structure)
  return fdt.word(OFFSETS.version) >= 17 ? Math.min(end, fdt.word(SIZES.structure)) : end
}

/** `fdt_offset_ptr`: where in the blob `length` bytes of the structure block lie, or -1. */
function structureAt(fdt: RawFdt, offset: number, length: number): number {
  return offset < 0 || offset + length > structureEnd(fdt) ? -1 : offset + fdt.word(OFFSETS.structure)
}

interface Tag {
  readonly tag: number
  readonly next: number
}

const BROKEN: Tag = { tag: END, next: -BADSTRUCTURE }

/** `fdt_next_tag` */
function nextTag(fdt: RawFdt, start: number): Tag {
  const limit = structureEnd(fdt)
  if (start < 0 || start + 4 > limit) return { tag: END, next: -TRUNCATED }
  const base = fdt.word(OFFSETS.structure)
  const tag = fdt.word(base + start)
  let end = start + 4
  if (tag === BEGIN_NODE) {
    do if (end + 1 > limit) return BROKEN
    while (fdt.byte(base + end++) !== 0)
  } else if (tag === PROPERTY) {
    if (end + 4 > limit) return BROKEN
    const bytes = fdt.word(base + end)
    if (bytes + end >= INT_MAX) return BROKEN
    end += 8 + bytes
    if (fdt.word(OFFSETS.version) < 16 && bytes >= 8 && (end - bytes) % 8 !== 0) end += 4
  } else if (tag !== END && tag !== END_NODE && tag !== NOP) {
    return BROKEN
  }
  if (end > limit) return BROKEN
  return { tag, next: Math.ceil(end / 4) * 4 }
}

/** `fdt_check_node_offset_` and `fdt_check_prop_offset_`: the offset behind, or the negative number of an error. */
function checkOffset(fdt: RawFdt, offset: number, wanted: number): number {
  if (offset < 0 || offset % 4 !== 0) return -BADOFFSET
  const { tag, next } = nextTag(fdt, offset)
  return tag === wanted ? next : -BADOFFSET
}

/** `fdt_next_node`, with the depth beside the offset. */
function nextNode(fdt: RawFdt, from: number, depth: number): { offset: number; depth: number } {
  let next = 0
  let level = depth
  if (from >= 0) {
    next = checkOffset(fdt, from, BEGIN_NODE)
    if (next < 0) return { offset: next, depth: level }
  }
  for (;;) {
    const offset = next
    const found = nextTag(fdt, offset)
    next = found.next
    if (found.tag === BEGIN_NODE) return { offset, depth: level + 1 }
    if (found.tag === END_NODE && --level < 0) return { offset: next, depth: level }
    if (found.tag === END) return { offset: next >= 0 ? -NOTFOUND : next, depth: level }
  }
}

/** The bytes of a node's name, as far as its NUL; null where there is no node. */
function nodeName(fdt: RawFdt, node: number): string | null {
  if (checkOffset(fdt, node, BEGIN_NODE) < 0) return null
  let at = structureAt(fdt, node + 4, 1)
  let name = ''
  for (let byte = fdt.byte(at); byte !== 0; byte = fdt.byte(at)) {
    name += String.fromCharCode(byte)
    at++
  }
  if (fdt.word(OFFSETS.version) >= 16) return name
  return name.includes('/') ? name.slice(name.lastIndexOf('/') + 1) : null
}

/** Children that a look-up has come past, so that one for each of very many does not begin anew every time. */
interface Passed {
  /** The first child of each name, and of each name as far as its `@`. */
  names: Map<string, number>
  /** Where the walk stands: the next node to be looked at, or why there is none. */
  at: { offset: number; depth: number }
}

const passed = new WeakMap<RawFdt, Map<number, Passed>>()

function passedOf(fdt: RawFdt, parent: number): Passed {
  let parents = passed.get(fdt)
  if (parents === undefined) {
    parents = new Map()
    passed.set(fdt, parents)
  }
  let found = parents.get(parent)
  if (found === undefined) {
    found = { names: new Map(), at: { offset: parent, depth: 0 } }
    parents.set(parent, found)
  }
  return found
}

/** `fdt_subnode_offset`: the node's offset, or the negative number of an error. The first of several wins. */
export function subnodeOffset(fdt: RawFdt, parent: number, name: string): number {
  const size = probe(fdt)
  if (size < 0) return size
  const walk = passedOf(fdt, parent)
  for (;;) {
    // A name without an address is also that of the first child that has it with one.
    const known = walk.names.get(name)
    if (known !== undefined) return known
    const { offset, depth } = walk.at
    if (offset < 0 || depth < 0) return depth < 0 ? -NOTFOUND : offset
    const found = depth === 1 ? nodeName(fdt, offset) : null
    if (found !== null) {
      const unit = found.indexOf('@')
      for (const key of unit < 0 ? [found] : [found, found.slice(0, unit)]) {
        if (!walk.names.has(key)) walk.names.set(key, offset)
      }
      const hit = walk.names.get(name)
      if (hit !== undefined) return hit
    }
    walk.at = nextNode(fdt, offset, depth)
  }
}

/** `fdt_for_each_subnode` over the root's children: offsets and names; ends where the walk does. */
export function* subnodes(fdt: RawFdt): Generator<{ offset: number; name: string | null }> {
  let at = nextNode(fdt, 0, 0)
  if (at.depth !== 1) return
  while (at.offset >= 0 && at.depth >= 1) {
    if (at.depth === 1) yield { offset: at.offset, name: nodeName(fdt, at.offset) }
    at = nextNode(fdt, at.offset, at.depth)
  }
}

/** `fdt_path_offset` of an absolute path of one part: the root, or a child of it. */
export function pathOffset(fdt: RawFdt, path: string): number {
  const size = probe(fdt)
  if (size < 0) return size
  const name = path.slice(1)
  return name === '' ? 0 : subnodeOffset(fdt, 0, name)
}

/** A property's value. */
export interface RawProperty {
  /** Offset of the value from the start of the blob. */
  offset: number
  length: number
}

/** `fdt_getprop`: the value's place, or the negative number of an error. */
export function getProperty(fdt: RawFdt, node: number, name: string): RawProperty | number {
  let at = nextProperty(fdt, checkOffset(fdt, node, BEGIN_NODE))
  while (at >= 0) {
    const place = structureAt(fdt, at, 12)
    const length = fdt.word(place + 4)
    if (stringAt(fdt, fdt.word(place + 8)) === name) {
      const shifted = fdt.word(OFFSETS.version) < 16 && (at + 12) % 8 !== 0 && length >= 8
      return { offset: place + (shifted ? 16 : 12), length }
    }
    at = nextProperty(fdt, checkOffset(fdt, at, PROPERTY))
  }
  return at
}

/** `nextprop_` */
function nextProperty(fdt: RawFdt, from: number): number {
  let offset = from
  for (;;) {
    if (offset < 0) return offset
    const { tag, next } = nextTag(fdt, offset)
    if (tag === END) return next >= 0 ? -BADSTRUCTURE : next
    if (tag === PROPERTY) return offset
    if (tag !== NOP) return -NOTFOUND
    offset = next
  }
}

/** Names that were read: a tree has few, though each a hundred thousand times. */
const names = new WeakMap<RawFdt, Map<number, string | null>>()
const MOST_NAMES = 1024

/** `fdt_get_string`; null where it gives none. */
function stringAt(fdt: RawFdt, offset: number): string | null {
  let known = names.get(fdt)
  if (known === undefined) {
    known = new Map()
    names.set(fdt, known)
  }
  let name = known.get(offset)
  if (name === undefined) {
    name = readString(fdt, offset)
    if (known.size < MOST_NAMES) known.set(offset, name)
  }
  return name
}

function readString(fdt: RawFdt, offset: number): string | null {
  const total = probe(fdt)
  if (total < 0) return null
  const start = (offset + fdt.word(OFFSETS.strings)) % 2 ** 32
  if (start >= total || fdt.word(0) !== FDT_MAGIC || offset > INT_MAX) return null
  let length = total - start
  if (fdt.word(OFFSETS.version) >= 17) {
    if (offset >= fdt.word(SIZES.strings)) return null
    length = Math.min(length, fdt.word(SIZES.strings) - offset)
  }
  let text = ''
  for (let n = 0; n < length; n++) {
    const byte = fdt.byte(start + n)
    if (byte === 0) return text
    text += String.fromCharCode(byte)
  }
  return null
}

/**
 * `fdt_node_check_compatible`: 0 where the list has the string, 1 where it has not, else the negative number of an error.
 * A last element without its NUL counts where the byte behind the value is one.
 */
export function checkCompatible(fdt: RawFdt, node: number, wanted: string): number {
  const property = getProperty(fdt, node, 'compatible')
  if (typeof property === 'number') return property
  const { length } = wanted
  let { offset: at, length: left } = property
  while (left >= length) {
    let n = 0
    while (n < length && fdt.byte(at + n) === wanted.charCodeAt(n)) n++
    if (n === length && fdt.byte(at + n) === 0) return 0
    let end = 0
    while (end < left && fdt.byte(at + end) !== 0) end++
    if (end === left) return 1
    at += end + 1
    left -= end + 1
  }
  return 1
}
