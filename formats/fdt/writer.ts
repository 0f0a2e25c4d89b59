import { KhoError } from '../error.js'
import { alignUp, putLatin1, viewOf } from './bytes.js'
import { FDT_MAGIC, FDT_VERSION, HEADER } from './header.js'
import { badSequence, checkDepth, checkLength, checkName, noSpace } from './refuse.js'
import { RESERVATION_SIZE } from './reservations.js'
import { TAG } from './structure.js'

/** Where the reserve map begins: the header rounded up to whole entries, as `fdt_create` does. */
const MAP_OFFSET = 0x30

/** The last version whose readers can read version 17. */
export const LAST_COMP_VERSION = 16

/**
 * Writes a blob front to back, as libfdt's sequential API (`fdt_create` and what follows). The calls come in
 * this order: reservations, then one tree of nodes, with a node's properties before its children, then
 * `finish`. Each throws `bad-sequence` where its turn is not, `no-space` where the room is too small (then
 * nothing has been written), and `bad-fdt` for a name that cannot be written.
 */
export interface FdtWriter {
  /** All of the room, as libfdt leaves it: after `finish` behind the blob there are remains of the names. */
  readonly buffer: Uint8Array
  /** Adds an entry to the reserve map; a size of 0 would end it, and is refused with `bad-fdt`. */
  reserve(address: bigint, size: bigint): void
  /** Opens a node; the first one is the root, whose name is ''. */
  beginNode(name: string): void
  property(name: string, value: Uint8Array): void
  /** A property of zeros. Returns a view of its value, which stays good after `finish`. */
  propertyPlaceholder(name: string, length: number): Uint8Array
  endNode(): void
  /** Ends the blob and returns it, a view into {@link buffer}. */
  finish(): Uint8Array
}

/**
 * Starts a blob of version 17 in `size` bytes of room. The bytes are the same as those of libfdt (fdt_sw.c of
 * dtc 1.8.1) after `fdt_create`, down to which names share their bytes.
 *
 * @throws KhoError `no-space` if not even the header has room
 */
export function createFdtWriter(size: number): FdtWriter {
  if (!(size >= MAP_OFFSET && size <= 0x7fffffff)) throw noSpace(MAP_OFFSET, size)
  const buffer = new Uint8Array(size)
  const view = viewOf(buffer)
  /** Where in the strings block, counted back from its end, each name or end of a name was found last. */
  const names = new Map<string, number>()
  const nameFields: number[] = []
  let state: 'reservations' | 'nodes' | 'finished' = 'reservations'
  let structStart = MAP_OFFSET
  let top = MAP_OFFSET
  let stringsSize = 0
  /** For each open node whether it has a child. */
  const open: boolean[] = []
  let rooted = false

  const room = (length: number) => {
    if (top + length + stringsSize > buffer.length) throw noSpace(top + length + stringsSize, buffer.length)
  }
  const addReservation = (address: bigint, length: bigint) => {
    room(RESERVATION_SIZE)
    view.setBigUint64(top, address)
    view.setBigUint64(top + 8, length)
    top += RESERVATION_SIZE
  }
  /** libfdt looks for the name from the lowest address, that is among the names added last. */
  const addName = (name: string) => {
    stringsSize += name.length + 1
    putLatin1(buffer, buffer.length - stringsSize, name)
    buffer[buffer.length - stringsSize + name.length] = 0
    for (let at = 0; at <= name.length; at++) names.set(name.slice(at), stringsSize - at)
    return stringsSize
  }
  const inNodes = (what: string) => {
    if (state === 'finished') throw badSequence(`${what} after the end of the blob`)
  }
  const placeholder = (name: string, length: number) => {
    inNodes('a property')
    checkName('property', name)
    checkLength(length)
    const children = open.at(-1)
    if (children === undefined) throw badSequence('a property outside of every node')
    if (children) throw badSequence('a property after a child node')
    const known = names.get(name)
    const space = 12 + alignUp(length, 4)
    room(space + (known === undefined ? name.length + 1 : 0))
    const back = known ?? addName(name)
    view.setUint32(top, TAG.property)
    view.setUint32(top + 4, length)
    view.setUint32(top + 8, back)
    nameFields.push(top + 8)
    const value = buffer.subarray(top + 12, top + 12 + length)
    top += space
    return value
  }

  return {
    buffer,
    reserve(address, length) {
      if (state !== 'reservations') throw badSequence('a reservation after the first node')
      if (length === 0n) throw new KhoError('bad-fdt', 'a reservation of 0 bytes ends the reserve map')
      addReservation(address, length)
    },
    beginNode(name) {
      inNodes('a node')
      checkName('node', name)
      if (open.length === 0) {
        if (rooted) throw badSequence('a second root node')
        if (name !== '') throw new KhoError('bad-fdt', 'the root node has no name')
      }
      checkDepth(open.length + 1)
      const space = 4 + alignUp(name.length + 1, 4)
      room(space + (state === 'reservations' ? RESERVATION_SIZE : 0))
      if (state === 'reservations') {
        addReservation(0n, 0n)
        structStart = top
        state = 'nodes'
      }
      view.setUint32(top, TAG.beginNode)
      putLatin1(buffer, top + 4, name)
      top += space
      if (open.length > 0) open[open.length - 1] = true
      open.push(false)
      rooted = true
    },
    property(name, value) {
      placeholder(name, value.length).set(value)
    },
    propertyPlaceholder: placeholder,
    endNode() {
      inNodes('the end of a node')
      if (open.length === 0) throw badSequence('the end of a node, and none is open')
      room(4)
      view.setUint32(top, TAG.endNode)
      top += 4
      open.pop()
    },
    finish() {
      inNodes('a second end')
      if (!rooted) throw badSequence('the end of the blob before its root node')
      if (open.length > 0) throw badSequence('the end of the blob with nodes still open')
      room(4)
      view.setUint32(top, TAG.end)
      top += 4
      buffer.copyWithin(top, buffer.length - stringsSize)
      for (const field of nameFields) view.setUint32(field, stringsSize - view.getUint32(field))
      view.setUint32(HEADER.magic, FDT_MAGIC)
      view.setUint32(HEADER.totalsize, top + stringsSize)
      view.setUint32(HEADER.offDtStruct, structStart)
      view.setUint32(HEADER.offDtStrings, top)
      view.setUint32(HEADER.offMemRsvmap, MAP_OFFSET)
      view.setUint32(HEADER.version, FDT_VERSION)
      view.setUint32(HEADER.lastCompVersion, LAST_COMP_VERSION)
      view.setUint32(HEADER.sizeDtStrings, stringsSize)
      view.setUint32(HEADER.sizeDtStruct, top - structStart)
      state = 'finished'
      return buffer.subarray(0, top + stringsSize)
    },
  }
}
