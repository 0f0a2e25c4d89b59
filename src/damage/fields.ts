import type { Blob, BlobValue } from '../../formats/blobs/index.js'
import { isKhoError } from '../../formats/error.js'
import {
  type FdtEditor,
  type FdtNode,
  type FdtProperty,
  findProperty,
  nodeAt,
  openInto,
  totalSize,
} from '../../formats/fdt/index.js'
import { blobPointer } from '../../formats/handoff/blob-pointer.js'
import { hex } from '../../formats/memory/fault.js'
import { rootRoom } from '../write/state-writer.js'
import type { DamageTarget } from './damage.js'
import { cannotBreak } from './target.js'

/** A blob with its value of one kind, and where it is. */
export interface BlobOf<K extends BlobValue['kind']> {
  blob: Blob
  address: number
  value: Extract<BlobValue, { kind: K }>
}

/** A blob of that kind; throws `cannot-express` where the state has none. */
export function blobOf<K extends BlobValue['kind']>(target: DamageTarget, kind: K): BlobOf<K> {
  for (const blob of target.blobs()) {
    const { value, address } = blob
    if (value !== null && value.kind === kind && address !== null && address !== 0) {
      return { blob, address, value: value as Extract<BlobValue, { kind: K }> }
    }
  }
  throw cannotBreak(`${kind} blob`)
}

/** Behind the last byte of RAM; throws `cannot-express` where none is known. */
export function endOfRam({ machine }: DamageTarget): number {
  if (machine.ram.length === 0) throw cannotBreak('RAM that is known')
  return Math.max(...machine.ram.map(({ end }) => end))
}

/** The FDT at an address, all that it says it has. */
export function fdtBytesAt(target: DamageTarget, address: number): Uint8Array {
  const size = totalSize(target.read(address, 8))
  if (size === null) throw cannotBreak(`FDT at ${hex(address)}`)
  return target.read(address, size)
}

/** The FDT at an address, changed by libfdt's calls where it lies; throws `cannot-express` where it lacks what they are to change. */
export function editFdt(
  target: DamageTarget,
  address: number,
  room: number,
  edit: (editor: FdtEditor) => void,
): void {
  const editor = openInto(fdtBytesAt(target, address), room)
  try {
    edit(editor)
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'bad-sequence') throw error
    throw cannotBreak(`FDT at ${hex(address)} that is as it should be: ${error.message}`)
  }
  target.write(address, editor.pack())
}

/** The root FDT, changed. Fields that name its length elsewhere stay as they are. */
export function editRoot(target: DamageTarget, edit: (editor: FdtEditor) => void): void {
  editFdt(target, target.root, rootRoom(target.abi, target.geometry.pageSize), edit)
}

/** A property of a node, where it is; throws `cannot-express` otherwise. */
export function propertyOf(node: FdtNode, name: string): FdtProperty {
  const property = findProperty(node, name)
  if (property === null) throw cannotBreak(`property ${name}`)
  return property
}

/** Makes the version that a node's compatible ends in another one, in the tree at an address. */
export function breakCompatible(target: DamageTarget, address: number, node: FdtNode): void {
  const { offset, value } = propertyOf(node, 'compatible')
  // The last byte is the NUL.
  target.write(address + offset + value.length - 2, new TextEncoder().encode('9'))
}

/** A child of the root FDT that names a blob. */
export interface BlobChild {
  child: FdtNode
  pointer: FdtProperty
  /** The pointer, and the blob's size where it has one. */
  properties: FdtProperty[]
}

/** A child of the root FDT that names a blob, and whose path leads to it: of two with one name only the first's does. */
export function childWithBlob(target: DamageTarget): BlobChild {
  const tree = target.fdt()
  const children = tree.root.children.flatMap((child): BlobChild[] => {
    const pointer = blobPointer(child)
    if (pointer === null || nodeAt(tree, child.path) !== child) return []
    const size = findProperty(child, 'blob-size')
    return [{ child, pointer, properties: size === null ? [pointer] : [pointer, size] }]
  })
  return target.pick(children, 'child with a blob')
}

/** The `blob-size` of a blob's child of the root FDT: where its eight bytes are. */
export function blobSizeAt(target: DamageTarget, name: string): number {
  const child = target.fdt().root.children.find(candidate => candidate.name === name)
  if (child === undefined) throw cannotBreak(`child ${name}`)
  return target.root + propertyOf(child, 'blob-size').offset
}
