import type { Blob } from '../../formats/blobs/index.js'
import type { Fault } from '../../formats/memory/fault.js'
import type { Range } from '../../formats/memory/range.js'
import type { KhoState, RootCandidate } from '../image/state.js'
import { BLOB } from './blob.js'
import { describedOf } from './described-index.js'
import { type Elements, elementsOf } from './elements.js'
import { ROOT_FDT, rootTree } from './fdt.js'
import { DIRECTIONS, EVIDENCE, HANDOFF, SCRATCH } from './handoff.js'
import { address, count, defineKind, list, name, one, size, text } from './kind.js'
import { type Node, nodeOf } from './node.js'
import { TRACKER, TRACKER_STATES, TRACKER_TOTALS } from './tracker.js'

const RANGE = defineKind<Range>({
  what: 'range',
  fields: { start: address(range => range.start), end: address(range => range.end) },
})

const IMAGE = defineKind<KhoState>({
  what: 'image',
  fields: {
    path: text(({ image }) => image.path),
    container: text(({ image }) => image.container),
    pageSize: size(({ geometry }) => geometry.pageSize, { values: [4096, 16384, 65536] }),
    pageSizeReason: text(state => state.geometryReason),
    ram: list('list of RAM', RANGE, ({ image }) => image.ramKnown),
  },
})

const evidence = list('list of evidence', EVIDENCE, (root: RootCandidate) => root.evidence)
const ROOT = defineKind<RootCandidate>({
  what: 'root',
  fields: {
    address: address(root => root.address),
    direction: text(root => root.direction, { values: DIRECTIONS }),
    evidence,
  },
})
const CANDIDATE = defineKind<RootCandidate>({
  what: 'candidate',
  fields: {
    address: address(root => root.address),
    direction: text(root => root.direction, { values: DIRECTIONS }),
    state: text(root => root.state, { values: TRACKER_STATES }),
    compatible: name(root => root.compatible, { orNull: 'null where the bytes are no FDT' }),
    evidence,
  },
})

/** A fault as the finding that every command shows. */
const FINDING = defineKind<Fault>({
  what: 'finding',
  fields: {
    rule: text(fault => fault.code),
    severity: text(fault => (fault.absent === undefined ? 'error' : 'warning'), {
      values: ['error', 'warning', 'info'],
    }),
    message: text(fault => fault.message),
    path: text(fault => fault.path, { orNull: 'none' }),
    address: address(fault => fault.address, { orNull: 'none' }),
    offset: count(() => null, { orNull: 'none' }),
    count: count(fault => 1 + (fault.more ?? 0)),
  },
})

const blobs = list('list of blobs', BLOB, (state: KhoState) => blobElements(state))

/** The whole of a state: the document of `kho dump`. */
export const DOCUMENT = defineKind<KhoState>({
  what: 'state',
  fields: {
    image: one(IMAGE, state => state),
    root: one(ROOT, state => state.root),
    candidates: list('list of roots', CANDIDATE, state => state.candidates),
    abi: text(state => state.abi),
    compatible: name(state => state.compatible),
    tracker: one(TRACKER_TOTALS, state => state),
    scratch: SCRATCH,
    scratchReason: text(state => state.scratchReason),
    blobs,
    findings: list('list of findings', FINDING, state => allFaults(state)),
  },
})

/** What hangs off the root FDT, by name. */
export function blobElements(state: KhoState): Elements<Blob> {
  return elementsOf(state.blobs(), blob => blob.name)
}

/** All that was noticed, of the state and of its blobs. */
export function allFaults(state: KhoState): Fault[] {
  return [...state.faults, ...state.blobs().flatMap(blob => blob.faults), ...describedOf(state).faults]
}

/** What paths lead into: the fixed names at the top; a blob that somebody knows has its own there, too. */
const STATE = defineKind<KhoState>({
  what: 'state',
  fields: {
    fdt: one(ROOT_FDT, state => ({ node: state.fdt.root, of: rootTree(state) })),
    tracker: one(TRACKER, state => state),
    scratch: SCRATCH,
    handoff: one(HANDOFF, state => state),
    blobs,
  },
})

/** The whole state as a node: where paths begin. */
export function stateNode(state: KhoState): Node {
  const root = nodeOf(state, '', { kind: STATE, self: state })
  const known = state.blobs().filter(({ path }) => !path.includes('/'))
  return {
    path: '/',
    what: root.what,
    view: root.view,
    memory: root.memory,
    content: () => root.content(),
    branches: () => root.branches(),
    step(segment) {
      const blob = known.find(({ path }) => path === segment)
      return (
        root.step(segment) ??
        (blob === undefined ? null : nodeOf(state, blob.path, { kind: BLOB, self: blob }))
      )
    },
    *below() {
      for (const node of root.below()) if (node.path !== 'blobs') yield node
      for (const blob of state.blobs()) yield nodeOf(state, blob.path, { kind: BLOB, self: blob })
    },
    names: () => [...root.names(), ...known.map(({ path }) => path)],
  }
}
