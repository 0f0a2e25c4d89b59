import type { Range } from '../../formats/memory/range.js'
import { type Coverage, forEachCovered } from '../../formats/pages/coverage.js'
import { sortedOrder } from '../owners/sort-keys.js'
import type { Memory } from './change.js'

/** Memory of one owner: physical addresses, ascending, disjoint, no two ranges touch. */
export interface Frames {
  readonly starts: Addresses
  readonly ends: Addresses
}

/** Most owners have one range or two, and there may be a hundred thousand of them: arrays of that are smaller than typed ones. */
type Addresses = Float64Array | readonly number[]

/** No memory. */
export const NO_FRAMES: Frames = { starts: [], ends: [] }

/** Gathers ranges in any order; sorts and merges them when it is finished. */
export class FrameList {
  #starts: number[] = []
  #ends: number[] = []

  add(start: number, end: number): void {
    if (end <= start) return
    const starts = this.#starts
    const ends = this.#ends
    const last = ends.length - 1
    if (last < 0) {
      // An array that was pushed to has room for seventeen.
      this.#starts = [start]
      this.#ends = [end]
    } else if (ends[last] === start) ends[last] = end
    else {
      starts.push(start)
      ends.push(end)
    }
  }

  finish(): Frames {
    const { length } = this.#starts
    if (length === 0) return NO_FRAMES
    if (length === 1) return { starts: this.#starts, ends: this.#ends }
    return merged(Float64Array.from(this.#starts), this.#ends)
  }
}

function merged(starts: Float64Array, ends: readonly number[]): Frames {
  const out = { starts: new Float64Array(starts.length), ends: new Float64Array(starts.length) }
  let count = 0
  for (const n of sortedOrder(starts)) {
    const start = starts[n] as number
    const end = ends[n] as number
    if (count > 0 && start <= (out.ends[count - 1] as number)) {
      out.ends[count - 1] = Math.max(out.ends[count - 1] as number, end)
      continue
    }
    out.starts[count] = start
    out.ends[count++] = end
  }
  return { starts: out.starts.slice(0, count), ends: out.ends.slice(0, count) }
}

/** What either has. */
export function joinFrames(a: Frames, b: Frames): Frames {
  if (a.starts.length === 0) return b
  if (b.starts.length === 0) return a
  const list = new FrameList()
  for (const { starts, ends } of [a, b]) {
    for (let n = 0; n < starts.length; n++) list.add(starts[n] as number, ends[n] as number)
  }
  return list.finish()
}

/** What `a` has and `b` has not. */
export function framesOnlyIn(a: Frames, b: Frames): Frames {
  if (sameFrames(a, b)) return NO_FRAMES
  const list = new FrameList()
  let m = 0
  for (let n = 0; n < a.starts.length; n++) {
    let at = a.starts[n] as number
    const end = a.ends[n] as number
    while (m < b.starts.length && (b.ends[m] as number) <= at) m++
    for (let k = m; k < b.starts.length && (b.starts[k] as number) < end; k++) {
      list.add(at, b.starts[k] as number)
      at = Math.max(at, b.ends[k] as number)
    }
    list.add(at, end)
  }
  return list.finish()
}

/** True where both are the same ranges. */
export function sameFrames(a: Frames, b: Frames): boolean {
  if (a.starts.length !== b.starts.length) return false
  for (let n = 0; n < a.starts.length; n++) {
    if (a.starts[n] !== b.starts[n] || a.ends[n] !== b.ends[n]) return false
  }
  return true
}

/** Bytes. */
export function frameBytes({ starts, ends }: Frames): number {
  let bytes = 0
  for (let n = 0; n < starts.length; n++) bytes += (ends[n] as number) - (starts[n] as number)
  return bytes
}

/** What of it is covered. */
export function framesIn(frames: Frames, cover: Coverage): Frames {
  const list = new FrameList()
  const add = (start: number, end: number) => list.add(start, end)
  for (let n = 0; n < frames.starts.length; n++) {
    forEachCovered(cover, frames.starts[n] as number, frames.ends[n] as number, add)
  }
  return list.finish()
}

/** The same as memory of a change. */
export function memoryOfFrames(frames: Frames): Memory {
  return {
    bytes: frameBytes(frames),
    *ranges(): Generator<Range> {
      for (let n = 0; n < frames.starts.length; n++) {
        yield { start: frames.starts[n] as number, end: frames.ends[n] as number }
      }
    },
    count: () => frames.starts.length,
  }
}
