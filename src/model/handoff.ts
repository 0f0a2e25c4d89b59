import type { ScratchArea } from '../../formats/handoff/scratch.js'
import { type Handover, readSetupData } from '../../formats/handoff/setup-data.js'
import { appendPath, KHO_SCRATCH, SETUP_DATA_KHO } from '../../formats/layout/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { Evidence, KhoState } from '../image/state.js'
import { type ClaimTraits, listClaims, singleClaim } from './claim.js'
import { address, defineKind, list, type Memory, NO_MEMORY, notKnown, size, text } from './kind.js'
import { structMemory } from './struct-kind.js'

/** A u64 of an array that holds something else has been rounded where it was read: not to be shown as if it were exact. */
const known = (value: number) =>
  value < ADDRESS_LIMIT ? value : notKnown('2^52 or more: nothing of physical memory')

/** Not preserved, but KHO's own. */
const UNPRESERVED: ClaimTraits = { kind: 'metadata', version: null, preserved: false }

const AREA = defineKind<ScratchArea>({
  what: 'scratch area',
  fields: {
    start: address(area => known(area.start), { orNull: 'not a physical address' }),
    size: size(area => known(area.size), { orNull: 'more than there can be' }),
  },
  memory: area => ({ extents: [rangeAt(area.start, area.size)] }),
})

const areasOf = ({ scratch, scratchReason }: KhoState) => scratch ?? notKnown(scratchReason)

/** Scratch areas: what a booting kernel may allocate from. */
export const SCRATCH = list('list of scratch areas', AREA, areasOf, {
  *claims({ scratch }, _, path) {
    const areas = scratch ?? []
    const starts = Float64Array.from(areas, area => area.start)
    const sizes = Float64Array.from(areas, area => area.size)
    yield listClaims(starts, sizes, { ...UNPRESERVED, kind: 'data' }, n => appendPath(path, n))
  },
  claimsAll: true,
})

/** Why an address is believed to hold a root. Records of x86 have bytes. */
export const EVIDENCE = defineKind<Evidence>({
  what: evidence => (isRecord(evidence) ? 'setup_data record' : 'evidence'),
  fields: {
    kind: text(evidence => evidence.kind, {
      values: [
        'given',
        'setup-data',
        'chosen',
        'scan',
        'self-check',
        'kexec-count',
        'tracker',
        'luo',
        'scratch',
      ],
    }),
    message: text(evidence => evidence.message),
    address: address(evidence => evidence.address, { orNull: 'none' }),
  },
  memory(evidence, _, path) {
    return isRecord(evidence) ? structMemory(SETUP_DATA_KHO, evidence.address!, path) : NO_MEMORY
  },
  *claims(evidence, _, path) {
    if (isRecord(evidence)) yield singleClaim(path, evidence.address!, SETUP_DATA_KHO.size, UNPRESERVED)
  },
})

function isRecord({ kind, address: at }: Evidence): boolean {
  return kind === 'setup-data' && at !== null
}

export const DIRECTIONS = ['incoming', 'outgoing', 'unknown']

/** How the root was handed over; `handoff/scratch` is the array of areas itself, where that is in place. */
export const HANDOFF = defineKind<KhoState>({
  what: 'hand-over',
  fields: {
    root: address(({ root }) => root.address),
    direction: text(({ root }) => root.direction, { values: DIRECTIONS }),
    evidence: list('list of evidence', EVIDENCE, ({ root }) => root.evidence),
    scratch: list('list of scratch areas', AREA, areasOf, {
      home: 'scratch',
      memory: state => arrayMemory(state),
      *claims(state, _, path) {
        const arrays = new Map(recordsOf(state).map(record => [record.scratchAddress, record.scratchSize]))
        for (const [start, length] of arrays) yield singleClaim(path, start, length, UNPRESERVED)
      },
      claimsAll: true,
    }),
    scratchReason: text(({ scratchReason }) => scratchReason),
  },
})

/** The records that name the root, where the areas that they lead to are known. */
function recordsOf({ root, scratch, image }: KhoState): Handover[] {
  if (scratch === null) return []
  return root.evidence
    .filter(isRecord)
    .flatMap(evidence => readSetupData(image.memory, evidence.address!) ?? [])
}

function arrayMemory(state: KhoState): Memory {
  const [record] = recordsOf(state)
  if (record === undefined) return NO_MEMORY
  const { scratchAddress, scratchSize } = record
  const count = Math.floor(scratchSize / KHO_SCRATCH.size)
  const pathOf = (n: number) => appendPath('scratch', n)
  return {
    extents: [rangeAt(scratchAddress, scratchSize)],
    pieces: () => [{ kind: 'records', address: scratchAddress, struct: KHO_SCRATCH, count, pathOf }],
  }
}
