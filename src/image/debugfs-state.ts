import type { DebugfsInfo } from '../../formats/dumps/dump.js'
import { SCRATCH_FILES } from '../../formats/handoff/scratch.js'
import type { RankedRoot } from './rank-roots.js'
import type { KhoState } from './state.js'

/**
 * Says of the roots of a copy of debugfs what the folder does: which side each is on, and that nothing in it shows the
 * tracker. Puts the outgoing one first.
 */
export function applyDebugfs({ roots }: DebugfsInfo, ranked: RankedRoot[], pageSizeGiven: boolean): void {
  for (const root of ranked) {
    const told = roots.find(({ address }) => address === root.found.address)
    if (told === undefined) continue
    const { candidate, choice } = root
    const { reading } = choice
    candidate.direction = told.direction
    const message = `${told.file} of debugfs, which does not tell its address: the one shown is none of the machine`
    candidate.evidence = [
      { kind: 'given', message, address: null },
      ...candidate.evidence.filter(({ kind }) => kind === 'kexec-count'),
    ]
    if (reading.state !== 'live') {
      candidate.state = 'absent'
      reading.state = 'absent'
      reading.reason = 'debugfs does not show the tracker: what is preserved is unknown'
      reading.decode.faults.length = 0
    }
    if (!pageSizeGiven) choice.reason = `debugfs does not tell; ${reading.geometry.pageSize} is assumed`
  }
  ranked.sort(
    (a, b) => Number(b.candidate.direction === 'outgoing') - Number(a.candidate.direction === 'outgoing'),
  )
}

/** The scratch areas that debugfs lists. Where their array lies it does not tell. */
export function debugfsScratch({
  scratch,
  scratchFiles,
}: DebugfsInfo): Pick<KhoState, 'scratch' | 'scratchReason' | 'scratchArray'> {
  const none = SCRATCH_FILES.map(({ addresses, lengths }) => `${addresses} and ${lengths}`).join(', or ')
  const fit = scratch === null ? ', which do not fit together' : ''
  const scratchReason =
    scratchFiles === null ? `out/ of debugfs lacks ${none}` : `${scratchFiles} of debugfs${fit}`
  return { scratch, scratchReason, scratchArray: null }
}
