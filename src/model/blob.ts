import type { Blob, BlobFormat, BlobValue, FdtBlob, InlineNode } from '../../formats/blobs/index.js'
import type { FdtNode } from '../../formats/fdt/index.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { listClaims, singleClaim } from './claim.js'
import { extentsContent } from './content.js'
import { DESCRIBED, describedAt } from './described.js'
import { AREA, NODE, rootTree, wholeTree } from './fdt.js'
import { KEXEC_METADATA } from './kexec-metadata.js'
import { KHO_TEST } from './kho-test.js'
import {
  address,
  defineKind,
  type Kind,
  list,
  type Memory,
  type NotKnown,
  name,
  notKnown,
  one,
  size,
  type Thing,
  text,
} from './kind.js'
import { LUO } from './luo.js'
import { MEMBLOCK } from './memblock.js'
import { type Area, VMALLOC } from './vmalloc.js'

/** A blob with what it holds. */
export interface Valued<V> {
  blob: Blob
  value: V
}

/** A flattened device tree that no decoder knows more about. */
const FDT = defineKind<Valued<FdtBlob>>({
  what: 'FDT',
  fields: {
    compatible: name(({ value }) => value.compatible, { orNull: 'missing' }),
    tree: one(
      NODE,
      ({ blob, value: { tree } }) => ({
        node: tree.root,
        of: { tree, address: blob.address!, path: blob.path },
      }),
      { through: 'all' },
    ),
  },
  memory: ({ blob, value: { tree } }, _, path) => wholeTree({ tree, address: blob.address!, path }),
  item: { kind: 'blob', size: ({ blob }) => blob.size, content: ({ blob }) => ownContent(blob) },
})

/** A node of the early series, which keeps its data in the root FDT. */
const INLINE = defineKind<Valued<InlineNode>>({
  what: 'node',
  fields: {
    compatible: name(({ value }) => value.compatible, { orNull: 'missing' }),
    node: one(NODE, ({ value: { node } }, state) => ({ node, of: rootTree(state) }), { through: 'all' }),
    areas: list('list of areas', AREA, ({ value }) => value.areas, {
      *claims({ value: { areas, compatible } }) {
        const starts = Float64Array.from(areas, area => area.start ?? 0)
        const sizes = Float64Array.from(areas, area => (area.start === null ? 0 : (area.size ?? 0)))
        yield listClaims(
          starts,
          sizes,
          { kind: 'data', version: compatible, preserved: true },
          n => areas[n]!.path,
        )
      },
      claimsAll: true,
    }),
  },
  item: {
    kind: 'blob',
    content: ({ value: { areas } }) =>
      extentsContent(
        areas.flatMap(area =>
          area.start === null || area.size === null ? [] : [rangeAt(area.start, area.size)],
        ),
      ),
    fields: ({ value }) => [{ name: 'properties', value: nodeText(value.node), class: 'content-changed' }],
  },
})

/** A node without its areas: those are compared as memory. */
function nodeText(node: FdtNode): string {
  const properties = node.properties
    .filter(property => property.name !== 'mem')
    .map(
      property =>
        `${property.name}=${[...property.value].map(byte => byte.toString(16).padStart(2, '0')).join('')};`,
    )
  const children = node.children.map(child => `${child.name}{${nodeText(child)}}`)
  return [...properties, ...children].join(' ')
}

/** How the values of one kind are shown. */
export interface BlobKind {
  formats: readonly [BlobFormat | 'struct', ...BlobFormat[]]
  /** Null for bytes that nobody understands. */
  kind: Kind<unknown> | null
}

/** Every kind of blob, a line each. */
export const BLOB_KINDS: Readonly<Record<BlobValue['kind'] | 'struct', BlobKind>> = {
  'kexec-metadata': { formats: ['kexec-metadata-1', 'bytes'], kind: KEXEC_METADATA },
  memblock: { formats: ['memblock-v1', 'reserve_mem-v1'], kind: MEMBLOCK },
  'kho-test': { formats: ['kho-test-v1'], kind: KHO_TEST },
  luo: { formats: ['luo-v5', 'luo-v1', 'luo-parts', 'luo-features'], kind: LUO },
  vmalloc: { formats: ['vmalloc'], kind: VMALLOC },
  fdt: { formats: ['fdt'], kind: FDT },
  node: { formats: ['node'], kind: INLINE },
  struct: { formats: ['struct'], kind: DESCRIBED },
  bytes: { formats: ['bytes'], kind: null },
}

const KINDS = Object.values(BLOB_KINDS)

/** What one child of the root FDT hands over. A path goes through to its value: `luo/sessions`. */
export const BLOB = defineKind<Blob>({
  what: blob => `blob (${blob.format})`,
  fields: {
    name: name(blob => blob.name),
    address: address(blob => blob.address, { orNull: 'null where its data is in the root FDT' }),
    size: size(blob => blob.size, { orNull: 'not known' }),
    format: text(formatOf, {
      values: KINDS.flatMap(({ formats }) => formats),
      changeOf: ({ value }) => (value === null ? null : 'version'),
    }),
    value: {
      form: 'one',
      kinds: KINDS.flatMap(({ kind }) => kind ?? []),
      get: thingIn,
      through: 'all',
      orNull: 'null where the dump lacks the bytes, or nobody knows them',
    },
  },
  memory(blob, state, path) {
    const thing = thingIn(blob, state)
    const value = thing !== null && 'kind' in thing ? thing.kind.memory?.(thing.self, state, path) : undefined
    return { ...value, extents: extentsOf(blob, state) }
  },
  content(blob, state) {
    return blob.value?.kind === 'vmalloc' ? VMALLOC.content!(areaOf(blob), state) : null
  },
  *claims({ address: start, size: length, format, value }, _, path) {
    if (start === null || value === null) return
    const traits = { kind: 'blob', version: format, preserved: true } as const
    yield singleClaim(path, start, Math.max(length ?? 1, 1), traits)
  },
  item: {
    kind: 'blob',
    text: blob => `blob (${blob.format})`,
    size: blob => (blob.value?.kind === 'bytes' ? blob.size : null),
    content: blob => (blob.value?.kind === 'bytes' ? ownContent(blob) : null),
  },
})

function formatOf(blob: Blob, state: KhoState): Blob['format'] | 'struct' {
  return describedAt(blob, state) === null ? blob.format : 'struct'
}

function thingIn(blob: Blob, state: KhoState): Thing | NotKnown | null {
  const { value, faults } = blob
  const described = describedAt(blob, state)
  if (described !== null) return { kind: DESCRIBED, self: described }
  if (value === null) {
    const lack = faults.find(fault => fault.absent !== undefined)
    return lack === undefined ? null : notKnown(lack.message)
  }
  const { kind } = BLOB_KINDS[value.kind]
  if (kind === null) return null
  return { kind, self: value.kind === 'vmalloc' ? areaOf(blob) : { blob, value } }
}

function areaOf({ value, format }: Blob): Area {
  if (value?.kind !== 'vmalloc') throw new RangeError(`a blob of format ${format} is no area`)
  return { vmalloc: value, traits: { kind: 'data', version: format, preserved: true } }
}

/** Of a node that keeps its data in the root FDT, the values of its properties. */
function extentsOf(blob: Blob, state: KhoState): Memory['extents'] {
  const { address: start, size: length, value } = blob
  if (start !== null) return [rangeAt(start, Math.max(length ?? 1, 1))]
  if (value === null) return []
  const child = state.fdt.root.children.find(node => node.name === blob.name)
  return (child?.properties ?? []).map(property =>
    rangeAt(state.root.address + property.offset, property.value.length),
  )
}

function ownContent({ address: start, size: length }: Blob) {
  return start === null || length === null ? null : extentsContent([rangeAt(start, length)])
}
