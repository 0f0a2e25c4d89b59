import type { Blob, MemArea } from '../../formats/blobs/index.js'
import { type FdtNode, type FdtProperty, type FdtTree, nativeU64 } from '../../formats/fdt/index.js'
import { type FdtFrame, readFdtFrame } from '../../formats/fdt/read.js'
import { abiOf } from '../../formats/kernels/index.js'
import { KHO_MEM } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { singleClaim } from './claim.js'
import { madeElements } from './elements.js'
import {
  address,
  bytes,
  count,
  defineKind,
  type Field,
  type Kind,
  list,
  type Memory,
  NO_MEMORY,
  name,
  opaque,
  size,
  text,
} from './kind.js'

/** A flattened device tree, where it lies, and its path. */
export interface TreeAt {
  tree: FdtTree
  address: number
  path: string
}

/** The same of a tree whose nodes nobody looks at. */
type FrameAt = Omit<TreeAt, 'tree'> & { tree: FdtFrame }

/** A node of a tree. */
export interface NodeAt {
  node: FdtNode
  of: TreeAt
}

interface PropertyAt {
  property: FdtProperty
  of: TreeAt
}

/** One struct kho_mem: its bytes are those that it names. */
export const AREA = defineKind<MemArea>({
  what: 'area of memory',
  fields: {
    path: text(area => area.path),
    start: address(area => area.start, { orNull: 'no physical address' }),
    size: size(area => area.size, { orNull: 'no number of bytes' }),
  },
  memory: ({ start, size: length }) =>
    start === null || length === null ? NO_MEMORY : { extents: [rangeAt(start, length)] },
})

/** A property's bytes, and what they may be: nothing in a device tree says which. */
const PROPERTY = defineKind<PropertyAt>({
  what: 'FDT property',
  fields: {
    name: name(({ property }) => property.name),
    length: count(({ property }) => property.value.length),
    text: name(({ property }) => printable(property.value), {
      orNull: 'NUL between strings; null where the bytes are no printable strings',
    }),
    u64: opaque(({ property }) => (property.value.length === 8 ? nativeU64(property) : null), {
      orNull: 'little-endian; null where the length is not 8',
    }),
    bytes: bytes(({ property }) => property.value),
    areas: list('list of areas', AREA, ({ property }) => areasIn(property), { through: 'all', hidden: true }),
  },
  memory: ({ property, of }) => ({ ...treePieces(of), extents: [extentOf(property, of)] }),
})

/** What a `mem` property of the early series names: an array of struct kho_mem. */
function areasIn({ name: own, value }: FdtProperty): MemArea[] {
  if (own !== 'mem' || value.length % KHO_MEM.size !== 0) return []
  return Array.from({ length: value.length / KHO_MEM.size }, (_, n) => {
    const { addr, size: length } = KHO_MEM.read(value, n * KHO_MEM.size)
    return { path: `mem/#${n}`, start: addr, size: length < ADDRESS_LIMIT ? Number(length) : null }
  })
}

const FIELDS: Record<string, Field<NodeAt>> = {
  name: name(({ node }) => node.name),
  properties: list(
    'list of properties',
    PROPERTY,
    ({ node, of }) =>
      madeElements(
        node.properties,
        property => ({ property, of }),
        property => property.name,
      ),
    { through: 'all' },
  ),
}

/** A device tree node. A path goes through to its properties and children: `fdt/LUO/preserved-data`. */
export const NODE: Kind<NodeAt> = defineKind<NodeAt>({
  what: ({ node, of }) => (node === of.tree.root ? 'FDT' : 'FDT node'),
  fields: FIELDS,
  memory({ node, of }) {
    if (node === of.tree.root) return wholeTree(of)
    return { ...treePieces(of), extents: node.properties.map(property => extentOf(property, of)) }
  },
})

FIELDS.children = list(
  'list of nodes',
  NODE,
  ({ node, of }) =>
    madeElements(
      node.children,
      child => ({ node: child, of }),
      child => child.name,
    ),
  { through: 'all' },
)

/** KHO's own tree. Where it lies is no concern of those who hand something over. */
export const ROOT_FDT: Kind<NodeAt> = {
  ...NODE,
  *claims({ of: { address: at, path } }, { state }) {
    const { abi, compatible, fdt, geometry } = state
    const { fdtPreserved: preserved } = abiOf(abi)
    // A root has one page since 6.16, and tens of MiB at the most before, whatever its header says.
    const length = Math.min(fdt.header.totalsize, preserved ? geometry.pageSize : 2 ** 24)
    yield singleClaim(path, at, length, { kind: 'blob', version: compatible, preserved })
  },
  claimsAll: true,
  item: {
    kind: 'root',
    text: () => 'root FDT',
    fields: (_, { compatible, abi, root, image }) => [
      { name: 'compatible', value: compatible, class: 'version' },
      { name: 'abi', value: abi, class: 'version' },
      { name: 'preserved', value: abiOf(abi).fdtPreserved ? 'yes' : 'no', class: 'structure' },
      // A copy of debugfs has no addresses.
      {
        name: 'address',
        value: image.dump.debugfs === undefined ? hex(root.address) : null,
        class: 'address',
      },
    ],
  },
}

/** The root FDT of a state. */
export function rootTree({ fdt, root }: KhoState): TreeAt {
  return { tree: fdt, address: root.address, path: 'fdt' }
}

/** The device tree of a blob whose decoder kept only what it knows; no memory where the dump lacks it. */
export function treeMemory(state: KhoState, blob: Blob, path: string): Memory {
  const read = blob.address === null ? null : state.image.memory.read(blob.address, blob.size ?? 0)
  const tree = read?.ok === true ? readFdtFrame(read.bytes) : null
  return tree === null ? NO_MEMORY : wholeTree({ tree, address: blob.address!, path })
}

/** All of a device tree that was read. */
export function wholeTree(of: FrameAt): Memory {
  return { ...treePieces(of), extents: [rangeAt(of.address, of.tree.header.totalsize)] }
}

function treePieces({ address: at, tree, path }: FrameAt): Pick<Memory, 'pieces'> {
  return { pieces: () => [{ kind: 'fdt', address: at, tree, path }] }
}

function extentOf({ offset, value }: FdtProperty, of: TreeAt): Range {
  return rangeAt(of.address + offset, value.length)
}

/** Strings with a NUL behind each, none of them empty, all of printable ASCII: what dtc takes for text. */
function printable(value: Uint8Array): string | null {
  if (value.length < 2 || value.at(-1) !== 0 || value[0] === 0) return null
  let found = ''
  for (let i = 0; i < value.length - 1; i++) {
    const byte = value[i] as number
    const separator = byte === 0 && value[i + 1] !== 0
    if (!separator && (byte < 0x20 || byte > 0x7e)) return null
    found += String.fromCharCode(byte)
  }
  return found
}
