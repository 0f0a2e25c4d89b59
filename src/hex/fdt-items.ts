import type { FdtNode, FdtTree } from '../../formats/fdt/index.js'
import { NATIVE_U32_NAMES, NATIVE_U64_NAMES, stringList } from '../../formats/fdt/index.js'
import { byteString, terminatedString } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import type { Item } from './span.js'

const HEADER = [
  'magic',
  'totalsize',
  'off_dt_struct',
  'off_dt_strings',
  'off_mem_rsvmap',
  'version',
  'last_comp_version',
  'boot_cpuid_phys',
  'size_dt_strings',
  'size_dt_struct',
]
const TOKENS: Readonly<Record<number, string>> = {
  1: 'FDT_BEGIN_NODE',
  2: 'FDT_END_NODE',
  3: 'FDT_PROP',
  4: 'FDT_NOP',
  9: 'FDT_END',
}

/** A flattened device tree: header, reserve map, every token with its name and value, and the strings. */
export function fdtItems(state: KhoState, tree: FdtTree, address: number, path: string): Item[] {
  const { totalsize, version } = tree.header
  const read = state.image.memory.read(address, totalsize)
  const words = HEADER.slice(0, version >= 17 ? 10 : 9)
  const items: Item[] = words.map((name, n) => ({
    address: address + n * 4,
    length: 4,
    name,
    type: 'be32',
    value: bytes => bigEndian(bytes),
    ...(n === 0 ? { heading: { path, what: 'FDT header' } } : {}),
  }))
  if (!read.ok) return items
  const blob = read.bytes
  const blocks = [reserveItems, structureItems, stringItems].flatMap(make => make(tree, blob))
  blocks.sort((a, b) => a.address - b.address)
  let end = words.length * 4
  for (const item of blocks) {
    // Blocks that share bytes are broken: what comes first is shown.
    if (item.address < end || item.address + item.length > totalsize) continue
    end = item.address + item.length
    items.push({ ...item, address: address + item.address })
  }
  return items
}

function bigEndian(bytes: Uint8Array): string {
  const value = viewOf(bytes).getUint32(0)
  return value < 10 ? String(value) : `${value} (${hex(value)})`
}

function reserveItems(tree: FdtTree, blob: Uint8Array): Item[] {
  const items: Item[] = []
  const view = viewOf(blob)
  for (let n = 0; n <= tree.reservations.length; n++) {
    const at = tree.header.offMemRsvmap + n * 16
    if (at + 16 > blob.length) break
    const text = `${hex(view.getBigUint64(at))}, ${view.getBigUint64(at + 8)} bytes`
    const value = n === tree.reservations.length ? 'end' : text
    items.push({ address: at, length: 16, name: `reserve[${n}]`, type: 'be64[2]', value: () => value })
  }
  return items
}

/** Tokens of the structure block, as far as they are sound. */
function structureItems(tree: FdtTree, blob: Uint8Array): Item[] {
  const view = viewOf(blob)
  const properties = propertiesByOffset(tree.root)
  const end = Math.min(blob.length, tree.header.offDtStruct + (tree.header.sizeDtStruct ?? blob.length))
  const items: Item[] = []
  const add = (address: number, length: number, name: string, type: string, value: Item['value']) => {
    items.push({ address, length, name, type, value })
  }
  for (let at = tree.header.offDtStruct; at + 4 <= end; ) {
    const token = view.getUint32(at)
    const label = TOKENS[token]
    if (label === undefined) break
    add(at, 4, label, 'be32', () => '')
    at += 4
    if (token === 9) break
    if (token === 1) {
      const stop = blob.indexOf(0, at)
      const length = Math.ceil(((stop < 0 ? end : stop + 1) - at) / 4) * 4
      add(at, Math.min(length, end - at), 'name', 'char[]', bytes => JSON.stringify(terminatedString(bytes)))
      at += length
    } else if (token === 3 && at + 8 <= end) {
      const length = view.getUint32(at)
      add(at, 4, 'len', 'be32', bigEndian)
      add(at + 4, 4, 'nameoff', 'be32', bigEndian)
      at += 8
      const property = properties.get(at)
      const padded = Math.ceil(length / 4) * 4
      if (at + padded > end) break
      if (length > 0) add(at, padded, property ?? 'value', 'u8[]', propertyText(property ?? '', length))
      at += padded
    }
  }
  return items
}

function propertiesByOffset(root: FdtNode): Map<number, string> {
  const names = new Map<number, string>()
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const { name, offset } of node.properties) names.set(offset, name)
    pending.push(...node.children)
  }
  return names
}

/** A value of a name that KHO gives a type is shown as that; else as strings where it is some. */
function propertyText(name: string, length: number): Item['value'] {
  return padded => {
    const value = padded.subarray(0, length)
    const view = viewOf(value)
    if (NATIVE_U64_NAMES.has(name) && length === 8) return hex(view.getBigUint64(0, true))
    if (NATIVE_U32_NAMES.has(name) && length === 4) return hex(view.getUint32(0, true))
    const list = stringList({ name, value, offset: 0 })
    if (list?.every(text => /^[\x20-\x7e]+$/.test(text)) === true)
      return list.map(text => JSON.stringify(text)).join(', ')
    return `${length} bytes`
  }
}

function stringItems(tree: FdtTree, blob: Uint8Array): Item[] {
  const { offDtStrings, sizeDtStrings } = tree.header
  const end = Math.min(blob.length, offDtStrings + sizeDtStrings)
  const items: Item[] = []
  for (let at = offDtStrings; at < end; ) {
    const stop = blob.indexOf(0, at)
    const length = (stop < 0 || stop >= end ? end : stop + 1) - at
    const text = JSON.stringify(byteString(blob.subarray(at, at + length)).replace(/\0$/, ''))
    items.push({
      address: at,
      length,
      name: `string+${at - offDtStrings}`,
      type: 'char[]',
      value: () => text,
    })
    at += length
  }
  return items
}
