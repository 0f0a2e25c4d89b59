import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Capture, runCapture } from '../../../src/capture/capture.js'
import { checkRetrieved, checkState } from '../../../src/capture/check.js'
import { defaultScenario } from '../../../src/capture/default-scenario.js'
import type { Moment } from '../../../src/capture/moments.js'
import { planCapture } from '../../../src/capture/scenario-plan.js'
import { judgeCapture } from '../../../src/capture/verdict.js'
import { writeTruth } from '../../../src/capture/write-truth.js'
import type { GuestFile } from '../../../src/guest/retrieve.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { replayState } from '../../../src/replay/replay.js'
import { describeWithKernel } from '../../material.js'

describeWithKernel('7.2.13', 'a capture of two sessions, memfds, reserve_mem and kho_test', kernel => {
  let folder = ''
  let capture: Capture

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kho-test-'))
    const { notes, ...plan } = planCapture(defaultScenario())
    expect(notes).toEqual([])
    capture = await runCapture({ ...plan, kernel, folder })
  }, 180_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  it('stops at the moments by breakpoints, at addresses that the guest itself names', () => {
    expect(capture.exact).toBe(true)
    expect(Object.keys(capture.dumps)).toEqual(['ready', 'jump', 'early', 'retrieved'])
    for (const path of Object.values(capture.dumps)) expect(existsSync(path)).toBe(true)
  })

  it('sees user space take everything back, on the same page frames', () => {
    expect(checkRetrieved(capture)).toMatchObject({ ok: true, differences: [] })
    expect(capture.retrieved.files).toHaveLength(3)
    expect(capture.logs.after).toMatchObject({
      found: true,
      revived: ['trace'],
      testKho: 'succeeded',
      complaints: [],
      warnings: [],
    })
  })

  it.each<[Moment, number]>([
    ['ready', 1],
    ['jump', 5],
    ['early', 5],
  ])('decodes what the guest itself says: %s', async (moment, checks) => {
    const image = await openImage(capture.dumps[moment]!)
    const made = checkState(loadState(image), moment, capture)
    image.close()
    expect(made).toHaveLength(checks)
    for (const check of made) {
      expect(check).toMatchObject({ ok: true, differences: [] })
      expect(check.compared).toBeGreaterThan(0)
    }
  })

  it('compares block for block with what the next kernel reserved', async () => {
    expect(capture.reservations.length).toBeGreaterThan(100)
    const image = await openImage(capture.dumps.early!)
    const state = loadState(image)
    const [first, ...rest] = capture.reservations
    const check = (reservations: typeof rest) => checkState(state, 'early', { ...capture, reservations })[0]!
    expect(check(capture.reservations).ok).toBe(true)
    expect(check(rest)).toMatchObject({ ok: false, differences: [expect.stringContaining('not kept')] })
    const moved = [...rest, { start: first!.start + 2 ** 32, end: first!.end + 2 ** 32 }]
    expect(check(moved).differences).toHaveLength(2)
    image.close()
  })

  it('is judged as a whole', async () => {
    const verdict = await judgeCapture(capture)
    expect(verdict.checks.filter(check => !check.ok)).toEqual([])
    expect(verdict.ok).toBe(true)
    expect(verdict.checks).toHaveLength(13)
    const complaint = { ...capture.logs.after, complaints: ['luo: no'] }
    const worse = { ...capture, dumps: {}, logs: { ...capture.logs, after: complaint } }
    expect(await judgeCapture(worse)).toMatchObject({ ok: false })
    expect(await judgeCapture({ ...capture, dumps: {}, regions: ['trace', 'other'] })).toMatchObject({
      ok: false,
    })
  })

  it('writes down beside the dumps what the guest said', () => {
    const made = writeTruth(folder, capture)
    expect(made).toEqual([
      'console.txt',
      'first.version.txt',
      'first.cmdline.txt',
      'first.iomem.txt',
      'next.version.txt',
      'next.cmdline.txt',
      'next.iomem.txt',
      'first.memfds.json',
      'first.dmesg.txt',
      'first.debugfs',
      'next.memfds.json',
      'next.dmesg.txt',
      'next.reservations.txt',
      'next.debugfs',
    ])
    const reservations = readFileSync(join(folder, 'next.reservations.txt'), 'latin1').trim().split('\n')
    expect(reservations).toHaveLength(capture.reservations.length)
    for (const line of reservations) expect(line).toMatch(/^0x[0-9a-f]+-0x[0-9a-f]+ \d+$/)
    const files = JSON.parse(readFileSync(join(folder, 'first.memfds.json'), 'utf8')) as { sha256: string }[]
    expect(files.map(file => file.sha256)).toEqual(capture.preserved.map(file => file.sha256))
    expect(readFileSync(join(folder, 'first.debugfs/out/fdt')).readUInt32BE(0)).toBe(0xd00dfeed)
  })

  it('hands over what a fresh guest takes over again, kho_test included', async () => {
    const image = await openImage(capture.dumps.jump!)
    const report = await replayState(loadState(image), { kernel })
    image.close()
    expect(report).toMatchObject({ word: 'ok', why: [], log: { testKho: 'succeeded', warnings: [] } })
    const digests = (files: readonly GuestFile[]) => files.map(file => file.sha256)
    expect(digests(report.retrieved.files)).toEqual(digests(capture.preserved))
  })
})
