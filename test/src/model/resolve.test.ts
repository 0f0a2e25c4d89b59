import { describe, expect, it } from 'vitest'
import { encodeKexecMetadata, encodeMemblock } from '../../../formats/blobs/index.js'
import { rangeSize } from '../../../formats/memory/range.js'
import { createResolver, resolve } from '../../../src/model/resolve.js'
import { machine } from '../owners/synthetic.js'

async function sample() {
  const made = machine()
  const file = made.memfd(7n, new Uint8Array(10_000).fill(1))
  const sessions = [
    { name: 'vm-a', files: [file] },
    { name: 'twin', files: [] },
    { name: 'twin', files: [] },
    { name: 'x/#%é\n', files: [] },
  ]
  made.addLuo({ sessions, flbs: [{ name: 'liveupdate-test-flb-v0', data: 1n, count: 1n }] })
  made.addBlob({
    name: 'kexec-metadata',
    ...encodeKexecMetadata(made, { previousRelease: '7.2.13', kexecCount: 1 }),
  })
  const region = made.allocate(4)
  made.addBlob({
    name: 'memblock',
    ...encodeMemblock(made, made.geometry, [{ name: 'size', start: region.address, size: 16384 }]),
  })
  return { state: await made.state(), region: region.address, file }
}

describe('resolve', () => {
  it.each([
    ['luo/sessions/vm-a/files/7', 'luo/sessions/vm-a/files/7', 64],
    ['luo/sessions/#0/files/#0', 'luo/sessions/vm-a/files/7', 64],
    ['/luo/sessions/vm-a/files/7/memfd', 'luo/sessions/vm-a/files/7/memfd', 48],
    ['luo/sessions/vm-a/files/7/folios/2', 'luo/sessions/vm-a/files/7/folios/2', 4096],
    ['luo/sessions/vm-a/files/7/memfd/folios/#2', 'luo/sessions/vm-a/files/7/folios/2', 4096],
    ['luo/sessions/vm-a/files/7/position', 'luo/sessions/vm-a/files/7/memfd/position', 8],
    ['luo/sessions/vm-a/files/7/token', 'luo/sessions/vm-a/files/7/token', 8],
    ['luo/sessions/vm-a/fileCount', 'luo/sessions/vm-a/fileCount', 8],
    ['luo/sessions/#1', 'luo/sessions/#1', 80],
    ['luo/sessions/x%2F%23%25%E9%0A', 'luo/sessions/x%2F%23%25%E9%0A', 80],
    ['blobs/LUO/sessions/vm-a', 'luo/sessions/vm-a', 80],
    ['luo', 'luo', 32],
    ['luo/flbs/#0', 'luo/flbs/#0', 64],
    ['kexec-metadata', 'kexec-metadata', 73],
    ['kexec-metadata/previousRelease', 'kexec-metadata/previousRelease', 65],
    ['blobs/kexec-metadata/kexecCount', 'blobs/kexec-metadata/kexecCount', 4],
    ['memblock/size', 'memblock/size', 16384],
    ['memblock/regions/#0', 'memblock/size', 16384],
    ['fdt/compatible', 'fdt/compatible', 7],
    ['fdt/LUO/preserved-data', 'fdt/LUO/preserved-data', 8],
    ['tracker/nodes/#0', expect.stringMatching(/^tracker\/nodes\/0x/), 4096],
  ])('%s', async (path, canonical, size) => {
    const { state } = await sample()
    const part = resolve(state, path)
    expect(part.path).toEqual(canonical)
    expect(part.memory.extents.map(extent => rangeSize(extent))).toEqual([size])
  })

  it('leads to the bytes', async () => {
    const { state, region, file } = await sample()
    expect(resolve(state, 'memblock/size').memory.extents[0]!.start).toBe(region)
    expect(resolve(state, 'luo/sessions/vm-a/files/7/memfd').memory.extents[0]!.start).toBe(Number(file.data))
    const { start, end } = resolve(state, 'kexec-metadata/previousRelease').memory.extents[0]!
    const read = state.image.memory.read(start, end - start)
    expect(read.ok && Buffer.from(read.bytes).toString('latin1')).toMatch(/^7\.2\.13\0+$/)
  })

  it.each([
    ['nowhere', 'there is no nowhere in the state'],
    ['luo/sessions/vm-b', 'there is no vm-b in luo/sessions'],
    ['luo/sessions/twin', 'there is no twin in luo/sessions'],
    ['luo/sessions/#4', 'there is no #4 in luo/sessions'],
    ['luo/sessions/vm-a/files/07', 'there is no 07 in luo/sessions/vm-a/files'],
    ['luo/sessions/vm-a/files/7/folios/3', 'there is no 3 in'],
    ['luo/__proto__', 'there is no __proto__ in luo'],
    ['scratch/#0', 'there is no #0 in scratch'],
    ['luo//x', 'empty segment'],
  ])('%s: %s', async (path, message) => {
    const { state } = await sample()
    expect(() => resolve(state, path)).toThrow(message)
  })

  it('walks one path after another as it does each by itself', async () => {
    const { state } = await sample()
    const paths = [
      'luo/sessions/vm-a/files/7',
      'luo/sessions/vm-a/files/7/memfd',
      'luo/sessions/vm-a/files/8',
      'luo/sessions/vm-a/files/7/folios/2',
      'luo/sessions/vm-a',
      'luo//x',
      'luo/sessions/vm-a/files/#0',
      'luo/sessions/nobody/files/7',
      'luo/sessions/#1',
      'memblock/size',
      '',
      'luo',
    ]
    const outcome = (walk: (path: string) => unknown, path: string) => {
      try {
        return walk(path)
      } catch (error) {
        return error
      }
    }
    const followed = createResolver(state)
    for (const path of [...paths, ...paths.toReversed()]) {
      const own = outcome(one => resolve(state, one), path)
      const found = outcome(followed, path)
      if (own instanceof Error) expect(found).toEqual(own)
      else expect(found).toMatchObject({ path: (own as { path: string }).path })
    }
  })
})
