import { readSetupData } from '../../formats/handoff/setup-data.js'
import { appendPath, elementSegments, KHO_SCRATCH, SETUP_DATA_KHO } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { blobPart } from './blob-part.js'
import { fdtPart } from './fdt-part.js'
import { bytesPart, listPart, namePart, type Part, type Piece, structPart } from './part.js'

/** The whole state, as paths see it. */
export function statePart(state: KhoState): Part {
  const fields: Record<string, () => Part> = {
    fdt: () => fdtPart(state.fdt, state.root.address, 'fdt'),
    tracker: () => trackerPart(state),
    scratch: () => scratchPart(state),
    handoff: () => handoffPart(state),
  }
  const blobs = state.blobs()
  for (const blob of blobs) {
    if (!blob.path.includes('/')) fields[blob.path] ??= () => blobPart(state, blob, blob.path)
  }
  fields.blobs = () => {
    const segments = elementSegments(blobs.map(blob => blob.name))
    return listPart('blobs', 'list of blobs', {
      length: blobs.length,
      key: n => blobs[n]!.name,
      at: n => blobPart(state, blobs[n]!, appendPath('blobs', segments[n]!)),
    })
  }
  return namePart('/', 'state', fields)
}

function trackerPart(state: KhoState): Part {
  const { nodes } = state.tracker.decode
  const nodeAt = (n: number): Part => {
    const node = nodes[n]!
    const { address, size, kind } = node
    const path = appendPath('tracker', 'nodes', hex(address))
    const pieces = (): Piece[] => [{ kind: 'node', address, node }]
    return {
      path,
      what: `tracker ${kind}`,
      extents: [rangeAt(address, size)],
      pieces,
      value: { kind: 'node', node },
    }
  }
  const list = () =>
    listPart('tracker/nodes', 'list of the tracker’s pages', {
      length: nodes.length,
      key: n => hex(nodes[n]!.address),
      at: nodeAt,
    })
  const root = nodes.findIndex(node => node.address === state.tracker.root)
  const part = namePart('tracker', 'tracker', { nodes: list })
  if (root < 0) return part
  const { extents, pieces } = nodeAt(root)
  return { ...part, extents, ...(pieces === undefined ? {} : { pieces }) }
}

function scratchPart(state: KhoState): Part {
  const areas = state.scratch ?? []
  const list = listPart('scratch', 'list of scratch areas', {
    length: areas.length,
    key: () => null,
    at: n => bytesPart(appendPath('scratch', n), 'scratch area', areas[n]!.start, areas[n]!.size),
  })
  return list
}

/** The records that name the root; `handoff/scratch` is the array of areas itself, where that is in place. */
function handoffPart(state: KhoState): Part {
  const { evidence } = state.root
  const evidenceAt = (n: number): Part => {
    const { kind, address } = evidence[n]!
    const path = appendPath('handoff', 'evidence', n)
    if (kind !== 'setup-data' || address === null) return { path, what: 'evidence', extents: [] }
    return structPart(path, 'setup_data record', address, SETUP_DATA_KHO)
  }
  const fields: Record<string, () => Part> = {
    evidence: () =>
      listPart('handoff/evidence', 'list of evidence', {
        length: evidence.length,
        key: () => null,
        at: evidenceAt,
      }),
    scratch: () => ({ ...scratchPart(state), path: 'handoff/scratch', ...scratchArray(state) }),
  }
  return namePart('handoff', 'hand-over', fields)
}

function scratchArray(state: KhoState): Pick<Part, 'extents' | 'pieces'> {
  for (const { kind, address } of state.root.evidence) {
    const record =
      kind === 'setup-data' && address !== null ? readSetupData(state.image.memory, address) : null
    if (record === null || state.scratch === null) continue
    const { scratchAddress, scratchSize } = record
    const count = Math.floor(scratchSize / KHO_SCRATCH.size)
    const pathOf = (n: number) => appendPath('scratch', n)
    return {
      extents: [rangeAt(scratchAddress, scratchSize)],
      pieces: () => [{ kind: 'records', address: scratchAddress, struct: KHO_SCRATCH, count, pathOf }],
    }
  }
  return { extents: [] }
}
