import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadState } from '../../../../src/image/load-state.js'
import type { KhoImage } from '../../../../src/image/open.js'
import { openImage } from '../../../../src/node/open.js'
import { readReasons, reasonFor } from '../../../../src/replay/grid/table.js'
import { runCell } from '../../../../src/replay/matrix/cell.js'
import { cellId, faultsOfCell, type MatrixCell } from '../../../../src/replay/matrix/table.js'
import { BOOTED, describeWithKernel } from '../../../material.js'
import { releaseFixture } from '../../capture/release-fixture.js'

/** One writer a day, on every kernel. */
const WRITER = BOOTED[Math.floor(Date.now() / 86_400_000) % BOOTED.length]!
const HOW: readonly MatrixCell['how'][] = ['unchanged', 'converted']
const reasons = readReasons(readFileSync('fixtures/matrix/reasons.tsv', 'utf8'))

for (const reader of BOOTED) {
  describeWithKernel(reader, `what Linux ${WRITER} handed over, on Linux ${reader}`, kernel => {
    const { capture, dump } = releaseFixture(WRITER)
    let image: KhoImage
    beforeAll(async () => {
      image = await openImage(dump('early'))
    })
    afterAll(() => image.close())

    it.each(HOW)(
      '%s: the kernel does what is predicted, and loses nothing of what it takes over',
      async how => {
        const { preserved } = capture
        const state = loadState(image)
        const cell = await runCell({ writer: WRITER, reader, how, kernel, preserved, state })
        const explained = reasonFor(reasons, reader, cellId(cell)) !== ''
        expect({ faults: explained ? [] : faultsOfCell(cell), why: cell.why }).toEqual({
          faults: [],
          why: cell.why,
        })
      },
      400_000,
    )
  })
}
