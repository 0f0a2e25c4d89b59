import type { FdtNode, FdtProperty, FdtTree } from './types.js'

/**
 * The first child of that name, as libfdt's `fdt_subnode_offset` finds it: a name without `@` also finds
 * a child that has a unit address behind it.
 */
export function findChild(node: FdtNode, name: string): FdtNode | null {
  const loose = name.includes('@') ? null : `${name}@`
  return node.children.find(child => child.name === name || (loose && child.name.startsWith(loose))) ?? null
}

/**
 * The first property of that name, as libfdt's `fdt_getprop` finds it: properties that come after a child
 * node are not seen. They are in {@link FdtNode.properties} all the same.
 */
export function findProperty(node: FdtNode, name: string): FdtProperty | null {
  const end = node.children[0]?.offset ?? Number.POSITIVE_INFINITY
  return node.properties.find(property => property.name === name && property.offset <= end) ?? null
}

/** The node at a path such as `/data`, each part found as by {@link findChild}; empty parts are passed over. */
export function nodeAt(tree: FdtTree, path: string): FdtNode | null {
  let node: FdtNode | null = tree.root
  for (const part of path.split('/')) {
    if (part !== '' && node) node = findChild(node, part)
  }
  return node
}
