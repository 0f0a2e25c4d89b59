import { alignUp, viewOf } from './bytes.js'
import { HEADER } from './header.js'
import { checkDepth } from './refuse.js'
import { RESERVATION_SIZE } from './reservations.js'
import type { FdtReservation } from './types.js'
import { stringBytes } from './values.js'
import { createFdtWriter } from './writer.js'

/** A value: bytes as they are, or byte strings that each get a NUL. Numbers have no one byte order here. */
export type FdtValue = Uint8Array | string | readonly string[]

/** A property to write. */
export interface FdtPropertySpec {
  name: string
  value: FdtValue
}

/** A node to write; a decoded {@link FdtNode} is one too. */
export interface FdtNodeSpec {
  /** A byte string; the root's is '' and can be left out. */
  name?: string
  /**
   * In the order they are written. In a record, names that are decimal numbers come first, as everywhere
   * in JavaScript.
   */
  properties?: Readonly<Record<string, FdtValue>> | readonly FdtPropertySpec[]
  children?: readonly FdtNodeSpec[]
}

/** What a blob holds besides its nodes. */
export interface BuildOptions {
  reservations?: readonly FdtReservation[]
  bootCpuidPhys?: number
}

interface Step {
  spec: FdtNodeSpec
  /** Null for the step that closes the node. */
  properties: { name: string; value: Uint8Array }[] | null
}

/**
 * Writes a whole tree with {@link createFdtWriter}, in a buffer of its own that has just the length.
 *
 * @throws KhoError `bad-fdt` for a name or string that is no byte string, or a tree too deep to be read again
 */
export function buildFdt(root: FdtNodeSpec, options: BuildOptions = {}): Uint8Array {
  const steps: Step[] = []
  const reservations = options.reservations ?? []
  let size = 0x30 + RESERVATION_SIZE * (reservations.length + 1) + 4
  const waiting: { spec: FdtNodeSpec; depth: number }[] = [{ spec: root, depth: 1 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { spec, depth } = next
    if (depth === 0) {
      steps.push({ spec, properties: null })
      continue
    }
    checkDepth(depth)
    const properties = propertiesOf(spec)
    size += 8 + alignUp((spec.name ?? '').length + 1, 4)
    for (const { name, value } of properties) size += 13 + name.length + alignUp(value.length, 4)
    steps.push({ spec, properties })
    waiting.push({ spec, depth: 0 })
    const children = spec.children ?? []
    for (let at = children.length - 1; at >= 0; at--) waiting.push({ spec: children[at]!, depth: depth + 1 })
  }
  const writer = createFdtWriter(size)
  for (const { address, size: length } of reservations) writer.reserve(address, length)
  for (const { spec, properties } of steps) {
    if (!properties) writer.endNode()
    else {
      writer.beginNode(spec.name ?? '')
      for (const { name, value } of properties) writer.property(name, value)
    }
  }
  const blob = writer.finish().slice()
  viewOf(blob).setUint32(HEADER.bootCpuidPhys, options.bootCpuidPhys ?? 0)
  return blob
}

function propertiesOf(spec: FdtNodeSpec): { name: string; value: Uint8Array }[] {
  const { properties = [] } = spec
  const list = isList(properties)
    ? properties
    : Object.entries(properties).map(([name, value]) => ({ name, value }))
  return list.map(({ name, value }) => ({ name, value: bytesOf(value) }))
}

// Array.isArray does not narrow a readonly array out of a union.
function isList(
  properties: NonNullable<FdtNodeSpec['properties']>,
): properties is readonly FdtPropertySpec[] {
  return Array.isArray(properties)
}

function bytesOf(value: FdtValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? stringBytes(value) : stringBytes(...value)
}
