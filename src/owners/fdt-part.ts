import type { FdtNode, FdtProperty, FdtTree } from '../../formats/fdt/index.js'
import { appendPath, elementSegments } from '../../formats/layout/index.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import { listPart, type Part, type Piece } from './part.js'

/** A flattened device tree in memory; paths lead on to its properties and nodes. */
export function fdtPart(tree: FdtTree, address: number, path: string): Part {
  const pieces = (): Piece[] => [{ kind: 'fdt', address, tree, path }]
  const root = nodePart(tree.root, address, path, pieces)
  const extents = [rangeAt(address, tree.header.totalsize)]
  return { ...root, what: 'FDT', extents, pieces, value: { kind: 'fdt', tree } }
}

/** A node's bytes are those of its properties' values. */
function nodePart(node: FdtNode, address: number, path: string, pieces: () => Piece[]): Part {
  const properties = elementSegments(node.properties.map(property => property.name))
  const children = elementSegments(node.children.map(child => child.name))
  return {
    path,
    what: 'FDT node',
    extents: node.properties.map(property => extentOf(property, address)),
    pieces,
    through: ['properties', 'children'],
    fields: {
      properties: () =>
        listPart(appendPath(path, 'properties'), 'list of properties', {
          length: node.properties.length,
          key: n => node.properties[n]!.name,
          at: n => {
            const extents = [extentOf(node.properties[n]!, address)]
            return { path: appendPath(path, properties[n]!), what: 'FDT property', extents, pieces }
          },
        }),
      children: () =>
        listPart(appendPath(path, 'children'), 'list of nodes', {
          length: node.children.length,
          key: n => node.children[n]!.name,
          at: n => nodePart(node.children[n]!, address, appendPath(path, children[n]!), pieces),
        }),
    },
  }
}

function extentOf({ offset, value }: FdtProperty, address: number): Range {
  return rangeAt(address + offset, value.length)
}
