import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildFdt, nativeU64Bytes } from '../../../formats/fdt/index.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { describeWith } from '../../material.js'
import { kho } from '../cli/kho.js'
import { workDirectory } from './open-fixtures.js'

const file = workDirectory()

function folder(name: string, ...sides: string[]): string {
  const root = buildFdt({
    properties: { compatible: 'kho-v4', 'preserved-memory-map': nativeU64Bytes(0x4000n) },
  })
  const path = file(name)
  for (const side of sides) {
    mkdirSync(join(path, side), { recursive: true })
    writeFileSync(join(path, side, 'fdt'), root)
  }
  return path
}

describe('a copy of /sys/kernel/debug/kho', () => {
  it('has a root on each side that it has a folder for', async () => {
    const path = folder('both', 'in', 'out')
    expect(loadState(await openImage(path)).root.direction).toBe('outgoing')
    expect(loadState(await openImage(path), { root: 'incoming' }).root.direction).toBe('incoming')
    expect(loadState(await openImage(join(path, 'in'))).root.direction).toBe('incoming')
  })

  it('does not know what is preserved, nor the page size', async () => {
    const path = folder('one', 'kho/out')
    const state = loadState(await openImage(path))
    expect(state.tracker).toMatchObject({
      state: 'absent',
      reason: 'debugfs does not show the tracker: what is preserved is unknown',
    })
    expect(state.geometryReason).toBe('debugfs does not tell; 4096 is assumed')
    expect(loadState(await openImage(path), { pageShift: 16 }).geometryReason).toBe('given')
    expect(state.scratch).toBeNull()
    expect(await kho(['pages', path])).toMatchObject({ code: 5, out: '' })
    expect((await kho(['dump', path, '--root', 'incoming'])).code).toBe(4)
  })

  it('lists scratch areas under the names of 7.4, too', async () => {
    const path = folder('bootmem', 'out')
    writeFileSync(join(path, 'out/bootmem_phys'), '0x1000000\n')
    writeFileSync(join(path, 'out/bootmem_len'), '0x200000\n')
    const state = loadState(await openImage(path))
    expect(state.scratch).toEqual([{ start: 0x1000000, size: 0x200000 }])
    expect(state.scratchReason).toBe('out/bootmem_phys and out/bootmem_len of debugfs')
  })

  it('without a root has no state, and any other folder is no dump', async () => {
    const empty = file('empty')
    mkdirSync(join(empty, 'out'), { recursive: true })
    expect(await kho(['dump', empty])).toMatchObject({ code: 4, out: '' })
    mkdirSync(file('other'))
    const other = await kho(['dump', file('other')])
    expect(other.code).toBe(3)
    expect(other.err).toContain('is a directory, and no copy of /sys/kernel/debug/kho')
    expect((await kho(['dump', empty, '--format', 'raw'])).code).toBe(3)
  })
})

describeWith('KHO_TEST_CAPTURES', 'debugfs of a real kernel', captures => {
  const original = join(captures, 'debugfs-basic-1g')

  it('gives what the kernel shows, with the root that it cut short', async () => {
    const state = loadState(await openImage(original))
    expect(state.abi).toBe('kho-v4')
    expect(state.root.direction).toBe('outgoing')
    expect(state.tracker.root).toBe(0x630000)
    expect(state.scratch).toEqual([
      { start: 0x3b400000, size: 0x2000000 },
      { start: 0x33400000, size: 0x8000000 },
      { start: 0x2f400000, size: 0x4000000 },
    ])
    const blobs = Object.fromEntries(state.blobs().map(blob => [blob.name, blob]))
    expect(Object.keys(blobs)).toEqual(['memblock', 'LUO', 'kexec-metadata', 'kho_test'])
    expect(blobs.memblock).toMatchObject({ address: 0x23a1000, size: 302, format: 'memblock-v1' })
    expect(blobs.LUO).toMatchObject({ address: 0x239f000, format: 'luo-v5' })
    expect(blobs['kexec-metadata']?.value).toMatchObject({ previousRelease: '7.2.13-khotest', kexecCount: 1 })
    expect(blobs.kho_test?.value).toMatchObject({ nrFolios: 24 })
    expect(state.faults.map(({ code }) => code)).toEqual(['DEBUGFS-CUT'])
  })

  it('is the same in an archive', async () => {
    const copy = file('copy')
    cpSync(original, join(copy, 'sys/kernel/debug/kho'), { recursive: true })
    const answers: unknown[] = []
    for (const options of ['-cf', '-czf']) {
      const path = file(`archive${options}`)
      execFileSync('tar', ['-C', copy, options, path, 'sys'])
      const ran = await kho(['dump', path, '--json'])
      expect(ran.code).toBe(0)
      answers.push({ ...JSON.parse(ran.out), image: null })
    }
    const ran = await kho(['dump', original, '--json'])
    for (const answer of answers) expect(answer).toEqual({ ...JSON.parse(ran.out), image: null })
  })
})
