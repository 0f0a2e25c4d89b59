import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { digestKey } from '../../../src/guest/file-digests.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { replayState } from '../../../src/replay/replay.js'
import { openScenario } from '../../../src/replay/scenario-state.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { describeWithArm64 } from '../../material.js'
import { releaseFixture } from '../capture/release-fixture.js'

describeWithArm64('an arm64 kernel with pages of 64K, told by /chosen', kernel => {
  it('takes over what another one handed over: blocks, files with their bytes, regions, its own test', async () => {
    const { capture, dump } = releaseFixture('7.3.4-arm64-64k')
    const image = await openImage(dump('early'))
    const digests = new Map(
      capture.preserved.map(({ session, token, sha256 }) => [digestKey(session, token), sha256]),
    )
    const report = await replayState(loadState(image), { kernel, digests })
    image.close()
    expect(report.predicted?.outcome).toMatchObject({ word: 'ok', why: [] })
    expect(report).toMatchObject({ word: 'ok', why: [], log: { testKho: 'succeeded', warnings: [] } })
    expect(report.retrieved.files.map(file => file.sha256)).toEqual(
      capture.preserved.map(file => file.sha256),
    )
    expect(report.reservations).toHaveLength(capture.reservations.length)
    expect(report.plan).toMatchObject({ placement: 'scratch', treeAt: expect.any(Number) })
  }, 400_000)

  it('takes over what was made from nothing', async () => {
    const path = 'fixtures/scenarios/arm64-64k.yaml'
    const { state, regions, close } = await openScenario(
      parseScenario(readFileSync(path, 'utf8'), path),
      () => {
        throw new Error('no files')
      },
    )
    const report = await replayState(state, { kernel, regions })
    close()
    expect(report.predicted?.outcome).toMatchObject({ word: 'ok', why: [] })
    expect(report).toMatchObject({ word: 'ok', why: [], log: { testKho: 'succeeded', revived: ['trace'] } })
    expect(report.log.execFrom).toEqual({ release: 'made-by-hand-1.0', count: 3 })
  }, 400_000)
})
