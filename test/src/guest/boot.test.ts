import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chooseAccelerator } from '../../../src/guest/accel.js'
import { type Guest, startGuest } from '../../../src/guest/guest.js'
import { buildInitramfs } from '../../../src/guest/initramfs.js'
import { makeFiles } from '../../../src/guest/make-files.js'
import { findProgram } from '../../../src/guest/programs.js'
import { makeTempFolder, type TempFolder } from '../../../src/node/temp-folder.js'
import { makeContents } from '../../../src/scenario/contents.js'
import { describeWithKernel, sha256 } from '../../material.js'

const NO_FILES = () => {
  throw new Error('no contents come from files here')
}

describeWithKernel('7.2.13', 'a guest', kernel => {
  let folder: TempFolder
  let guest: Guest

  const start = (limit: number, cmdline: string) => {
    const initrd = join(folder.path, 'initrd')
    writeFileSync(initrd, buildInitramfs())
    const accelerator = chooseAccelerator(findProgram('qemu'))
    return startGuest(
      { kernel, initrd, cmdline, memory: 512 * 2 ** 20, accelerator },
      { folder: folder.path, limit },
    )
  }

  beforeAll(async () => {
    folder = makeTempFolder()
    guest = await start(60, 'console=ttyS0 panic=-1 kho=on liveupdate=on kho_scratch=32M,64M,32M')
    expect(await guest.agent.ready()).toMatch(/^\d+\.\d+/)
  }, 60_000)
  afterAll(async () => {
    await guest.stop()
    folder.remove()
  })

  it('makes files whose contents are those of scenarios with the same words', async () => {
    const [seeded, repeated, empty] = await makeFiles(
      guest.agent,
      [],
      [
        { session: 'vm a', token: 1n, size: 300_001, position: 7, seals: 6, contents: { seed: 77 } },
        { session: 'vm a', token: 2n ** 64n - 1n, size: 9000, contents: { hex: 'beef01' } },
        { session: 'vm b', token: 1n, size: 0 },
      ],
    )
    const wanted = (spec: Parameters<typeof makeContents>[0], size: number) =>
      sha256(makeContents(spec, NO_FILES)!(0, size))
    expect(seeded).toMatchObject({
      size: 300_001n,
      position: 7n,
      seals: 6,
      sha256: wanted({ seed: 77 }, 300_001),
    })
    expect(repeated).toMatchObject({ token: 2n ** 64n - 1n, sha256: wanted({ hex: 'beef01' }, 9000) })
    expect(empty).toMatchObject({ size: 0n, sha256: sha256(''), frames: [] })
    const pages = seeded!.frames.reduce((sum, [, , count]) => sum + count, 0)
    expect(pages).toBe(Math.ceil(300_001 / 4096))
  })

  it('refuses what it cannot do, and says why', async () => {
    expect(await guest.agent.request('finish', 'nobody')).toEqual({
      ok: false,
      errno: 2,
      message: 'session nobody: No such file or directory',
    })
    expect(await guest.agent.request('dance')).toMatchObject({ ok: false, errno: 22 })
  })

  it('shows files, symbols and its log', async () => {
    const version = await guest.agent.request('read', '/proc/version')
    expect(version.ok && Buffer.from(version.bytes).toString()).toMatch(/^Linux version /)
    const symbols = await guest.agent.request('symbols', 'machine_kexec', 'no_such_function')
    expect(symbols.ok && symbols.values.map(({ name }) => name)).toEqual(['machine_kexec'])
    const log = await guest.agent.request('dmesg')
    expect(log.ok && Buffer.from(log.bytes).toString()).toContain('KHO: scratch areas: lowmem: 32MiB')
  })

  it('answers QMP, and ends when told to', async () => {
    expect(await guest.qmp.execute('query-status')).toMatchObject({ ok: true, value: { running: true } })
    expect(await guest.stop()).toMatchObject({ how: 'stopped' })
    expect(await guest.agent.request('dmesg')).toMatchObject({ ok: false, errno: null })
  })

  it('is ended when its time is up', async () => {
    guest = await start(0.2, 'console=ttyS0 panic=-1')
    const begun = Date.now()
    expect(await guest.agent.ready()).toBeNull()
    expect(await guest.ended).toMatchObject({ how: 'limit' })
    // Less of its own time than it takes to come up, which on a busy machine takes longer.
    expect(Date.now() - begun).toBeLessThan(8000)
  })
})
