import type { Blob, KhoTest, Memblock } from '../../formats/blobs/index.js'
import { appendPath, elementSegments, KEXEC_METADATA } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { fdtPart } from './fdt-part.js'
import { areasPart, inlineExtents } from './inline-part.js'
import { luoPart } from './luo-part.js'
import { listPart, type Part, type Piece, structPart } from './part.js'
import { readTreeAt } from './read-tree.js'
import { vmallocPart } from './vmalloc-part.js'

/** One child of the root FDT. `path` is how it was named: `luo` and `blobs/LUO` are the same part. */
export function blobPart(state: KhoState, blob: Blob, path: string): Part {
  const { address, size, value } = blob
  const extents = address === null ? [] : [rangeAt(address, Math.max(size ?? 1, 1))]
  const plain: Part = { path, what: `blob (${blob.format})`, extents }
  if (value === null) return plain
  switch (value.kind) {
    case 'kexec-metadata':
      return { ...plain, ...structOnly(structPart(path, plain.what, address!, KEXEC_METADATA)), extents }
    case 'luo':
      return { ...plain, ...luoPart(state, value, path), extents }
    case 'memblock':
      return { ...plain, ...withTree(state, blob, path), ...regionsPart(value, path) }
    case 'kho-test':
      return { ...plain, ...withTree(state, blob, path), ...testPart(state, value, path) }
    case 'vmalloc':
      return { ...plain, ...vmallocPart(state, value, path), extents }
    case 'fdt': {
      const tree = fdtPart(value.tree, address!, path)
      return { ...tree, what: plain.what, extents }
    }
    case 'node':
      return { ...plain, ...areasPart(state, blob, value, path) }
    case 'bytes':
      return plain
  }
}

function structOnly(part: Part): Partial<Part> {
  const { fields, pieces } = part
  return { ...(fields && { fields }), ...(pieces && { pieces }) }
}

/** The FDT of a blob that a decoder knows more about. */
function withTree(state: KhoState, blob: Blob, path: string): Partial<Part> {
  if (blob.address === null) return { extents: inlineExtents(state, blob) }
  const tree = readTreeAt(state, blob.address, blob.size ?? 0)
  if (tree === null) return {}
  const { pieces, value } = fdtPart(tree, blob.address, path)
  return { ...(pieces && { pieces }), ...(value && { value }) }
}

function regionsPart(memblock: Memblock, path: string): Partial<Part> {
  const { regions } = memblock
  const segments = elementSegments(regions.map(region => region.name))
  const at = (base: string) => (n: number) => {
    const { start, size } = regions[n]!
    const extents = start === null || size === null ? [] : [rangeAt(start, size)]
    return { path: appendPath(base, segments[n]!), what: 'reserve_mem region', extents }
  }
  const list = { length: regions.length, key: (n: number) => regions[n]!.name }
  return {
    fields: {
      regions: () => listPart(appendPath(path, 'regions'), 'list of regions', { ...list, at: at(path) }),
    },
    through: ['regions'],
  }
}

function testPart(state: KhoState, test: KhoTest, path: string): Partial<Part> {
  const { address, order, count } = test.folios
  const at = (n: number): Part => {
    const start = address[n] as number
    const size = state.geometry.pageSize * 2 ** (order[n] as number)
    const extents = start === 0 ? [] : [rangeAt(start, size)]
    return { path: appendPath(path, 'folios', n), what: 'folio', extents }
  }
  const fields: Record<string, () => Part> = {
    folios: () =>
      listPart(appendPath(path, 'folios'), 'list of folios', { length: count, key: () => null, at }),
  }
  if (test.vmalloc !== null) {
    const { vmalloc } = test
    fields.vmalloc = () => vmallocPart(state, vmalloc, appendPath(path, 'vmalloc'), folioWords(state))
  }
  return { fields }
}

/** kho_test's area holds u64s: an address with an order in its low bits. */
function folioWords(state: KhoState) {
  return (address: number, size: number): Piece => ({
    kind: 'words',
    address,
    count: size / 8,
    name: 'folio',
    meaning: value => {
      const order = Number(value % BigInt(state.geometry.pageSize))
      return value === 0n ? 'none' : `${hex(value - BigInt(order))}, order ${order}`
    },
  })
}
