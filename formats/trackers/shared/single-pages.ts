import type { Geometry } from '../../memory/geometry.js'
import { addRun, createPageSet, hasBlock, orders, type PageSet, removeBlock } from '../../pages/page-set.js'
import { forEachRange } from '../../pages/runs.js'
import type { TrackerWriter, WriterCounts } from '../writer.js'

/** Ranges know no orders: a set with larger blocks cannot be said. */
export function refuseHighOrders(pages: PageSet): string | null {
  const high = orders(pages).find(order => order > 0)
  return high === undefined ? null : `order ${high}: ranges know no orders`
}

/** The calls of a writer that keeps pages, whatever orders they are given in, and counts a step for each call. */
export function createPageMarks(
  geometry: Geometry,
  counts: WriterCounts,
): { pages: PageSet; marks: Pick<TrackerWriter, 'preserve' | 'unpreserve' | 'preserveAll'> } {
  const { pageShift, pageSize } = geometry
  const pages = createPageSet(pageShift)
  return {
    pages,
    marks: {
      preserve(address, order) {
        counts.steps++
        addRun(pages, 0, address / pageSize, 2 ** order)
      },
      unpreserve(address, order) {
        let had = false
        for (let i = 0; i < 2 ** order; i++) {
          had ||= hasBlock(pages, address + i * pageSize, 0)
          removeBlock(pages, address + i * pageSize, 0)
        }
        return had
      },
      preserveAll(set) {
        forEachRange(set, (start, end) => {
          counts.steps++
          addRun(pages, 0, start / pageSize, (end - start) / 2 ** pageShift)
        })
      },
    },
  }
}
