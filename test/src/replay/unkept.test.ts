import { describe, expect, it } from 'vitest'
import { listBlocks } from '../../../formats/pages/runs.js'
import { gridBase } from '../../../src/replay/grid/base-state.js'
import { patchedState } from '../../../src/replay/grid/patched.js'
import { unkeptRegions } from '../../../src/replay/reservations.js'

/** The grid's state with another start of its one region, and the blocks that its map has. */
async function withStart(start: bigint | null) {
  const base = gridBase('7.2')
  const id = 'memblock/trace:start'
  const { at, stage } = base.fields.find(field => field.id === id)!
  const bytes = Buffer.alloc(8)
  if (start !== null) bytes.writeBigUInt64LE(start)
  const row = { id, field: id, value: '', stage, at, bytes: bytes.toString('hex') }
  const { state } = await patchedState(base, start === null ? null : row)
  const lines = listBlocks(state!.tracker.decode.pages).map(({ address, order }) => ({
    start: address,
    end: address + 4096 * 2 ** order,
  }))
  return { state: state!, lines }
}

describe('regions that were taken back', () => {
  const lost = ['region trace is taken back, and its memory is not kept']

  it('are kept where every page of them is', async () => {
    const { state, lines } = await withStart(null)
    expect(unkeptRegions(lines, state, ['trace'])).toEqual([])
    expect(unkeptRegions([], state, ['trace'])).toEqual(lost)
    // What was not taken back nobody holds.
    expect(unkeptRegions([], state, [])).toEqual([])
  })

  it.each([
    ['outside RAM', 2n ** 40n],
    ['at no address', 2n ** 63n],
    ['in free memory', 0x1000_0000n],
  ])('are not kept %s', async (_, start) => {
    const { state, lines } = await withStart(start)
    expect(unkeptRegions(lines, state, ['trace'])).toEqual(lost)
  })
})
