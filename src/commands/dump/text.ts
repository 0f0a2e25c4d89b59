import type { Evidence, KhoState, RootCandidate } from '../../image/state.js'
import { BLOB } from '../../model/blob.js'
import { elementNames } from '../../model/segments.js'
import { blobElements } from '../../model/state.js'
import { trackerTotals } from '../../model/tracker.js'
import { escapeText } from '../../render/escape.js'
import { findingCounts, findingLine } from '../../render/finding-text.js'
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
import type { Finding } from '../../validate/verdict.js'

/** Writes the whole state as a tree for people. */
export function writeDump(
  write: Writer,
  state: KhoState,
  findings: readonly Finding[],
  options: TreeOptions,
): void {
  writeImage(write, state, options)
  writeRoot(write, state, options)
  writeTracker(write, state, options)
  writeScratch(write, state, options)
  writeBlobs(write, state, options)
  writeFindings(write, findings, options)
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

function writeTracker(write: Writer, state: KhoState, options: TreeOptions): void {
  const { palette } = options
  const { tracker } = state
  const { nodes, leaves, metadataBytes, blocks, bytes, orders } = trackerTotals(tracker)
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
    `  ${grouped(nodes)} nodes, ${grouped(leaves)} of them leaves, ${unitText(metadataBytes)} of metadata${absent}${bad}\n`,
  )
  write(`  ${grouped(blocks)} blocks, ${unitText(bytes)} preserved\n`)
  if (orders.length === 0) return
  write(`  ${palette.faint('order      blocks        size')}\n`)
  for (const row of orders) {
    write(
      `  ${String(row.order).padStart(5)}  ${grouped(row.blocks).padStart(10)}  ${unitText(row.bytes).padStart(10)}\n`,
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
function writeBlobs(write: Writer, state: KhoState, options: TreeOptions): void {
  const blobs = blobElements(state)
  write(`${options.palette.label('blobs')} ${options.palette.faint(`(${blobs.length})`)}\n`)
  for (const [n, label] of elementNames(blobs, blobs.length).entries()) {
    writeTree(write, label, state, { form: 'one', thing: { kind: BLOB, self: blobs.item(n) } }, options, 1)
  }
}

/** What `kho validate` says of the state, in its words. */
function writeFindings(write: Writer, findings: readonly Finding[], options: TreeOptions): void {
  const { palette } = options
  write(`${palette.label('findings')} ${palette.faint(`(${findingCounts(findings)})`)}\n`)
  const shown = Math.min(findings.length, options.limit)
  for (const finding of findings.slice(0, shown)) write(`  ${findingLine(finding, palette)}\n`)
  writeMore(write, findings.length - shown, options, 1)
}

function stateText(state: string, palette: Palette): string {
  if (state === 'live') return palette.good(state)
  return state === 'partial' ? palette.warning(state) : palette.bad(state)
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
