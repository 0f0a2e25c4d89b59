import { findChild } from '../../formats/fdt/index.js'
import { type Abi, KERNELS } from '../../formats/kernels/index.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { blocksAt, hasBlock, totals } from '../../formats/pages/page-set.js'
import { forEachRange } from '../../formats/pages/runs.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { TrackerDecode } from '../../formats/trackers/tracker.js'
import { blobPlaces, decodeChild } from './child-blob.js'
import type { Candidate, LayoutChoice } from './choose-layout.js'
import type { FoundRoot } from './find-roots.js'

/** A candidate, read. */
interface Reading extends Candidate {
  decode: TrackerDecode
  /** What of a sound map it lacks, or has and must not; null where nothing. */
  flaw: string | null
  /** How bad that is: pointers that lead nowhere, and pages that are missing. */
  flaws: number
}

/**
 * Of several readings that nothing in the bytes of the map rules out, the one that gives a sound map: the page of the root
 * FDT and those of its blobs are in it, no pointer leads nowhere, no two blocks overlap, and none covers the map itself.
 * Where that does not decide, what kernels of the layouts hand over does; else the first is taken, and called a guess.
 */
export function weighReadings(
  memory: PhysicalMemory,
  found: FoundRoot,
  candidates: readonly Candidate[],
): LayoutChoice {
  const readings = candidates.map(candidate => read(memory, found, candidate))
  const sound = readings.filter(({ flaw }) => flaw === null)
  const choose = ({ abi, options, root, decode }: Reading, reason: string): LayoutChoice => ({
    abi: abi.name,
    options,
    root,
    decode,
    reason,
  })
  if (sound.length === 1) {
    const [only] = sound
    const others = readings.filter(reading => reading !== only)
    return choose(only!, others.map(other => `read as ${describe(other, readings)} ${other.flaw}`).join('; '))
  }
  const left = sound.length > 1 ? sound : leastFlawed(readings)
  const hinted = left.filter(reading => hint(memory, found, reading.abi, reading) === null)
  const [first] = hinted.length > 0 ? hinted : left
  const against = left
    .filter(reading => reading !== first)
    .map(reading => hint(memory, found, reading.abi, reading))
    .find(text => text !== null)
  if (against !== undefined) return choose(first!, against)
  if (left.length === 1) return choose(first!, `of ${readings.length} readings the one with the fewest flaws`)
  if (sameBlocks(left)) return choose(first!, `a guess that makes no difference: ${first!.recognition.why}`)
  return choose(first!, `a guess, as both readings hold: ${first!.recognition.why}`)
}

function read(memory: PhysicalMemory, found: FoundRoot, candidate: Candidate): Reading {
  const { abi, root, options } = candidate
  const decode = trackerOf(abi.tracker).decode(memory, root, options)
  const missing = missingPages(found, abi, decode)
  const bad = decode.badPointers + decode.absentNodes
  const flaw = missing[0] ?? (bad > 0 ? `it has ${bad} pointers that lead nowhere` : collision(decode))
  return { ...candidate, decode, flaw, flaws: bad + missing.length }
}

/** What a map of this root must have and this one has not, in words. */
function missingPages(found: FoundRoot, abi: Abi, decode: TrackerDecode): string[] {
  const missing: string[] = []
  if (abi.fdtPreserved && !hasBlock(decode.pages, found.address, 0))
    missing.push('it lacks the page of the root FDT')
  for (const { name, address } of blobPlaces(found)) {
    if (blocksAt(decode.pages, address).length === 0) missing.push(`it lacks the page of the blob ${name}`)
  }
  return missing
}

function collision({ pages, nodes }: TrackerDecode): string | null {
  let covered = 0
  forEachRange(pages, (start, end) => {
    covered += end - start
  })
  if (totals(pages).bytes !== covered) return 'its blocks overlap one another'
  const hit = nodes.find(node => blocksAt(pages, node.address).length > 0)
  return hit === undefined ? null : 'its blocks cover pages of the map itself'
}

function leastFlawed(readings: readonly Reading[]): Reading[] {
  const least = Math.min(...readings.map(({ flaws }) => flaws))
  return readings.filter(({ flaws }) => flaws === least)
}

/** Why no kernel of a layout hands over what this root has; null where one may. */
function hint(memory: PhysicalMemory, { fdt }: FoundRoot, abi: Abi, { options }: Candidate): string | null {
  const kernels = KERNELS.filter(({ layout }) => layout.name === abi.name)
  const luo = findChild(fdt.root, 'LUO')
  if (luo !== null && kernels.every(({ users }) => users.luo === null))
    return `a LUO child, which kernels that write ${abi.name} do not have`
  const test = findChild(fdt.root, 'kho_test')
  const blob = test && decodeChild(memory, test, options.geometry)
  const form = blob?.value?.kind === 'kho-test' ? blob.value.form : null
  if (form !== null && kernels.every(({ users }) => users.khoTest !== form))
    return `a kho_test child that lists its folios in another form than kernels that write ${abi.name}`
  return null
}

function sameBlocks(readings: readonly Reading[]): boolean {
  const counts = readings.map(({ decode }) => totals(decode.pages))
  return counts.every(({ blocks, bytes }) => blocks === counts[0]!.blocks && bytes === counts[0]!.bytes)
}

function describe({ abi, options }: Reading, all: readonly Reading[]): string {
  const alone = all.filter(other => other.abi === abi).length === 1
  return alone ? abi.name : `${abi.name} with ${options.depth ?? 'all its'} levels`
}
