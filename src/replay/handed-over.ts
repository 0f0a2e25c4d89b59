import { readChosen } from '../../formats/handoff/chosen.js'
import { SCRATCH_ENTRY, type ScratchArea } from '../../formats/handoff/scratch.js'
import { type Handover, readSetupData } from '../../formats/handoff/setup-data.js'
import { mergeRanges, type Place, type Range } from '../../formats/memory/range.js'
import { listRanges } from '../../formats/pages/runs.js'
import type { Arch } from '../guest/arch.js'
import { readTree } from '../image/find-roots.js'
import type { Evidence, KhoState } from '../image/state.js'
import { commonRanges, withoutRanges } from './free-ranges.js'
import { BOARD } from './machine.js'
import { findStagedScratch } from './staged-scratch.js'

/** The two pointers that a kernel is given, and what they lead to. */
export interface HandedOver {
  fdt: Place
  /** The array of scratch areas; null where the state has none, and one has to be made. */
  array: Place | null
  areas: ScratchArea[]
}

const MIB = 2 ** 20
/** An area that was chosen for a state that has none is of this size at most, at a multiple of this. */
const LARGEST_AREA = 256 * MIB
const AREA_ALIGN = 4 * MIB
/** What the image says that the next kernel is told: the record that names this root, and the array that it names. */
export function findHandedOver(
  state: KhoState,
  memory: number,
  keep: readonly Range[],
  arch: Arch = 'x86_64',
): HandedOver {
  const { pageSize } = state.geometry
  const records = state.root.evidence
    .map(evidence => recordOf(state, evidence))
    .filter(record => record !== null && record.fdtAddress === state.root.address)
  const record = records[0]
  const fdt = { address: state.root.address, size: record?.fdtSize ?? pageSize }
  if (record && state.scratch !== null) {
    const array = { address: record.scratchAddress, size: record.scratchSize }
    return { fdt, array, areas: state.scratch }
  }
  const areas = state.scratch ?? stagedAreas(state, record, keep) ?? [chooseArea(memory, keep, arch)]
  // A length that is none is handed over as it is: what the kernel makes of it is the question.
  if (record && (record.scratchSize === 0 || record.scratchSize % SCRATCH_ENTRY !== 0)) {
    return { fdt, array: { address: record.scratchAddress, size: record.scratchSize }, areas }
  }
  return { fdt, array: null, areas }
}

/** A setup_data record, or /chosen of a device tree. */
function recordOf({ image }: KhoState, { kind, address }: Evidence): Handover | null {
  if (address === null) return null
  if (kind === 'setup-data') return readSetupData(image.memory, address)
  const tree = kind === 'chosen' ? readTree(image.memory, address) : null
  return tree && readChosen(tree, address)
}

/** Before the jump the array that the record names is not in place; what is to come there is somewhere else. */
function stagedAreas(
  { image }: KhoState,
  record: Handover | null | undefined,
  keep: readonly Range[],
): ScratchArea[] | null {
  if (!record || record.scratchSize === 0 || record.scratchSize % SCRATCH_ENTRY !== 0) return null
  const array = { address: record.scratchAddress, size: record.scratchSize }
  return findStagedScratch(image.memory, array, image.ramKnown, keep)
}

/** The largest hole in low memory. */
function chooseArea(memory: number, keep: readonly Range[], arch: Arch): ScratchArea {
  const board = BOARD[arch]
  const low = board.choices(memory)
  const holes = withoutRanges(commonRanges(board.ram(memory), [low]), keep).map(({ start, end }) => {
    const from = Math.ceil(start / AREA_ALIGN) * AREA_ALIGN
    return { start: from, size: Math.min(LARGEST_AREA, Math.floor((end - from) / AREA_ALIGN) * AREA_ALIGN) }
  })
  return holes.reduce((best, hole) => (hole.size > best.size ? hole : best), { start: low.start, size: 0 })
}

/** The array's bytes: struct kho_scratch, address and size. */
export function encodeScratchArray(areas: readonly ScratchArea[]): Uint8Array {
  const bytes = new Uint8Array(areas.length * SCRATCH_ENTRY)
  const view = new DataView(bytes.buffer)
  areas.forEach(({ start, size }, n) => {
    view.setBigUint64(n * SCRATCH_ENTRY, BigInt(start), true)
    view.setBigUint64(n * SCRATCH_ENTRY + 8, BigInt(size), true)
  })
  return bytes
}

/** Memory that the kernel may look at because of the hand-over: what is preserved, the tracker, the root FDT and the blobs. */
export function vitalRanges(state: KhoState): Range[] {
  const { pageSize } = state.geometry
  const page = (address: number, size: number): Range => ({
    start: Math.floor(address / pageSize) * pageSize,
    end: Math.ceil((address + Math.max(size, 1)) / pageSize) * pageSize,
  })
  const blobs = state.blobs().filter(blob => blob.address !== null && blob.address > 0)
  const known = [
    ...listRanges(state.tracker.decode.pages),
    ...state.tracker.decode.nodes.map(node => page(node.address, node.size)),
    page(state.root.address, pageSize),
    ...blobs.map(blob => page(blob.address!, blob.size ?? pageSize)),
  ]
  // What a damaged state names beyond the end of memory is nowhere.
  return commonRanges(mergeRanges(known), wholePages(state.image.ramKnown, pageSize))
}

function wholePages(ranges: readonly Range[], pageSize: number): Range[] {
  return mergeRanges(
    ranges.map(({ start, end }) => ({
      start: Math.floor(start / pageSize) * pageSize,
      end: Math.ceil(end / pageSize) * pageSize,
    })),
  )
}
