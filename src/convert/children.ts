import type { Blob, PageAllocator } from '../../formats/blobs/index.js'
import {
  buildFdt,
  type FdtNode,
  type FdtNodeSpec,
  findChild,
  findProperty,
  nativeU64,
} from '../../formats/fdt/index.js'
import { type Abi, abiOf } from '../../formats/kernels/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { rangeSize } from '../../formats/memory/range.js'
import { blockSize, blocksAt } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import type { RootChild } from '../write/root-writer.js'
import { type Loss, loss } from './loss.js'

const POINTERS = ['preserved-data', 'fdt']
const SIZE = 'blob-size'

/** A child of the source's root FDT. */
export interface SourceChild {
  node: FdtNode
  blob: Blob | null
  /** What it points to; null for a node with its data inside. */
  address: number | null
  /** Bytes; null where nothing says. */
  size: number | null
}

/** The children that are users' and not the tracker's own. */
export function sourceChildren(state: KhoState): SourceChild[] {
  const blobs = state.blobs()
  let next = 0
  const children: SourceChild[] = []
  for (const node of state.fdt.root.children) {
    if (node.name === 'preserved-memory') continue
    const blob = blobs[next++] ?? null
    if (isMemTracker(node)) continue
    const pointer = pointerOf(node)
    const value = pointer && nativeU64(pointer)
    const address = value === null ? null : Number(value)
    children.push({ node, blob, address, size: address === null ? null : ownSize(blob) })
  }
  return children
}

/** What a blob itself says of its size. */
function ownSize(blob: Blob | null): number | null {
  if (blob?.size != null) return blob.size
  return blob?.value?.kind === 'luo' ? rangeSize(blob.value.extent) : null
}

function pointerOf(node: FdtNode) {
  for (const name of POINTERS) {
    const property = findProperty(node, name)
    const value = property && nativeU64(property)
    if (value !== null && value < ADDRESS_LIMIT) return property
  }
  return null
}

/** The node in which our `mem` arrays are: nothing but ranges. */
function isMemTracker(node: FdtNode): boolean {
  const only = node.properties.length === 1 && node.properties[0]!.name === 'mem'
  return node.name === 'preserved' && only && node.children.length === 0
}

/** A source's children in the words of an ABI. */
export function convertChildren(
  state: KhoState,
  sources: readonly SourceChild[],
  target: Abi,
  allocator: PageAllocator,
): { children: RootChild[]; losses: Loss[] } {
  const losses: Loss[] = []
  const children = sources.map(source => {
    if (target.blobProperty === null) return inlineChild(source, losses)
    return source.address === null
      ? blobFromNode(source, allocator, state, losses)
      : pointerChild(state, source, target, losses)
  })
  reportRoot(state, losses)
  return { children, losses }
}

function pathOf({ blob, node }: SourceChild): string {
  return blob?.path ?? appendPath('fdt', node.name)
}

function pointerChild(state: KhoState, source: SourceChild, target: Abi, losses: Loss[]): RootChild {
  const { node } = source
  const address = source.address!
  const path = pathOf(source)
  const property = findProperty(node, SIZE)
  const said = property && nativeU64(property)
  let size = said === null ? null : Number(said)
  for (const { name } of node.properties) {
    if (POINTERS.includes(name) || name === SIZE) continue
    losses.push(
      loss(
        'PROPERTY-DROPPED',
        'lost',
        path,
        `${name} of the child ${node.name} has no place in ${target.name}`,
      ),
    )
  }
  for (const child of node.children) {
    losses.push(
      loss(
        'PROPERTY-DROPPED',
        'lost',
        path,
        `the node ${child.name} below ${node.name} has no place in ${target.name}`,
      ),
    )
  }
  if (said !== null && !target.blobSize) {
    losses.push(loss('BLOB-SIZE-DROPPED', 'changed', path, `${target.name} has no blob-size; it was ${said}`))
  }
  if (target.blobSize && size === null) {
    size = source.size
    const known = size !== null
    size ??= restOfBlock(state, address)
    const where = known ? "the blob's own header says so" : 'unknown; the rest of its block is taken'
    losses.push(loss('BLOB-SIZE-ADDED', known ? 'changed' : 'assumed', path, `blob-size ${size}: ${where}`))
  }
  return { name: node.name, address, size: size ?? 0 }
}

function restOfBlock(state: KhoState, address: number): number {
  const { pages } = state.tracker.decode
  const block = blocksAt(pages, address)[0]
  const { pageSize } = state.geometry
  return block === undefined
    ? pageSize - (address % pageSize)
    : block.address + blockSize(pages, block.order) - address
}

/** The early series have nodes and no pointers, but a node takes any property. */
function inlineChild(source: SourceChild, losses: Loss[]): RootChild {
  const { node, address } = source
  if (address === null) return { name: node.name, inline: specOf(node) }
  const message = `the child ${node.name} keeps its pointer to ${hex(address)}: readers of that series look for its data in the node itself`
  losses.push(loss('POINTER-KEPT', 'changed', pathOf(source), message))
  return { name: node.name, inline: specOf(node) }
}

function specOf(
  node: FdtNode,
): Omit<FdtNodeSpec, 'name'> & { properties: { name: string; value: Uint8Array }[] } {
  return {
    properties: node.properties.map(({ name, value }) => ({ name, value })),
    children: node.children.map(child => ({ name: child.name, ...specOf(child) })),
  }
}

/** A node with its data inside becomes an FDT of its own, with the same properties and nodes. */
function blobFromNode(
  source: SourceChild,
  allocator: PageAllocator,
  state: KhoState,
  losses: Loss[],
): RootChild {
  const { node } = source
  const bytes = buildFdt(specOf(node))
  const target = allocator.allocate(Math.ceil(bytes.length / state.geometry.pageSize))
  target.bytes.set(bytes)
  const message = `the data of node ${node.name} becomes an FDT at ${hex(target.address)}, which is preserved`
  losses.push(loss('NODE-MADE-BLOB', 'changed', pathOf(source), message))
  return { name: node.name, address: target.address, size: bytes.length }
}

/** Root properties that neither a tracker nor a version put there. */
function reportRoot(state: KhoState, losses: Loss[]): void {
  const known = ['compatible', 'preserved-memory-map', 'preserved-page-radix-tree']
  for (const { name } of state.fdt.root.properties) {
    if (known.includes(name)) continue
    losses.push(loss('PROPERTY-DROPPED', 'lost', 'fdt', `property ${name} of the root FDT`))
  }
  const extra = findChild(state.fdt.root, 'preserved-memory')?.properties ?? []
  if (abiOf(state.abi).blobProperty !== null) return
  for (const { name } of extra) {
    if (name !== 'metadata')
      losses.push(loss('PROPERTY-DROPPED', 'lost', 'fdt', `property ${name} of preserved-memory`))
  }
}
