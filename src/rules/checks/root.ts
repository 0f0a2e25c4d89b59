import { findChild, findProperty, nativeU64 } from '../../../formats/fdt/index.js'
import { abiOf } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { blocksAt, hasBlock } from '../../../formats/pages/page-set.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved } from './context.js'
import { missedChildren } from './readers.js'

/** A map pointer of 0, for readers that take it for an empty map. Others refuse it, and early boot says so. */
export function* checkRootMap({ state, kernel }: RuleContext): Generator<Occurrence> {
  if (kernel.reads.mapChecked === 'populate') return
  const early = findChild(state.fdt.root, 'preserved-memory')
  const property =
    findProperty(state.fdt.root, 'preserved-memory-map') ?? (early && findProperty(early, 'metadata'))
  if (property === null || nativeU64(property) !== 0n) return
  const message = 'the map pointer is 0: not finalized; handed over like this, nothing would be reserved'
  yield { message, path: 'fdt', address: state.root.address + property.offset, severity: 'warning' }
}

/** A root FDT that is longer than the one page that is mapped. */
export function* checkRootFdtSize({ state }: RuleContext): Generator<Occurrence> {
  const { totalsize } = state.fdt.header
  const { pageSize } = state.geometry
  if (!abiOf(state.abi).fdtPreserved || totalsize <= pageSize) return
  const message = `the root FDT has ${totalsize} bytes, a page has ${pageSize}`
  yield { message, path: 'fdt', address: state.root.address + 4 }
}

/** Children with a name that an earlier one has. */
export function* checkChildNames({ state }: RuleContext): Generator<Occurrence> {
  const seen = new Set<string>()
  for (const child of state.fdt.root.children) {
    if (seen.has(child.name)) {
      const message = `another child of the root FDT is called ${JSON.stringify(child.name)} already`
      yield { message, path: 'fdt', address: state.root.address + child.offset }
    }
    seen.add(child.name)
  }
}

/** A token, within the root node, that libfdt cannot pass on its way along the children. */
export function* checkRootStructure({ state, kernel }: RuleContext): Generator<Occurrence> {
  const read = state.image.memory.read(state.root.address, state.fdt.header.totalsize)
  if (!read.ok) return
  const offset = brokenToken(state, read.bytes)
  if (offset === null) return
  const message = `the root FDT breaks off at offset ${hex(offset)}: children behind it, and all that are looked for in vain, give an error`
  const place = { path: 'fdt', address: state.root.address + offset }
  const names = new Set(state.fdt.root.children.map(({ name }) => name))
  const missed = missedChildren(kernel).filter(name => !names.has(name))
  // What is looked for in vain may be behind the fault: then it is lost, and nobody says a word.
  if (missed.length === 0) yield { message, ...place }
  else yield { message: `${message}, ${missed.join(' and ')} among them`, ...place, effect: 'silent' }
}

const [BEGIN_NODE, END_NODE, PROPERTY, NOP] = [1, 2, 3, 4]

/** Offset of the first thing that fdt_next_tag() of libfdt refuses before the root node ends; null where there is none. */
function brokenToken(state: KhoState, bytes: Uint8Array): number | null {
  const { offDtStruct, sizeDtStruct } = state.fdt.header
  const end = Math.min(bytes.length, offDtStruct + (sizeDtStruct ?? bytes.length))
  const view = viewOf(bytes)
  let depth = 0
  for (let at = offDtStruct; at + 4 <= end; ) {
    const tag = view.getUint32(at)
    let next = at + 4
    if (tag === BEGIN_NODE) {
      const nul = bytes.indexOf(0, next)
      if (nul < 0 || nul >= end) return at
      next = nul + 1
      depth++
    } else if (tag === PROPERTY) {
      if (at + 12 > end) return at
      next = at + 12 + view.getUint32(at + 4)
      if (next > end) return at
    } else if (tag === END_NODE) {
      depth--
      if (depth === 0) return null
    } else if (tag !== NOP) {
      return at
    }
    at = offDtStruct + Math.ceil((next - offDtStruct) / 4) * 4
  }
  return end
}

/** A root FDT whose page is not in the map. Readers that restore the page notice; following early boot says so. */
export function* checkRootPreserved(context: RuleContext): Generator<Occurrence> {
  const { state, kernel } = context
  const { address } = state.root
  const { pages } = state.tracker.decode
  if (!abiOf(state.abi).fdtPreserved || !canTellUnpreserved(context) || hasBlock(pages, address, 0)) return
  const [block] = blocksAt(pages, address)
  if (block === undefined && kernel.reads.restoresFdt && kernel.reads.marker === 'magic') return
  const message =
    block === undefined
      ? `the page of the root FDT ${hex(address)} is not preserved`
      : `the page of the root FDT ${hex(address)} lies in a block of order ${block.order}, not 0`
  const mild = block === undefined ? {} : ({ severity: 'warning', effect: 'none' } as const)
  yield { message, path: 'fdt', address, ...mild }
}
