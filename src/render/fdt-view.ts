import type { FdtNode, FdtProperty } from '../../formats/fdt/index.js'
import { nativeU64 } from '../../formats/fdt/index.js'
import { bytes, count, list, name, nothing, opaque, type RecordView, record } from './view.js'

/** A device tree node. A path goes through to its properties and children: `fdt/LUO/preserved-data`. */
export function nodeView(node: FdtNode): RecordView {
  return record(
    {
      name: name(node.name),
      properties: list(node.properties, propertyView, property => property.name),
      children: list(node.children, nodeView, child => child.name),
    },
    ['properties', 'children'],
  )
}

/** A property's bytes, and what they may be: nothing in a device tree says which. */
function propertyView(property: FdtProperty): RecordView {
  const { value } = property
  const text = printable(value)
  return record({
    name: name(property.name),
    length: count(value.length),
    text: text === null ? nothing : name(text),
    u64: value.length === 8 ? opaque(nativeU64(property)) : nothing,
    bytes: bytes(value),
  })
}

/** Strings with a NUL behind each, none of them empty, all of printable ASCII: what dtc takes for text. */
function printable(value: Uint8Array): string | null {
  if (value.length < 2 || value.at(-1) !== 0 || value[0] === 0) return null
  let text = ''
  for (let i = 0; i < value.length - 1; i++) {
    const byte = value[i] as number
    const separator = byte === 0 && value[i + 1] !== 0
    if (!separator && (byte < 0x20 || byte > 0x7e)) return null
    text += String.fromCharCode(byte)
  }
  return text
}
