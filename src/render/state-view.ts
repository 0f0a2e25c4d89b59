import { type Fault, hex } from '../../formats/memory/fault.js'
import type { Range } from '../../formats/memory/range.js'
import { blockSize, countBlocks, orders, totals } from '../../formats/pages/page-set.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { Evidence, KhoState, RootCandidate } from '../image/state.js'
import { blobView } from './blob-view.js'
import { nodeView } from './fdt-view.js'
import {
  address,
  count,
  type ListView,
  list,
  name,
  type RecordView,
  record,
  size,
  text,
  type View,
} from './view.js'
import type { ViewContext } from './view-context.js'

/** Node kinds that hold bits, as against those that only point to others. */
const LEAVES = new Set<TrackerNode['kind']>(['leaf', 'bitmap'])

/** The document of `kho dump`: the whole state. */
export function documentView(state: KhoState): RecordView {
  return record({
    image: imageView(state),
    root: rootView(state.root),
    candidates: list(state.candidates, candidateView),
    abi: text(state.abi),
    compatible: name(state.compatible),
    tracker: trackerView(state, 'count'),
    scratch: scratchView(state),
    scratchReason: text(state.scratchReason),
    blobs: blobsView(state),
    findings: findingsView(state),
  })
}

/** What paths lead into: the fixed names at the top, then the state's own. */
export function pathsView(state: KhoState): RecordView {
  const blobs = state.blobs()
  const fields: Record<string, View> = {
    fdt: nodeView(state.fdt.root),
    tracker: trackerView(state, 'list'),
    scratch: scratchView(state),
    handoff: handoffView(state),
  }
  for (const blob of blobs) {
    // Blobs that nobody knows have no name at the top.
    if (!blob.path.includes('/')) fields[blob.path] ??= blobView(blob, contextOf(state))
  }
  fields.blobs = blobsView(state)
  return record(fields)
}

function contextOf(state: KhoState): ViewContext {
  return { memory: state.image.memory, geometry: state.geometry, pages: state.tracker.decode.pages }
}

/** All that was noticed, of the state and of its blobs. */
export function allFaults(state: KhoState): Fault[] {
  return [...state.faults, ...state.blobs().flatMap(blob => blob.faults)]
}

function imageView(state: KhoState): RecordView {
  const { image, geometry, geometryReason } = state
  return record({
    path: text(image.path),
    container: text(image.container),
    pageSize: size(geometry.pageSize),
    pageSizeReason: text(geometryReason),
    ram: list(image.ramKnown, rangeView),
  })
}

function rangeView(range: Range): RecordView {
  return record({ start: address(range.start), end: address(range.end) })
}

function rootView(root: RootCandidate): RecordView {
  return record({
    address: address(root.address),
    direction: text(root.direction),
    evidence: list(root.evidence, evidenceView),
  })
}

function candidateView(root: RootCandidate): RecordView {
  return record({
    address: address(root.address),
    direction: text(root.direction),
    state: text(root.state),
    compatible: name(root.compatible),
    evidence: list(root.evidence, evidenceView),
  })
}

function evidenceView(evidence: Evidence): RecordView {
  return record({
    kind: text(evidence.kind),
    message: text(evidence.message),
    address: address(evidence.address),
  })
}

function trackerView(state: KhoState, nodes: 'count' | 'list'): RecordView {
  const { decode, ...tracker } = state.tracker
  const all = totals(decode.pages)
  return record({
    format: text(tracker.format),
    state: text(tracker.state),
    reason: text(tracker.reason),
    root: address(tracker.root),
    nodes: nodes === 'count' ? count(decode.nodes.length) : nodesView(decode.nodes),
    leaves: count(decode.nodes.filter(node => LEAVES.has(node.kind)).length),
    metadataBytes: size(decode.nodes.reduce((sum, node) => sum + node.size, 0)),
    absentNodes: count(decode.absentNodes),
    badPointers: count(decode.badPointers),
    orders: ordersView(state),
    blocks: count(all.blocks),
    bytes: size(all.bytes),
  })
}

function ordersView(state: KhoState): ListView {
  const { pages } = state.tracker.decode
  const rows = orders(pages)
    .map(order => ({ order, blocks: countBlocks(pages, order) }))
    .filter(row => row.blocks > 0)
  return list(rows, row =>
    record({
      order: count(row.order),
      blocks: count(row.blocks),
      bytes: size(row.blocks * blockSize(pages, row.order)),
    }),
  )
}

function nodesView(nodes: readonly TrackerNode[]): ListView {
  return list(
    nodes,
    node =>
      record({
        address: address(node.address),
        kind: text(node.kind),
        level: count(node.level),
        order: count(node.order),
        size: size(node.size),
      }),
    node => hex(node.address),
  )
}

function scratchView(state: KhoState): ListView {
  return list(state.scratch ?? [], area => record({ start: address(area.start), size: size(area.size) }))
}

function handoffView(state: KhoState): RecordView {
  return record({
    root: address(state.root.address),
    direction: text(state.root.direction),
    evidence: list(state.root.evidence, evidenceView),
    scratch: scratchView(state),
    scratchReason: text(state.scratchReason),
  })
}

function blobsView(state: KhoState): ListView {
  const context = contextOf(state)
  return list(
    state.blobs(),
    blob => blobView(blob, context),
    blob => blob.name,
  )
}

function findingsView(state: KhoState): ListView {
  return list(allFaults(state), findingView)
}

/** A fault as the finding that every command shows. */
export function findingView(fault: Fault): RecordView {
  return record({
    rule: text(fault.code),
    severity: text(fault.absent === undefined ? 'error' : 'warning'),
    message: text(fault.message),
    path: text(fault.path),
    address: address(fault.address),
    offset: count(null),
    count: count(1 + (fault.more ?? 0)),
  })
}
