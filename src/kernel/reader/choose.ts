import {
  defaultReader,
  READING_KERNELS,
  type ReadingKernel,
  readingKernel,
} from '../../../formats/kernels/index.js'
import type { Range } from '../../../formats/memory/range.js'
import type { KhoImage } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'

/**
 * The kernel that reads a state: as named, else the release that wrote it, else the newest that writes its layout.
 *
 * @throws KhoError `usage` for a name that is not known
 */
export function chooseKernel(state: KhoState, name: string | undefined): ReadingKernel {
  if (name !== undefined) return readingKernel(name)
  const metadata = state.blobs().find(blob => blob.value?.kind === 'kexec-metadata')?.value
  if (metadata?.kind === 'kexec-metadata') return defaultReader(state.abi, metadata.previousRelease)
  const newest = defaultReader(state.abi, null)
  return lacksFlbs(state) ? (newestWithoutFlbs(state) ?? newest) : newest
}

/**
 * All that a kernel does with a hand-over, as text: two of which it is the same make the same of a state. Of kernels that
 * are started by kexec without a command line that is known: then none is a kdump kernel.
 */
export function doingsOf({ layout, users, reads, writes }: ReadingKernel): string {
  return JSON.stringify({ layout, users, reads: { ...reads, kdumpReturnsEarly: false }, writes })
}

/** True for a LUO that has no node for objects of files' life cycle: its writer knew of none. */
function lacksFlbs(state: KhoState): boolean {
  return state
    .blobs()
    .some(({ value }) => value?.kind === 'luo' && value.form === 'fdt' && value.flbsAddress === 0)
}

function newestWithoutFlbs({ abi }: KhoState): ReadingKernel | undefined {
  return READING_KERNELS.filter(({ layout, users }) => layout.name === abi && users.luo?.flbs === false).at(
    -1,
  )
}

/** All of RAM, or null: a dump that was cut to some pages says of the others neither that they are RAM nor that not. */
export function knownRam(image: KhoImage, given: readonly Range[] | undefined): readonly Range[] | null {
  if (given !== undefined && given.length > 0) return image.ramKnown
  return sourceKnewRam(image) ? image.ramKnown : null
}

/** A slim core says in its own note (type 2) whether what it was cut from knew all of RAM; whole dumps do. */
function sourceKnewRam({ container, dump }: KhoImage): boolean {
  return container === 'kdump' || dump.notes.some(note => note.name !== SLIM_NOTE || note.type % 2 === 0)
}

const SLIM_NOTE = 'KHO-TOOLS'
