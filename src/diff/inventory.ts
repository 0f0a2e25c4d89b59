import type { Blob, InlineNode, KhoTest, Memblock } from '../../formats/blobs/index.js'
import type { FdtNode } from '../../formats/fdt/index.js'
import { abiOf } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { Content } from '../owners/part.js'
import { vmallocPart } from '../owners/vmalloc-part.js'
import { nowhereOf } from './claim-frames.js'
import { extentsContent } from './content.js'
import { luoItems } from './inventory-luo.js'
import { createItem, type Field, field, type Item } from './item.js'

/** Everything that owns preserved memory in a state, in the order of the state. Paths are unique. */
export function itemsOf(state: KhoState): Item[] {
  const items = [rootItem(state), ...state.blobs().flatMap(blob => blobItems(state, blob))]
  const seen = new Set<string>()
  return items.filter(item => {
    if (seen.has(item.key)) return false
    seen.add(item.key)
    return true
  })
}

/** KHO's own tree. Where it lies is no concern of those who hand something over. */
function rootItem(state: KhoState): Item {
  return createItem('root', 'fdt', 'root FDT', {
    fields: [
      field('compatible', state.compatible, 'version'),
      field('abi', state.abi, 'version'),
      field('preserved', abiOf(state.abi).fdtPreserved ? 'yes' : 'no', 'structure'),
      field('address', state.root.address < nowhereOf(state) ? hex(state.root.address) : null, 'address'),
    ],
  })
}

function blobItems(state: KhoState, blob: Blob): Item[] {
  const { path, format, value, address, size } = blob
  const item = createItem('blob', path, `blob (${format})`, {
    fields: value === null ? [] : [field('format', format, 'version')],
  })
  const own = () => (address === null || size === null ? null : extentsContent([rangeAt(address, size)]))
  switch (value?.kind) {
    case undefined:
      return [item]
    case 'kexec-metadata':
      item.fields = [
        field('version', value.version, 'version'),
        field('previousRelease', value.previousRelease, 'version'),
        field('kexecCount', value.kexecCount),
      ]
      return [item]
    case 'luo':
      return luoItems(state, value, item)
    case 'memblock':
      return [
        withFields(item, [field('compatible', value.compatible, 'version')]),
        ...regionItems(value, path),
      ]
    case 'kho-test':
      return [testItem(state, value, item)]
    case 'vmalloc': {
      const { totalPages, flags, order } = value
      const fields = [field('flags', flags, 'flags'), field('order', order, 'split')]
      const areaSize = totalPages * state.geometry.pageSize
      return [{ ...withFields(item, fields), size: areaSize, content: areaContent(state, value) }]
    }
    case 'node':
      return [withFields(withAreas(item, value), [field('properties', nodeText(value.node))])]
    default:
      return [{ ...item, size, content: own() }]
  }
}

function withFields(item: Item, fields: Field[]): Item {
  return { ...item, fields: [...item.fields, ...fields] }
}

function areaContent(state: KhoState, vmalloc: Parameters<typeof vmallocPart>[1]): Content | null {
  return vmallocPart(state, vmalloc, vmalloc.path).content?.() ?? null
}

function regionItems(memblock: Memblock, parent: string): Item[] {
  return memblock.regions.map(({ path, compatible, start, size }) =>
    createItem('region', path, 'reserve_mem region', {
      parent,
      size,
      fields: [field('compatible', compatible, 'version')],
      content: start === null || size === null ? null : extentsContent([rangeAt(start, size)]),
    }),
  )
}

/** kho_test's folios are one thing: they have no names. */
function testItem(state: KhoState, test: KhoTest, item: Item): Item {
  const { pageSize } = state.geometry
  const { address, order, count } = test.folios
  const content: Content = {
    size: order.reduce((sum, folio) => sum + pageSize * 2 ** folio, 0),
    incomplete: null,
    *pieces() {
      let offset = 0
      for (let n = 0; n < count; n++) {
        const length = pageSize * 2 ** (order[n] as number)
        yield { offset, length, address: address[n] === 0 ? null : (address[n] as number) }
        offset += length
      }
    },
  }
  const fields = [
    field('magic', test.magic === null ? null : hex(test.magic)),
    field('nrFolios', test.nrFolios),
    field('csum', test.csum === null ? null : hex(test.csum)),
    field('form', test.form, 'version'),
  ]
  return { ...withFields(item, fields), content }
}

function withAreas(item: Item, node: InlineNode): Item {
  const extents = node.areas.flatMap(({ start, size }) =>
    start === null || size === null ? [] : [rangeAt(start, size)],
  )
  return { ...item, content: extentsContent(extents) }
}

/** A node without its areas: those are compared as memory. */
function nodeText(node: FdtNode): string {
  const properties = node.properties
    .filter(property => property.name !== 'mem')
    .map(
      ({ name, value }) => `${name}=${[...value].map(byte => byte.toString(16).padStart(2, '0')).join('')};`,
    )
  const children = node.children.map(child => `${child.name}{${nodeText(child)}}`)
  return [...properties, ...children].join(' ')
}
