import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { buildFdt, nativeU64Bytes } from '../../../formats/fdt/index.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { findRoots } from '../../../src/image/find-roots.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { type JsonValue, writeJson } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { buildKdump, type Codec, encode, flatten } from '../../formats/dumps/kdump-build.js'
import { describeWith, readJson } from '../../material.js'
import { workDirectory } from './open-fixtures.js'

const file = workDirectory()

/** Parts of an answer are read when they are looked at. */
const opened: KhoImage[] = []
afterAll(() => {
  for (const image of opened) image.close()
})

/** JSON as it is written: lists are read one element at a time. */
function plain(value: JsonValue): unknown {
  let text = ''
  writeJson(piece => {
    text += piece
  }, value)
  return JSON.parse(text)
}

/** The document of `kho dump --json`, without what is about the file. */
async function answer(path: string, parts: string[] = []) {
  const image = await openImage(path, { parts })
  const state = loadState(image)
  const { image: _, ...rest } = documentJson(state)
  opened.push(image)
  const blocks = listBlocks(state.tracker.decode.pages)
  return { container: image.container, state, rest, blocks }
}

describeWith('KHO_TEST_CAPTURES', 'dumps of whole guests, as tools write them', captures => {
  const containers = join(captures, 'containers')

  it.each(['qemu.kdump-zlib.flat', 'qemu.elf.zst'])(
    '%s says what the slim ELF of the guest does',
    async name => {
      const slim = await answer(join(captures, 'linux-7.2.dumps-luo-256m.s1-kexec.elf'))
      const whole = await answer(join(containers, name))
      expect(plain(whole.rest)).toEqual(plain(slim.rest))
      expect(whole.blocks).toEqual(slim.blocks)
      expect(whole.container).toBe(name.startsWith('qemu.kdump') ? 'kdump' : 'elf')
    },
  )

  it('a filtered dump says what the unfiltered one did, and what is excluded', async () => {
    interface Expected {
      fdts: { phys: string; preserved: Record<string, string[]>; radix_nodes: unknown[] }[]
      setup_data_kho: { phys: string }[]
    }
    const expected = readJson<Expected>(containers, 'makedumpfile.lzo-d31.expected.json')
    const { state, blocks, container } = await answer(join(containers, 'makedumpfile.lzo-d31'))
    expect(container).toBe('kdump')
    const fdt = expected.fdts[0]!
    expect(state.root.address).toBe(Number(fdt.phys))
    const byOrder = Object.entries(fdt.preserved).flatMap(([order, list]) =>
      list.map(address => `${Number(address)} ${order}`),
    )
    expect(blocks.map(({ address, order }) => `${address} ${order}`).sort()).toEqual(byOrder.sort())
    expect(state.tracker.state).toBe('live')
    expect(state.tracker.decode.nodes).toHaveLength(fdt.radix_nodes.length)
    const records = state.root.evidence
      .filter(({ kind }) => kind === 'setup-data')
      .map(({ address }) => address)
    expect(records).toEqual(expected.setup_data_kho.map(({ phys }) => Number(phys)))
    expect(state.scratchReason).toBe('scratch array at 0x147f0000 is not in the dump (excluded)')
    expect(state.image.memory.read(0x147f0000, 4096)).toEqual({
      ok: false,
      reason: 'excluded',
      address: 0x147f0000,
    })
    expect(state.image.dump.vmcoreinfo).toMatch(/^OSRELEASE=7\.2\.13-khotest\n/)
    expect(state.faults.map(({ code, absent }) => [code, absent])).toEqual([['DUMP-FILTERED', 'excluded']])
  })
})

/** Frames of a guest with a root at frame 5 that has nothing but metadata at frame 6, and a setup_data record in frame 7. */
function guestFrames(): Map<number, Uint8Array> {
  const root = buildFdt({
    properties: { compatible: 'kho-v4', 'preserved-memory-map': nativeU64Bytes(0x4000n) },
    children: [
      {
        name: 'kexec-metadata',
        properties: { 'preserved-data': nativeU64Bytes(0x6000n), 'blob-size': nativeU64Bytes(73n) },
      },
    ],
  })
  const page = (bytes: Uint8Array, at = 0) => {
    const frame = new Uint8Array(4096)
    frame.set(bytes, at)
    return frame
  }
  const metadata = new Uint8Array(73)
  metadata.set([1, 0, 0, 0, 0x37, 0x2e, 0x32])
  metadata[69] = 3
  const record = new Uint8Array(48)
  const view = new DataView(record.buffer)
  view.setUint32(8, 10, true)
  view.setUint32(12, 32, true)
  for (const [at, value] of [
    [16, 0x5000n],
    [24, 4096n],
    [32, 0x8000n],
    [40, 16n],
  ] as const)
    view.setBigUint64(at, value, true)
  return new Map([
    [4, page(new Uint8Array(0))],
    [5, page(root)],
    [6, page(metadata)],
    [7, page(record, 0x328)],
  ])
}

/** A kdump whose frames are replaced by those of the guest, in a codec. */
function guestKdump(codec: Codec): Uint8Array {
  const frames = guestFrames()
  const spec = Array.from({ length: 16 }, (_, pfn) => `${pfn} random ${pfn} raw`).join('\n')
  const bytes = buildKdump(`machine x86_64\nvmcoreinfo PAGESIZE=4096\\n\n${spec}`)
  const view = new DataView(bytes.buffer)
  const parts: Uint8Array[] = [bytes]
  let end = bytes.length
  for (const [pfn, frame] of frames) {
    const data = encode(frame, codec)
    const at = 4 * 4096 + pfn * 24
    view.setBigUint64(at, BigInt(end), true)
    view.setUint32(at + 8, data.length, true)
    view.setUint32(at + 12, { raw: 0, zlib: 1, lzo: 2, snappy: 4, zstd: 0x20 }[codec], true)
    parts.push(data)
    end += data.length
  }
  return new Uint8Array(Buffer.concat(parts))
}

describe('a KHO state in a kdump', () => {
  it.each<Codec>(['raw', 'zlib', 'lzo', 'snappy', 'zstd'])('is found: %s', async codec => {
    for (const bytes of [guestKdump(codec), flatten(guestKdump(codec), 3000)]) {
      const state = loadState(await openBytes(bytes))
      expect(state.root.address).toBe(0x5000)
      expect(state.root.evidence.find(({ kind }) => kind === 'setup-data')?.address).toBe(0x7328)
      expect(state.blobs()[0]?.value).toMatchObject({
        kind: 'kexec-metadata',
        kexecCount: 3,
        previousRelease: '7.2',
      })
    }
  })

  it('is found the same whether pages are looked at whole or at their beginning', async () => {
    for (const codec of ['raw', 'zlib', 'lzo', 'snappy', 'zstd'] as const) {
      const { memory } = await openBytes(guestKdump(codec))
      const { pageHeads, ...whole } = memory
      expect(pageHeads).toBeDefined()
      const looks: number[] = []
      const found = findRoots(memory, (done, total) => looks.push(done / total))
      expect(found).toEqual(findRoots(whole))
      expect(found.roots).toHaveLength(1)
      expect(Math.max(...looks)).toBeLessThanOrEqual(1)
    }
  })

  it('in a split set is found whatever file is named first', async () => {
    const part = (name: string, from: number, to: number) =>
      file(name, buildKdump(`ram 0-9\nsplit ${from} ${to}\n1 count zlib\n5 count lzo`))
    const paths = [part('a', 0, 4), part('b', 4, 32)]
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const image = await openImage(paths[first]!, { parts: [paths[second]!] })
      expect([1, 5].map(pfn => image.memory.read(pfn * 4096, 10).ok)).toEqual([true, true])
      image.close()
    }
  })
})
