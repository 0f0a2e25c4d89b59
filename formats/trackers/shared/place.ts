import { type FdtNode, findChild, findProperty, nativeU64, nativeU64Bytes } from '../../fdt/index.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { MapPlace, TrackerRoot } from '../place.js'
import type { TrackerAttachment } from '../writer.js'

function valueAt(fdt: FdtNode, { node, property }: MapPlace) {
  const holder = node === null ? fdt : findChild(fdt, node)
  return holder && findProperty(holder, property)
}

/** The one address that a property of 8 bytes holds; null where it is not there, or of another length. */
export function locateAddress(fdt: FdtNode, place: MapPlace): TrackerRoot | null {
  const property = valueAt(fdt, place)
  const value = property && nativeU64(property)
  return value === null ? null : { addresses: [Number(value)] }
}

/** The addresses of a property that holds one u64 or more. */
export function locateArray(fdt: FdtNode, place: MapPlace): TrackerRoot | null {
  const property = valueAt(fdt, place)
  if (!property || property.value.length === 0 || property.value.length % 8 !== 0) return null
  const view = viewOf(property.value)
  const addresses: number[] = []
  for (let offset = 0; offset < property.value.length; offset += 8) addresses.push(u64(view, offset))
  return { addresses }
}

/** The addresses of a tracker as the native u64s of a property. */
export function attachAddresses({ addresses }: TrackerRoot, place: MapPlace): TrackerAttachment {
  const value = nativeU64Bytes(...(addresses.length === 0 ? [0n] : addresses.map(BigInt)))
  const properties = [{ name: place.property, value }]
  return place.node === null
    ? { properties, children: [] }
    : { properties: [], children: [{ name: place.node, properties }] }
}
