import { latin1 } from '../../formats/fdt/bytes.js'
import { FDT_HEADER, NATIVE_U32_NAMES, NATIVE_U64_NAMES } from '../../formats/fdt/index.js'
import { createNameTable } from '../../formats/fdt/names.js'
import type { FdtFrame } from '../../formats/fdt/read.js'
import { cName } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import { BATCH, batched, FieldItem, type Item } from './span.js'
import { sameView } from './view.js'

const TOKENS: Readonly<Record<number, string>> = {
  1: 'FDT_BEGIN_NODE',
  2: 'FDT_END_NODE',
  3: 'FDT_PROP',
  4: 'FDT_NOP',
  9: 'FDT_END',
}

/** A flattened device tree: header, reserve map, every token with its name and value, and the strings. */
export function* fdtItems(state: KhoState, tree: FdtFrame, address: number, path: string): Generator<Item[]> {
  const { totalsize, version } = tree.header
  const read = state.image.memory.read(address, totalsize)
  const words = Object.entries(FDT_HEADER).slice(0, version >= 17 ? 10 : 9)
  yield words.map(([key, offset]) => ({
    address: address + offset,
    length: 4,
    name: cName(key),
    type: 'be32',
    value: bigEndian,
    ...(offset === 0 ? { heading: { path, what: 'FDT header' } } : {}),
  }))
  if (!read.ok) return
  const blob = read.bytes
  let end = words.length * 4
  for (const items of ascending([reserveItems, structureItems, stringItems].map(make => make(tree, blob)))) {
    const shown: Item[] = []
    for (const item of items) {
      // Blocks that share bytes are broken: what comes first is shown.
      if (item.address < end || item.address + item.length > totalsize) continue
      end = item.address + item.length
      item.address += address
      shown.push(item)
    }
    yield shown
  }
}

/** Items of one block that are the next in the order of their addresses. */
interface Head {
  block: Generator<Item[]>
  items: Item[]
  n: number
}

/** The items of several blocks, each ascending, in the order of their addresses. */
function* ascending(blocks: readonly Generator<Item[]>[]): Generator<Item[]> {
  const heads = blocks.map((block): Head => ({ block, items: [], n: 0 }))
  for (;;) {
    const [first, ...others] = heads.filter(refill).sort((a, b) => startOf(a) - startOf(b))
    if (first === undefined) return
    // No more than what is before all of the others: nearly always, all of them.
    const { items, n } = first
    const limit = others[0] === undefined ? Number.POSITIVE_INFINITY : startOf(others[0])
    const stop = startOf({ ...first, n: items.length - 1 }) < limit ? items.length : n + 1
    first.n = stop
    yield stop - n === items.length ? items : items.slice(n, stop)
  }
}

/** Whether there is another. */
function refill(head: Head): boolean {
  while (head.n === head.items.length) {
    const { done, value } = head.block.next()
    if (done === true) return false
    head.items = value
    head.n = 0
  }
  return true
}

function startOf({ items, n }: Head): number {
  return items[n]!.address
}

/** Numbers of which a tree has many: lengths, and offsets of names. */
const MOST_KEPT = 1024
const kept: string[] = []

function bigEndian(bytes: Uint8Array, at: number): string {
  const value = sameView(bytes).getUint32(at)
  if (value >= MOST_KEPT) return `${value} (${hex(value)})`
  kept[value] ??= value < 10 ? String(value) : `${value} (${hex(value)})`
  return kept[value]
}

function* reserveItems(tree: FdtFrame, blob: Uint8Array): Generator<Item[]> {
  const view = viewOf(blob)
  const { offMemRsvmap } = tree.header
  const room = Math.max(0, Math.floor((blob.length - offMemRsvmap) / 16))
  yield* batched(Math.min(tree.reservations.length + 1, room), (n, items) => {
    const at = offMemRsvmap + n * 16
    const text = `${hex(view.getBigUint64(at))}, ${view.getBigUint64(at + 8)} bytes`
    const value = n === tree.reservations.length ? 'end' : text
    items.push(new FieldItem(at, 16, `reserve[${n}]`, 'be64[2]', () => value))
  })
}

/** Tokens of the structure block, as far as they are sound. */
function* structureItems(tree: FdtFrame, blob: Uint8Array): Generator<Item[]> {
  const view = viewOf(blob)
  const nameAt = createNameTable(blob, tree.header)
  const end = Math.min(blob.length, tree.header.offDtStruct + (tree.header.sizeDtStruct ?? blob.length))
  let items: Item[] = []
  const item = (address: number, length: number, name: string, type: string, value: Item['value']) => {
    items.push(new FieldItem(address, length, name, type, value))
  }
  for (let at = tree.header.offDtStruct; at + 4 <= end; ) {
    if (items.length >= BATCH) {
      yield items
      items = []
    }
    const token = view.getUint32(at)
    const label = TOKENS[token]
    if (label === undefined) break
    item(at, 4, label, 'be32', nothing)
    at += 4
    if (token === 9) break
    if (token === 1) {
      let stop = at
      // Most names have a few bytes.
      while (stop < blob.length && blob[stop] !== 0) stop++
      const length = Math.ceil(((stop === blob.length ? end : stop + 1) - at) / 4) * 4
      item(at, Math.min(length, end - at), 'name', 'char[]', quoted)
      at += length
    } else if (token === 3 && at + 8 <= end) {
      const length = view.getUint32(at)
      item(at, 4, 'len', 'be32', bigEndian)
      item(at + 4, 4, 'nameoff', 'be32', bigEndian)
      at += 8
      const named = nameAt(view.getUint32(at - 4))
      const property = typeof named === 'string' ? named : null
      const padded = Math.ceil(length / 4) * 4
      if (at + padded > end) break
      if (length > 0) item(at, padded, property ?? 'value', 'u8[]', propertyText(property ?? '', length))
      at += padded
    }
  }
  yield items
}

const nothing = () => ''
/** A string, as far as its NUL. */
const quoted: Item['value'] = (bytes, at, length) => {
  let end = at
  while (end < at + length && bytes[end] !== 0) end++
  return JSON.stringify(latin1(bytes.subarray(at, end)))
}

/** A value of a name that KHO gives a type is shown as that; else as strings where it is some. */
function propertyText(name: string, length: number): Item['value'] {
  return (bytes, at) => {
    if (NATIVE_U64_NAMES.has(name) && length === 8) return hex(sameView(bytes).getBigUint64(at, true))
    if (NATIVE_U32_NAMES.has(name) && length === 4) return hex(sameView(bytes).getUint32(at, true))
    if (isText(bytes, at, length)) return textValue(bytes.subarray(at, at + length - 1))
    return `${length} bytes`
  }
}

/** Whether bytes are strings of printable ASCII, none of them empty, with a NUL behind each. */
function isText(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 0 || bytes[at + length - 1] !== 0) return false
  let empty = true
  for (let n = at; n < at + length; n++) {
    const byte = bytes[n]!
    if (byte === 0 ? empty : byte < 0x20 || byte > 0x7e) return false
    empty = byte === 0
  }
  return true
}

/** Bytes of a text that are quoted together: it may be strings by the million. */
const QUOTED = 2 ** 14

/** The strings of a text, quoted. */
function textValue(text: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < text.length; at += QUOTED) {
    const part = latin1(text.subarray(at, at + QUOTED))
    // Not replaced: V8 leaves what it replaces in as many pieces.
    parts.push(part.replace(/["\\]/g, '\\$&').split('\0').join('", "'))
  }
  return `"${parts.join('')}"`
}

/** NULs from which on no empty string is shown: names lie one behind the other. */
const FILL = 48

function* stringItems(tree: FdtFrame, blob: Uint8Array): Generator<Item[]> {
  const { offDtStrings, sizeDtStrings } = tree.header
  const end = Math.min(blob.length, offDtStrings + sizeDtStrings)
  let items: Item[] = []
  for (let at = offDtStrings; at < end; ) {
    let empty = at
    while (empty < end && blob[empty] === 0) empty++
    if (empty - at >= FILL) {
      const name = `string+${at - offDtStrings}-${empty - offDtStrings - 1}`
      items.push({ address: at, length: empty - at, name, type: 'char[]', value: nothing, fill: 0 })
      at = empty
      continue
    }
    const stop = blob.indexOf(0, at)
    const length = (stop < 0 || stop >= end ? end : stop + 1) - at
    items.push(new FieldItem(at, length, `string+${at - offDtStrings}`, 'char[]', quoted))
    if (items.length >= BATCH) {
      yield items
      items = []
    }
    at += length
  }
  yield items
}
