import type { Absent, Present } from '../../formats/memory/physical-memory.js'
import type { KhoState } from '../image/state.js'
import type { Stretch } from './span.js'

/** Bytes that are there, and where they lie in the file. */
class Found implements Stretch {
  readonly ok = true

  constructor(
    readonly source: Uint8Array,
    readonly at: number,
    readonly offset: number | null,
  ) {}
}

/** Reads bytes at an address. */
export type Reader = (address: number, length: number) => Found | Absent

/** Reads of a dump that follow one another closely: a page is read once, and they are stretches of it. */
export function createReader({ image, geometry }: KhoState): Reader {
  const { memory } = image
  const { pageSize } = geometry
  let start = 0
  let end = 0
  let page: Present | Absent | null = null
  return (address, length) => {
    if (address < start || address >= end) {
      start = address - (address % pageSize)
      end = start + pageSize
      page = memory.read(start, pageSize)
    }
    const at = address - start
    // Whether all of a page has one place in the file is told by the page; what lies in two, or is not whole, is read by itself.
    if (page?.ok === true && page.offset !== null && length > 0 && address + length <= end) {
      return new Found(page.bytes, at, page.offset + at)
    }
    const read = memory.read(address, length)
    return read.ok ? new Found(read.bytes, 0, read.offset) : read
  }
}
