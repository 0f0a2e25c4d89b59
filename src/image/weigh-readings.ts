import { findChild } from '../../formats/fdt/index.js'
import { type Abi, type AbiName, KERNELS } from '../../formats/kernels/index.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { totals } from '../../formats/pages/page-set.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { TrackerOptions, TrackerRoot } from '../../formats/trackers/place.js'
import type { Recognition, TrackerDecode } from '../../formats/trackers/tracker.js'
import { decodeChild } from './child-blob.js'

import type { FoundRoot } from './find-roots.js'
import { type Flaws, flawsOf, isNoAccident, luckOf } from './map-evidence.js'

/** One way to read a root's map. */
export interface Candidate {
  abi: Abi
  options: TrackerOptions
  root: TrackerRoot
  recognition: Recognition
}

/** The layout of a root, and what says so. */
export interface LayoutChoice {
  abi: AbiName
  options: TrackerOptions
  root: TrackerRoot | null
  /** How the layout was told from others that share its names; null where the names say it all. */
  reason: string | null
  /** The map, where it had to be read to choose. */
  decode: TrackerDecode | null
}

/** A candidate, read. */
interface Reading extends Candidate, Flaws {
  decode: TrackerDecode
}

/**
 * Of several readings that nothing in the bytes of the map rules out, the one that gives a sound map ({@link flawsOf}); of
 * several such the one with larger bitmaps, where no luck makes smaller ones look like them. Where neither decides, what
 * kernels of the layouts hand over does, or else the first is taken, which is called a guess.
 */
export function weighReadings(
  memory: PhysicalMemory,
  found: FoundRoot,
  candidates: readonly Candidate[],
): LayoutChoice {
  const readings = candidates.map(candidate => read(memory, found, candidate))
  const sound = readings.filter(({ first }) => first === null)
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
    return choose(
      only!,
      others.map(other => `read as ${describe(other, readings)} ${other.first}`).join('; '),
    )
  }
  const left = sound.length > 1 ? sound : leastFlawed(readings)
  const larger = sound.length > 1 ? withLargerBitmaps(sound) : null
  if (larger !== null) return choose(larger, larger.recognition.why)
  if (sound.length > 1 && sameBlocks(sound)) {
    const [first] = likelier(memory, found, sound)
    return choose(first!, `a guess that makes no difference: ${first!.recognition.why}`)
  }
  const [first] = likelier(memory, found, left)
  const against = left
    .filter(reading => reading !== first)
    .map(reading => hint(memory, found, reading.abi, reading))
    .find(text => text !== null)
  if (left.length === 1) return choose(first!, `of ${readings.length} readings the one with the fewest flaws`)
  const why = against ?? first!.recognition.why
  if (sound.length > 1) return choose(first!, `a guess, as both readings hold: ${why}`)
  return choose(first!, against ?? `a guess, as both readings have as many flaws: ${why}`)
}

/** Readings by layouts of kernels that hand over what this root has; all, where there is none. */
function likelier(
  memory: PhysicalMemory,
  found: FoundRoot,
  readings: readonly Reading[],
): readonly Reading[] {
  const hinted = readings.filter(reading => hint(memory, found, reading.abi, reading) === null)
  return hinted.length > 0 ? hinted : readings
}

/** Of readings that differ in the size of bitmaps alone the largest, where its alignment is no accident. */
function withLargerBitmaps(readings: readonly Reading[]): Reading | null {
  const sizes = readings.map(({ options }) => options.bitmapBytes ?? 0)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  if (least === 0 || least === most) return null
  const larger = readings.find(({ options }) => options.bitmapBytes === most)!
  const luck = luckOf(larger.decode, Math.log2(most / least), ['bitmap'])
  return isNoAccident(luck) ? larger : null
}

function read(memory: PhysicalMemory, found: FoundRoot, candidate: Candidate): Reading {
  const { abi, root, options } = candidate
  const decode = trackerOf(abi.tracker).decode(memory, root, options)
  return { ...candidate, decode, ...flawsOf(memory, found, { abi, root, options, decode }) }
}

function leastFlawed(readings: readonly Reading[]): Reading[] {
  const least = Math.min(...readings.map(({ count }) => count))
  return readings.filter(({ count }) => count === least)
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
