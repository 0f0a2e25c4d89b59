import * as fs from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { buildFdt } from '../../../formats/fdt/index.js'
import { openDebugfsFolder } from '../../../src/node/debugfs-folder.js'
import { workDirectory } from '../image/open-fixtures.js'

const file = workDirectory()

vi.mock('node:fs', async load => {
  const real = await load<typeof fs>()
  return { ...real, readFileSync: vi.fn(real.readFileSync) }
})

/** Has a read of files of this name fail as a kernel does it. */
function failReads(name: string, code: string): void {
  const read = vi.mocked(fs.readFileSync)
  const real = read.getMockImplementation()!
  read.mockImplementation(((path: string, ...rest: never[]) => {
    if (path.endsWith(name)) throw Object.assign(new Error(code), { code })
    return real(path, ...rest)
  }) as typeof fs.readFileSync)
}

let path = ''
beforeEach(() => {
  path = file(`live-${Math.random()}`)
  fs.mkdirSync(join(path, 'out/sub_fdts'), { recursive: true })
  fs.writeFileSync(join(path, 'out/fdt'), buildFdt({ properties: { compatible: 'kho-v4' } }))
  fs.writeFileSync(join(path, 'out/sub_fdts/goes'), 'going')
  fs.writeFileSync(join(path, 'out/sub_fdts/stays'), 'staying')
})

describe('a live /sys/kernel/debug/kho', () => {
  it('may lose a blob between being listed and being read', () => {
    const before = openDebugfsFolder(path)
    failReads('sub_fdts/goes', 'ENOENT')
    const after = openDebugfsFolder(path)
    expect(after.debugfs).toEqual(before.debugfs)
    expect(after.memory.inputSize).toBe(before.memory.inputSize - 'going'.length)
  })

  it('still says when a file that is there cannot be read', () => {
    failReads('sub_fdts/stays', 'EACCES')
    expect(() => openDebugfsFolder(path)).toThrow('EACCES')
  })
})
