import { KhoError } from '../error.js'
import { alignUp, putLatin1, viewOf } from './bytes.js'
import { FDT_VERSION, HEADER, headerSize } from './header.js'
import { parseStructure } from './read.js'
import { badSequence, checkDepth, checkLength, checkName, noSpace } from './refuse.js'
import { RESERVATION_SIZE } from './reservations.js'
import { findNode, findPropertyAt, nodeEnd, propertiesEnd } from './scan.js'
import { TAG } from './structure.js'
import { LAST_COMP_VERSION } from './writer.js'

/** Where the reserve map lies once the blob is packed. */
const PACKED_MAP = 0x28

/**
 * Changes a blob in place, as libfdt's read-write API: new properties come first in their node, new nodes
 * first among their siblings, and new names last in the strings block. Paths are followed as by
 * {@link nodeAt}. Each call walks the blob from its start, as libfdt does.
 *
 * All throw `no-space` where the room is too small and leave the blob as it was, and `bad-sequence` where
 * the path leads nowhere (libfdt: NOTFOUND) or a node is there already (EXISTS).
 */
export interface FdtEditor {
  /** All of the room, which the blob's totalsize takes in until it is packed. */
  readonly buffer: Uint8Array
  /** Adds an entry at the end of the reserve map; a size of 0 is refused with `bad-fdt`. */
  addReservation(address: bigint, size: bigint): void
  /** Adds a node without properties. A name without `@` counts as there if it is with a unit address. */
  addSubnode(parentPath: string, name: string): void
  /** Removes a node with all below it; the root cannot be removed. */
  deleteNode(path: string): void
  /** Adds a property, or gives one that is there another value where it stands. */
  setProperty(path: string, name: string, value: Uint8Array): void
  /** As {@link setProperty}, but leaves the value's bytes to the caller; the view is good until the next call. */
  setPropertyPlaceholder(path: string, name: string, length: number): Uint8Array
  deleteProperty(path: string, name: string): void
  /**
   * Takes out all gaps and unused room. Returns the blob, a view into {@link buffer}. What is added after it
   * finds no room; {@link openInto} makes some.
   */
  pack(): Uint8Array
}

/**
 * Copies a blob of version 16 or 17 into `size` bytes of room, to be changed there. The bytes are the same
 * as those of libfdt's `fdt_open_into` and what is called after it (fdt_rw.c of dtc 1.8.1): a blob whose
 * blocks are in the usual order keeps its layout until it is packed.
 *
 * @throws KhoError `bad-fdt` for a blob that {@link parseFdt} refuses or of another version, `no-space`
 */
export function openInto(bytes: Uint8Array, size: number): FdtEditor {
  const { tree, structureSize } = parseStructure(bytes)
  const { header } = tree
  if (header.version < 16) {
    const message = `a device tree of version ${header.version} cannot be changed, only read (BADVERSION)`
    throw new KhoError('bad-fdt', message, { offset: HEADER.version })
  }
  const mapSize = (tree.reservations.length + 1) * RESERVATION_SIZE
  const { offMemRsvmap, offDtStruct, offDtStrings, totalsize, sizeDtStrings } = header
  const inOrder =
    offMemRsvmap >= PACKED_MAP &&
    offDtStruct >= offMemRsvmap + mapSize &&
    offDtStrings >= offDtStruct + structureSize &&
    totalsize >= offDtStrings + sizeDtStrings
  const needed = inOrder ? totalsize : PACKED_MAP + mapSize + structureSize + sizeDtStrings
  if (!(size >= needed && size <= 0x7fffffff)) throw noSpace(needed, size)
  const buffer = new Uint8Array(size)
  if (inOrder) buffer.set(bytes.subarray(0, totalsize))
  else {
    buffer.set(bytes.subarray(0, headerSize(header.version)))
    packBlocks(bytes, buffer, { mapSize, structureSize, stringsSize: sizeDtStrings })
    viewOf(buffer).setUint32(HEADER.lastCompVersion, LAST_COMP_VERSION)
  }
  const view = viewOf(buffer)
  view.setUint32(HEADER.version, FDT_VERSION)
  view.setUint32(HEADER.sizeDtStruct, structureSize)
  view.setUint32(HEADER.totalsize, size)
  return createEditor(buffer, tree.reservations.length)
}

interface BlockSizes {
  mapSize: number
  structureSize: number
  stringsSize: number
}

/** Puts the blocks right behind the header, one after the other; `from` and `to` may be the same. */
function packBlocks(from: Uint8Array, to: Uint8Array, sizes: BlockSizes): void {
  const old = viewOf(from)
  const view = viewOf(to)
  let at = PACKED_MAP
  const blocks: [number, number][] = [
    [HEADER.offMemRsvmap, sizes.mapSize],
    [HEADER.offDtStruct, sizes.structureSize],
    [HEADER.offDtStrings, sizes.stringsSize],
  ]
  for (const [field, size] of blocks) {
    const start = old.getUint32(field)
    to.set(from.subarray(start, start + size), at)
    view.setUint32(field, at)
    at += size
  }
  view.setUint32(HEADER.sizeDtStruct, sizes.structureSize)
  view.setUint32(HEADER.sizeDtStrings, sizes.stringsSize)
}

function createEditor(buffer: Uint8Array, reservationCount: number): FdtEditor {
  const view = viewOf(buffer)
  let reservations = reservationCount
  const get = (field: number) => view.getUint32(field)
  const add = (field: number, delta: number) => view.setUint32(field, view.getUint32(field) + delta)
  const dataEnd = () => get(HEADER.offDtStrings) + get(HEADER.sizeDtStrings)

  const room = (delta: number) => {
    if (dataEnd() + delta > get(HEADER.totalsize)) throw noSpace(dataEnd() + delta, get(HEADER.totalsize))
  }
  const splice = (at: number, oldLength: number, newLength: number) => {
    room(newLength - oldLength)
    buffer.copyWithin(at + newLength, at + oldLength, dataEnd())
  }
  const spliceStructure = (at: number, oldLength: number, newLength: number) => {
    splice(at, oldLength, newLength)
    add(HEADER.sizeDtStruct, newLength - oldLength)
    add(HEADER.offDtStrings, newLength - oldLength)
  }
  const nodeOf = (path: string) => {
    const node = findNode(buffer, view, path)
    if (!node) throw badSequence(`there is no node ${path} (NOTFOUND)`)
    return node
  }
  /** The name's offset in the strings block; libfdt takes the first place where its bytes stand. */
  const nameOffset = (name: string) => {
    const start = get(HEADER.offDtStrings)
    const size = get(HEADER.sizeDtStrings)
    const found = findBytes(buffer, start, start + size, name)
    if (found >= 0) return found - start
    splice(start + size, 0, name.length + 1)
    putLatin1(buffer, start + size, name)
    buffer[start + size + name.length] = 0
    add(HEADER.sizeDtStrings, name.length + 1)
    return size
  }
  const placeholder = (path: string, name: string, length: number) => {
    checkName('property', name)
    checkLength(length)
    const node = nodeOf(path)
    const space = alignUp(length, 4)
    const known = findPropertyAt(buffer, view, node, name)
    let at = node.next
    if (known) {
      at = known.at
      spliceStructure(at + 12, alignUp(known.length, 4), space)
    } else {
      const names = get(HEADER.sizeDtStrings)
      const offset = nameOffset(name)
      try {
        spliceStructure(at, 0, 12 + space)
      } catch (error) {
        view.setUint32(HEADER.sizeDtStrings, names)
        throw error
      }
      view.setUint32(at, TAG.property)
      view.setUint32(at + 8, offset)
    }
    view.setUint32(at + 4, length)
    return buffer.subarray(at + 12, at + 12 + length)
  }

  return {
    buffer,
    addReservation(address, size) {
      if (size === 0n) throw new KhoError('bad-fdt', 'a reservation of 0 bytes ends the reserve map')
      const at = get(HEADER.offMemRsvmap) + reservations * RESERVATION_SIZE
      splice(at, 0, RESERVATION_SIZE)
      add(HEADER.offDtStruct, RESERVATION_SIZE)
      add(HEADER.offDtStrings, RESERVATION_SIZE)
      view.setBigUint64(at, address)
      view.setBigUint64(at + 8, size)
      reservations++
    },
    addSubnode(parentPath, name) {
      checkName('node', name)
      if (name === '' || name.includes('/')) {
        throw new KhoError('bad-fdt', 'a node needs a name, and one without "/", to be found by its path')
      }
      const parent = nodeOf(parentPath)
      checkDepth(parent.depth + 1)
      if (findNode(buffer, view, name, parent)) throw badSequence(`there is a node ${name} already (EXISTS)`)
      const at = propertiesEnd(view, parent)
      const space = 4 + alignUp(name.length + 1, 4) + 4
      spliceStructure(at, 0, space)
      buffer.fill(0, at, at + space)
      view.setUint32(at, TAG.beginNode)
      putLatin1(buffer, at + 4, name)
      view.setUint32(at + space - 4, TAG.endNode)
    },
    deleteNode(path) {
      const node = nodeOf(path)
      if (node.depth === 1) throw badSequence('the root node cannot be removed')
      spliceStructure(node.at, nodeEnd(buffer, view, node) - node.at, 0)
    },
    setProperty(path, name, value) {
      placeholder(path, name, value.length).set(value)
    },
    setPropertyPlaceholder: placeholder,
    deleteProperty(path, name) {
      const known = findPropertyAt(buffer, view, nodeOf(path), name)
      if (!known) throw badSequence(`${path} has no property ${name} (NOTFOUND)`)
      spliceStructure(known.at, 12 + alignUp(known.length, 4), 0)
    },
    pack() {
      const mapSize = (reservations + 1) * RESERVATION_SIZE
      const structureSize = get(HEADER.sizeDtStruct)
      packBlocks(buffer, buffer, { mapSize, structureSize, stringsSize: get(HEADER.sizeDtStrings) })
      view.setUint32(HEADER.totalsize, dataEnd())
      return buffer.subarray(0, dataEnd())
    },
  }
}

/** Where the text with its NUL stands first in the range, or -1. */
function findBytes(buffer: Uint8Array, start: number, end: number, text: string): number {
  const first = text.length > 0 ? text.charCodeAt(0) : 0
  for (let at = buffer.indexOf(first, start); at >= 0; at = buffer.indexOf(first, at + 1)) {
    if (at + text.length >= end) return -1
    let same = 0
    while (same < text.length && buffer[at + same] === text.charCodeAt(same)) same++
    if (same === text.length && buffer[at + same] === 0) return at
  }
  return -1
}
