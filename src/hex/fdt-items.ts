import type { FdtTree } from '../../formats/fdt/index.js'
import { FDT_HEADER, NATIVE_U32_NAMES, NATIVE_U64_NAMES, stringList } from '../../formats/fdt/index.js'
import { createNameTable } from '../../formats/fdt/names.js'
import { byteString, cName, terminatedString } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import type { Item } from './span.js'

const TOKENS: Readonly<Record<number, string>> = {
  1: 'FDT_BEGIN_NODE',
  2: 'FDT_END_NODE',
  3: 'FDT_PROP',
  4: 'FDT_NOP',
  9: 'FDT_END',
}

/** A flattened device tree: header, reserve map, every token with its name and value, and the strings. */
export function* fdtItems(state: KhoState, tree: FdtTree, address: number, path: string): Generator<Item> {
  const { totalsize, version } = tree.header
  const read = state.image.memory.read(address, totalsize)
  const words = Object.entries(FDT_HEADER).slice(0, version >= 17 ? 10 : 9)
  for (const [key, offset] of words) {
    const heading = offset === 0 ? { heading: { path, what: 'FDT header' } } : {}
    yield {
      address: address + offset,
      length: 4,
      name: cName(key),
      type: 'be32',
      value: bigEndian,
      ...heading,
    }
  }
  if (!read.ok) return
  const blob = read.bytes
  let end = words.length * 4
  for (const item of ascending([reserveItems, structureItems, stringItems].map(make => make(tree, blob)))) {
    // Blocks that share bytes are broken: what comes first is shown.
    if (item.address < end || item.address + item.length > totalsize) continue
    end = item.address + item.length
    item.address += address
    yield item
  }
}

/** The items of several blocks, each ascending, in the order of their addresses: no more than one of each is made at a time. */
function* ascending(blocks: readonly Generator<Item>[]): Generator<Item> {
  const heads = blocks.map(block => ({ block, item: block.next().value as Item | undefined }))
  for (;;) {
    let first: (typeof heads)[number] | null = null
    for (const head of heads) {
      if (head.item !== undefined && (first === null || head.item.address < first.item!.address)) first = head
    }
    if (first === null) return
    yield first.item!
    first.item = first.block.next().value as Item | undefined
  }
}

function bigEndian(bytes: Uint8Array): string {
  const value = viewOf(bytes).getUint32(0)
  return value < 10 ? String(value) : `${value} (${hex(value)})`
}

function* reserveItems(tree: FdtTree, blob: Uint8Array): Generator<Item> {
  const view = viewOf(blob)
  for (let n = 0; n <= tree.reservations.length; n++) {
    const at = tree.header.offMemRsvmap + n * 16
    if (at + 16 > blob.length) break
    const text = `${hex(view.getBigUint64(at))}, ${view.getBigUint64(at + 8)} bytes`
    const value = n === tree.reservations.length ? 'end' : text
    yield { address: at, length: 16, name: `reserve[${n}]`, type: 'be64[2]', value: () => value }
  }
}

/** Tokens of the structure block, as far as they are sound. */
function* structureItems(tree: FdtTree, blob: Uint8Array): Generator<Item> {
  const view = viewOf(blob)
  const nameAt = createNameTable(blob, tree.header)
  const end = Math.min(blob.length, tree.header.offDtStruct + (tree.header.sizeDtStruct ?? blob.length))
  const item = (address: number, length: number, name: string, type: string, value: Item['value']): Item => {
    return { address, length, name, type, value }
  }
  for (let at = tree.header.offDtStruct; at + 4 <= end; ) {
    const token = view.getUint32(at)
    const label = TOKENS[token]
    if (label === undefined) break
    yield item(at, 4, label, 'be32', nothing)
    at += 4
    if (token === 9) break
    if (token === 1) {
      const stop = blob.indexOf(0, at)
      const length = Math.ceil(((stop < 0 ? end : stop + 1) - at) / 4) * 4
      yield item(at, Math.min(length, end - at), 'name', 'char[]', quoted)
      at += length
    } else if (token === 3 && at + 8 <= end) {
      const length = view.getUint32(at)
      yield item(at, 4, 'len', 'be32', bigEndian)
      yield item(at + 4, 4, 'nameoff', 'be32', bigEndian)
      at += 8
      const named = nameAt(view.getUint32(at - 4))
      const property = typeof named === 'string' ? named : null
      const padded = Math.ceil(length / 4) * 4
      if (at + padded > end) break
      if (length > 0)
        yield item(at, padded, property ?? 'value', 'u8[]', propertyText(property ?? '', length))
      at += padded
    }
  }
}

const nothing = () => ''
const quoted = (bytes: Uint8Array) => JSON.stringify(terminatedString(bytes))

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

function* stringItems(tree: FdtTree, blob: Uint8Array): Generator<Item> {
  const { offDtStrings, sizeDtStrings } = tree.header
  const end = Math.min(blob.length, offDtStrings + sizeDtStrings)
  for (let at = offDtStrings; at < end; ) {
    const stop = blob.indexOf(0, at)
    const length = (stop < 0 || stop >= end ? end : stop + 1) - at
    const text = JSON.stringify(byteString(blob.subarray(at, at + length)).replace(/\0$/, ''))
    yield { address: at, length, name: `string+${at - offDtStrings}`, type: 'char[]', value: () => text }
    at += length
  }
}
