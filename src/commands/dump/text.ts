import { orders } from '../../../formats/pages/page-set.js'
import type { Evidence, KhoState, RootCandidate } from '../../image/state.js'
import { escapeText } from '../../render/escape.js'
import { allFaults, documentView } from '../../render/state-view.js'
import type { RecordView, View } from '../../render/view.js'
import { elementNames } from '../../render/view-path.js'
import {
  grouped,
  nameText,
  type Palette,
  type TreeOptions,
  unitText,
  writeMore,
  writeTree,
} from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'

/** Writes the whole state as a tree for people. */
export function writeDump(write: Writer, state: KhoState, options: TreeOptions): void {
  const document = documentView(state)
  writeImage(write, state, options)
  writeRoot(write, state, options)
  writeTracker(write, state, document, options)
  writeScratch(write, state, options)
  writeBlobs(write, document, options)
  writeFindings(write, state, options)
}

function writeImage(write: Writer, state: KhoState, options: TreeOptions): void {
  const { image, geometry, geometryReason } = state
  const { label, faint } = options.palette
  const ram = image.ramKnown.reduce((sum, range) => sum + range.end - range.start, 0)
  write(`${label('image')}  ${escapeText(image.path)}\n`)
  write(
    `  container  ${escapeText(image.container)}, ${unitText(ram)} of memory in ${image.ramKnown.length} ${image.ramKnown.length === 1 ? 'range' : 'ranges'}\n`,
  )
  write(`  page size  ${unitText(geometry.pageSize)} ${faint(`(${escapeText(geometryReason)})`)}\n`)
}

function writeRoot(write: Writer, state: KhoState, options: TreeOptions): void {
  const { palette } = options
  const { root } = state
  write(
    `${palette.label('root')}  ${hex(root.address)} ${palette.strong(root.direction)}, ${state.abi} ${palette.faint(`(compatible "${nameText(state.compatible)}")`)}\n`,
  )
  root.evidence.forEach(evidence => {
    write(`  ${evidenceText(evidence, palette)}\n`)
  })
  const others = state.candidates.filter(other => other.address !== root.address)
  if (others.length === 0) return
  write(`${palette.label('other roots')} ${palette.faint(`(${others.length})`)}\n`)
  const shown = Math.min(others.length, options.limit)
  for (const other of others.slice(0, shown)) writeCandidate(write, other, options)
  writeMore(write, others.length - shown, options, 1)
}

function writeCandidate(write: Writer, other: RootCandidate, options: TreeOptions): void {
  const { palette } = options
  const compatible = other.compatible === null ? '' : ` ${palette.faint(`"${nameText(other.compatible)}"`)}`
  write(`  ${hex(other.address)} ${other.direction}, map ${stateText(other.state, palette)}${compatible}\n`)
  for (const evidence of other.evidence) write(`    ${evidenceText(evidence, palette)}\n`)
}

function evidenceText(evidence: Evidence, palette: Palette): string {
  return `${palette.faint(`${evidence.kind}:`)} ${escapeText(evidence.message)}`
}

function writeTracker(write: Writer, state: KhoState, document: RecordView, options: TreeOptions): void {
  const { palette } = options
  const { tracker } = state
  const part = (field: string) => numberOf(document, 'tracker', field)
  const format = tracker.format ?? 'no known format'
  const at = tracker.root === null ? '' : `, root ${hex(tracker.root)}`
  write(`${palette.label('tracker')}  ${format}${at}, ${stateText(tracker.state, palette)}\n`)
  if (tracker.reason !== null) write(`  ${escapeText(tracker.reason)}\n`)
  const bad =
    tracker.decode.badPointers === 0 ? '' : `, ${palette.bad(`${tracker.decode.badPointers} bad pointers`)}`
  const absent =
    tracker.decode.absentNodes === 0
      ? ''
      : `, ${palette.warning(`${tracker.decode.absentNodes} not in the dump`)}`
  write(
    `  ${grouped(part('nodes'))} nodes, ${grouped(part('leaves'))} of them leaves, ${unitText(part('metadataBytes'))} of metadata${absent}${bad}\n`,
  )
  write(`  ${grouped(part('blocks'))} blocks, ${unitText(part('bytes'))} preserved\n`)
  writeOrders(write, state, document, palette)
}

function writeOrders(write: Writer, state: KhoState, document: RecordView, palette: Palette): void {
  if (orders(state.tracker.decode.pages).length === 0) return
  const rows = partOf(partOf(document, 'tracker'), 'orders')
  if (rows.kind !== 'list' || rows.length === 0) return
  write(`  ${palette.faint('order      blocks        size')}\n`)
  for (let i = 0; i < rows.length; i++) {
    const row = rows.at(i)
    const cell = (field: string) => numberOf(row, field)
    write(
      `  ${String(cell('order')).padStart(5)}  ${grouped(cell('blocks')).padStart(10)}  ${unitText(cell('bytes')).padStart(10)}\n`,
    )
  }
}

function writeScratch(write: Writer, state: KhoState, options: TreeOptions): void {
  const { label, faint, warning } = options.palette
  const areas = state.scratch
  const reason = faint(`(${escapeText(state.scratchReason)})`)
  if (areas === null) {
    write(`${label('scratch')}  ${warning('unknown')} ${reason}\n`)
    return
  }
  write(`${label('scratch')} ${faint(`(${areas.length})`)} ${reason}\n`)
  const shown = Math.min(areas.length, options.limit)
  areas.slice(0, shown).forEach((area, index) => {
    write(`  #${index}  ${hex(area.start)}, ${unitText(area.size)}\n`)
  })
  writeMore(write, areas.length - shown, options, 1)
}

/** Blobs are few and each is another thing: all of them are shown, whatever the limit. */
function writeBlobs(write: Writer, document: RecordView, options: TreeOptions): void {
  const blobs = partOf(document, 'blobs')
  if (blobs.kind !== 'list') return
  write(`${options.palette.label('blobs')} ${options.palette.faint(`(${blobs.length})`)}\n`)
  const labels = elementNames(blobs, blobs.length)
  for (let i = 0; i < blobs.length; i++) writeTree(write, labels[i] as string, blobs.at(i), options, 1)
}

function writeFindings(write: Writer, state: KhoState, options: TreeOptions): void {
  const { palette } = options
  const faults = allFaults(state)
  write(`${palette.label('findings')} ${palette.faint(`(${faults.length})`)}\n`)
  const shown = Math.min(faults.length, options.limit)
  for (const fault of faults.slice(0, shown)) {
    const tint = fault.absent === undefined ? palette.bad : palette.warning
    const where = [fault.path, fault.address === null ? null : hex(fault.address)].filter(
      part => part !== null,
    )
    const more =
      fault.more === undefined ? '' : ` ${palette.faint(`(and ${grouped(fault.more)} more like it)`)}`
    const at = where.length === 0 ? '' : `${escapeText(where.join(' '))}: `
    write(`  ${tint(fault.code)} ${at}${escapeText(fault.message)}${more}\n`)
  }
  writeMore(write, faults.length - shown, options, 1)
}

function stateText(state: string, palette: Palette): string {
  if (state === 'live') return palette.good(state)
  return state === 'partial' ? palette.warning(state) : palette.bad(state)
}

function partOf(view: View, field: string): View {
  const found = view.kind === 'record' ? view.fields.find(([name]) => name === field) : undefined
  if (found === undefined) throw new RangeError(`the document has no part ${field}`)
  return found[1]
}

function numberOf(view: View, ...path: string[]): number {
  const part = path.reduce(partOf, view)
  return 'value' in part && typeof part.value === 'number' ? part.value : 0
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
