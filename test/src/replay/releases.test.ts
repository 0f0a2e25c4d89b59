import { expect, it } from 'vitest'
import { digestKey } from '../../../src/guest/file-digests.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { replayState } from '../../../src/replay/replay.js'
import { BOOTED, describeWithKernel } from '../../material.js'
import { releaseFixture } from '../capture/release-fixture.js'

for (const release of BOOTED) {
  describeWithKernel(release, `what Linux ${release} handed over, on Linux ${release} again`, path => {
    it('is taken over, as predicted: blocks, files with their bytes, regions, and its own test', async () => {
      const { capture, dump } = releaseFixture(release)
      const image = await openImage(dump('early'))
      const digests = new Map(
        capture.preserved.map(({ session, token, sha256 }) => [digestKey(session, token), sha256]),
      )
      const report = await replayState(loadState(image), { kernel: path, digests })
      image.close()
      expect(report.predicted?.outcome).toMatchObject({ word: 'ok', why: [] })
      expect(report).toMatchObject({ word: 'ok', why: [], log: { testKho: 'succeeded', warnings: [] } })
      expect(report.kernel).toMatch(release)
      expect(report.retrieved.files.map(file => file.sha256)).toEqual(
        capture.preserved.map(file => file.sha256),
      )
      expect(report.reservations).toHaveLength(capture.reservations.length)
    })
  })
}
