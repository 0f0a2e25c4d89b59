import { type FdtNode, type FdtProperty, findProperty } from '../fdt/index.js'

/**
 * What a child of the root FDT says of where its blob lies: `preserved-data` from kho-v2 on, `fdt` before. Null for a
 * node with its data inside, and for the tracker's own.
 */
export function blobPointer(child: FdtNode): FdtProperty | null {
  return findProperty(child, 'preserved-data') ?? findProperty(child, 'fdt')
}
