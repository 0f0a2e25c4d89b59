import { describe, expect, it } from 'vitest'
import { createXarray, orderSteps } from '../../../formats/trackers/shared/xarray.js'
import { noCounts } from '../../../formats/trackers/writer.js'

/** Nodes that lib/xarray.c has after these entries were stored, one after the other: worked by hand. */
const CASES: readonly (readonly [stored: readonly number[], nodes: number])[] = [
  [[0], 0],
  [[5], 1],
  [[0, 5], 1],
  [[63, 0], 1],
  [[64], 2],
  // The node of 0 to 63, that of 64 to 127, and one above.
  [[0, 64], 3],
  [[64, 0], 3],
  [[0, 4096], 5],
  [[4096], 3],
  [[4096, 1], 5],
]

describe('an xarray', () => {
  it.each(CASES)('of %j has %i nodes', (stored, nodes) => {
    const counts = noCounts()
    const xarray = createXarray(counts)
    for (const index of stored) xarray.store(index)
    expect(counts.indexBytes).toBe(nodes * 576)
    expect(counts.allocations).toBe(nodes)
  })

  it('is as deep as its largest index asks for, for each of them', () => {
    const xarray = createXarray(noCounts())
    xarray.store(0)
    expect([xarray.nodesTo(0), xarray.nodesTo(1)]).toEqual([0, 0])
    xarray.store(100)
    expect([xarray.nodesTo(0), xarray.nodesTo(100), xarray.nodesTo(4096)]).toEqual([2, 2, 0])
  })

  it('takes a step to find an order, even the only one', () => {
    const orders = createXarray(noCounts())
    orders.store(0)
    expect(orderSteps(orders, 0)).toBe(1)
    orders.store(18)
    expect(orderSteps(orders, 0)).toBe(1)
  })
})
