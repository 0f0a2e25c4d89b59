import type { PhysicalMemory } from '../../memory/physical-memory.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import type { Recognition } from '../tracker.js'
import { noNotes, walkChunks } from './decode.js'
import { bitmapBytesOf } from './shape.js'

/**
 * Whether a list is one of bitmaps of that size. 6.16 wrote bitmaps of 512 bytes, 6.17.9 and later a page, under the same
 * string (a2fff99f92da). Only a page-size bitmap is always page aligned and begins at a multiple of its own span.
 */
export function recogniseChunkList(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): Recognition {
  const { geometry } = options
  const small = bitmapBytesOf(options) < geometry.pageSize
  let bad = 0
  let elements = 0
  let pointers = 0
  let starts = 0
  walkChunks(memory, root, options, { ...noNotes(), bad: () => bad++ }, (_at, order, physStart, bitmap) => {
    elements++
    // Masks: `%` of a number this large is a call of fmod().
    if ((bitmap & (geometry.pageSize - 1)) !== 0) pointers++
    // Orders this high come only from the pfn-0 bug and say nothing.
    const span = geometry.bitmapBits * 2 ** (order + geometry.pageShift)
    if (order < 64 - geometry.pageShift && Math.floor(physStart / span) * span !== physStart) starts++
  })
  if (elements === 0) return { verdict: 'maybe', why: 'the list names no bitmap' }
  // In a list that was overwritten they say nothing of who wrote it.
  const certain = small ? 'yes' : 'no'
  const verdict = bad === 0 ? certain : 'maybe'
  if (pointers > 0) return { verdict, why: `${pointers} bitmaps are not page aligned` }
  if (starts > 0) return { verdict, why: `${starts} bitmaps begin inside the span of a page-size bitmap` }
  return { verdict: 'maybe', why: 'every bitmap is page aligned and begins at a multiple of its span' }
}
