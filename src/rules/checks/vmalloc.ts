import type { Vmalloc } from '../../../formats/blobs/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import type { KhoState } from '../../image/state.js'
import { blockFinder } from '../../model/block-finder.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved, isOutsideRam, memfdsOf } from './context.js'

/** Every preserved vmalloc area that a known structure describes. */
function areasOf(state: KhoState): Vmalloc[] {
  const found: Vmalloc[] = []
  for (const { value } of state.blobs()) {
    if (value?.kind === 'vmalloc') found.push(value)
    if (value?.kind === 'kho-test' && value.vmalloc !== null) found.push(value.vmalloc)
  }
  for (const memfd of memfdsOf(state)) if (memfd.vmalloc !== null) found.push(memfd.vmalloc)
  return found
}

/** Areas that kho_restore_vmalloc() cannot restore, for reasons that the list does not show by itself. */
export function* checkVmallocRestore(context: RuleContext): Generator<Occurrence> {
  const { state, kernel } = context
  if (!kernel.users.vmalloc) return
  const told = canTellUnpreserved(context)
  const orderAt = blockFinder(state.tracker.decode.pages)
  for (const vmalloc of areasOf(state)) {
    const { path } = vmalloc
    const lost = lostPointer(state, vmalloc)
    if (lost !== null && isOutsideRam(context, lost, lost + state.geometry.pageSize)) {
      const message = `chunk page ${hex(lost)} of ${path} is not in RAM: whoever restores the area faults`
      yield { message, path, address: lost < ADDRESS_LIMIT ? lost : null, effect: 'oops' }
      continue
    }
    if (!told) continue
    const chunks =
      lost === null || lost % state.geometry.pageSize !== 0 ? vmalloc.chunks : [...vmalloc.chunks, lost]
    const chunk = chunks.find(address => orderAt(address) < 0)
    if (chunk !== undefined) {
      yield { message: `chunk page ${hex(chunk)} of ${path} is not preserved`, path, address: chunk }
      continue
    }
    const bad = vmalloc.runs.find(run => run !== 0 && missingPiece(run, vmalloc, state, orderAt) !== null)
    if (bad === undefined) continue
    const at = missingPiece(bad, vmalloc, state, orderAt)!
    const message = `page ${hex(at)} of run ${hex(bad)} of ${path} is not the head of a preserved block`
    yield { message, path, address: at }
  }
}

/** The chunk pointer at which the walk of the chain broke off, because no bytes are there; null where it went through. */
function lostPointer(state: KhoState, vmalloc: Vmalloc): number | null {
  // A chain that gave all that it promises ended with a zero.
  if (vmalloc.complete) return null
  const last = vmalloc.chunks.at(-1)
  if (last === undefined) return vmalloc.first === 0 ? null : (vmalloc.first ?? ADDRESS_LIMIT)
  const read = state.image.memory.read(last, 8)
  const next = read.ok ? u64(viewOf(read.bytes), 0) : 0
  return next === 0 || vmalloc.chunks.includes(next) ? null : next
}

/** The pieces that kho_restore_pages() takes a run in: address and order. */
function* stepsOf(
  run: number,
  vmalloc: Vmalloc,
  state: KhoState,
): Generator<{ address: number; order: number }> {
  const { pageSize } = state.geometry
  const end = run + 2 ** vmalloc.order * pageSize
  for (let address = run; address < end; ) {
    let order = 0
    while (address % (pageSize * 2 ** (order + 1)) === 0 && address + pageSize * 2 ** (order + 1) <= end)
      order++
    yield { address, order }
    address += pageSize * 2 ** order
  }
}

function missingPiece(
  run: number,
  vmalloc: Vmalloc,
  state: KhoState,
  orderAt: (address: number) => number,
): number | null {
  for (const { address } of stepsOf(run, vmalloc, state)) if (orderAt(address) < 0) return address
  return null
}

/** Runs that are restored in other pieces than they were preserved in. */
export function* checkVmallocSteps(context: RuleContext): Generator<Occurrence> {
  const { state, kernel } = context
  if (!kernel.users.vmalloc || !canTellUnpreserved(context)) return
  const orderAt = blockFinder(state.tracker.decode.pages)
  for (const vmalloc of areasOf(state)) {
    if (vmalloc.order === 0) continue
    let count = 0
    let first: Occurrence | null = null
    for (const run of vmalloc.runs) {
      for (const { address, order } of run === 0 ? [] : stepsOf(run, vmalloc, state)) {
        const stored = orderAt(address)
        if (stored < 0 || stored === order) continue
        const message = `${vmalloc.path}: ${hex(address)} is restored with order ${order}, and preserved with order ${stored}`
        first ??= { message, path: vmalloc.path, address }
        count++
      }
    }
    if (first !== null) yield { ...first, count }
  }
}

/** Chunk pages that are exactly full, for readers of the time when that was a bug. */
export function* checkFullChunks({ state, kernel }: RuleContext): Generator<Occurrence> {
  if (!kernel.reads.overrunsFullChunks) return
  for (const vmalloc of areasOf(state)) {
    const full = vmalloc.chunks.find(chunk => {
      const read = state.image.memory.read(chunk, state.geometry.pageSize)
      return read.ok && u64(viewOf(read.bytes), state.geometry.pageSize - 8) !== 0
    })
    if (full === undefined) continue
    yield { message: `chunk page ${hex(full)} of ${vmalloc.path} is full`, path: vmalloc.path, address: full }
  }
}
