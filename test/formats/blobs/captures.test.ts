import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type Blob,
  decodeBlob,
  type KhoTest,
  type Luo,
  type LuoFile,
  type Memfd,
  readMemfdFolios,
  type Vmalloc,
} from '../../../formats/blobs/index.js'
import { openElf } from '../../../formats/dumps/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { hex } from '../../../formats/memory/fault.js'
import { type Geometry, geometry } from '../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { describeWith, namesIn, readJson, sha256 } from '../../material.js'

interface Json {
  [key: string]: unknown
}
interface Expected {
  page_size?: number
  fdts: { phys: string; subtrees: Record<string, Json>; radix: { nbad: number } }[]
}
interface GuestFile {
  session: string
  token: number
  size: number
  sha256: string
  pos: number
  seals: number
  runs_index_pfn_count: [number, number, number][]
}

function shownVmalloc(vmalloc: Vmalloc): Json {
  return {
    first: hex(vmalloc.first!),
    total_pages: vmalloc.totalPages,
    flags: vmalloc.flags,
    order: vmalloc.order,
    nchunks: vmalloc.chunks.length,
    chunks: vmalloc.chunks.map(hex),
    npages_found: vmalloc.runs.length * 2 ** vmalloc.order,
  }
}

function shownMemfd(memory: PhysicalMemory, geo: Geometry, memfd: Memfd): Json {
  const shown: Json = {
    ser_phys: hex(memfd.extent.start),
    pos: memfd.position,
    size: memfd.size,
    seals: memfd.seals,
    flags: memfd.flags,
    nr_folios: memfd.nrFolios,
  }
  if (memfd.vmalloc === null) return shown
  const folios = readMemfdFolios(memory, memfd, geo)
  const list = Array.from(folios.pfn, (pfn, n) => [pfn, folios.flags[n], folios.index[n]])
  return { ...shown, folios_vmalloc: shownVmalloc(memfd.vmalloc), folios: list }
}

function shownBlocks(memory: PhysicalMemory, blocks: Luo['blocks']): Json[] {
  return blocks.map(({ extent, count }) => {
    const read = memory.read(extent.start, 8)
    const next = read.ok ? new DataView(read.bytes.buffer, read.bytes.byteOffset).getBigUint64(0, true) : -1n
    return { phys: hex(extent.start), next: hex(next), count }
  })
}

function shownLuo(memory: PhysicalMemory, geo: Geometry, luo: Luo): Json {
  return {
    compatible: luo.compatible,
    liveupdate_num: Number(luo.liveupdateNumber),
    sessions_pa: hex(luo.sessionsAddress!),
    flbs_pa: hex(luo.flbsAddress!),
    session_blocks: shownBlocks(memory, luo.blocks),
    sessions: luo.sessions.map(session => ({
      name: session.name,
      files_pa: hex(session.filesAddress!),
      count: session.fileCount,
      blocks: shownBlocks(memory, session.blocks),
      files: session.files.map(({ compatible, data, token, memfd }) => ({
        compatible,
        data: hex(data),
        token: Number(token),
        ...(memfd === null ? {} : { memfd: shownMemfd(memory, geo, memfd) }),
      })),
    })),
    flb: luo.flbs && {
      pgcnt: Number(luo.flbs.pages),
      count: Number(luo.flbs.count),
      entries: luo.flbs.entries.map(({ name, data, count }) => ({
        name,
        data: hex(data),
        count: Number(count),
      })),
    },
  }
}

function shownTest(test: KhoTest): Json {
  return {
    compatible: test.compatible,
    magic: hex(test.magic!),
    nr_folios: test.nrFolios,
    csum: hex(test.csum!),
    folios_info: test.vmalloc && shownVmalloc(test.vmalloc),
    folios: Array.from(test.folios.address, (address, n) => [hex(address), test.folios.order[n]]),
  }
}

/** A decoded blob in the words of the reader that made the expected results; null for what it had no words for. */
function shown(memory: PhysicalMemory, geo: Geometry, blob: Blob): Json | null {
  const { value } = blob
  switch (value?.kind) {
    case 'luo':
      return shownLuo(memory, geo, value)
    case 'kho-test':
      return shownTest(value)
    case 'memblock':
      return {
        compatible: value.compatible,
        reserve_mem: Object.fromEntries(
          value.regions.map(({ name, compatible, start, size }) => [
            name,
            { compatible, start: hex(start!), size: hex(size!) },
          ]),
        ),
      }
    case 'kexec-metadata':
      return {
        version: value.version,
        kexec_count: value.kexecCount,
        previous_release: value.previousRelease,
      }
    default:
      return null
  }
}

function open(path: string): PhysicalMemory {
  return openElf(bytesSource(readFileSync(path))).memory
}

describeWith('KHO_TEST_CAPTURES', 'blobs in captures of a real Linux 7.2', folder => {
  const stems = namesIn(folder, '.expected.json')
  it('has captures', () => expect(stems.length).toBeGreaterThanOrEqual(10))

  for (const stem of stems) {
    it(`decodes every blob of ${stem}`, () => {
      const expected = readJson<Expected>(folder, `${stem}.expected.json`)
      const memory = open(join(folder, `${stem}.elf`))
      const geo = geometry(expected.page_size === 65536 ? 16 : 12)
      let compared = 0
      for (const fdt of expected.fdts) {
        for (const [child, want] of Object.entries(fdt.subtrees)) {
          const size = want.blob_size as number
          const blob = decodeBlob(memory, { name: child, address: Number(want.phys), size, geometry: geo })
          const read = memory.read(Number(want.phys), size)
          expect(read.ok && sha256(read.bytes)).toBe(want.sha256)
          const stale = child === 'LUO' ? want.compatible !== 'luo-v5' : 'error' in want
          if (stale) {
            expect(blob.faults.length, `${child} is overwritten`).toBeGreaterThan(0)
            continue
          }
          const { phys: _1, blob_size: _2, prop_sizes: _3, sha256: _4, totalsize: _5, ...rest } = want
          expect(shown(memory, geo, blob), child).toEqual(rest)
          expect(blob.faults, child).toEqual([])
          compared++
        }
      }
      expect(compared).toBeGreaterThan(0)
    })
  }

  const moments: [stem: string, list: string, liveupdate: bigint][] = [
    ['basic-1g.s1-kexec', 'memfds', 1n],
    ['basic-1g.s2-early', 'memfds', 1n],
    ['thp-1g.s2-early', 'memfds', 1n],
    ['arm64-64k-4g.s1-kexec', 'memfds', 1n],
    ['dumps-luo-256m.s1-kexec', 'memfds', 1n],
    ['chain-512m.s1-kexec', 'memfds', 1n],
    ['chain-512m.s2-kexec', 'memfds-s2', 2n],
  ]
  for (const [stem, list, number] of moments) {
    it(`finds what user space wrote down before the jump: ${stem}`, () => {
      const guest = `linux-7.2.${stem.split('.')[0]}`
      const files = readJson<GuestFile[]>(folder, `${guest}.${list}.json`)
      const path = join(folder, `linux-7.2.${stem}.elf`)
      const expected = readJson<Expected>(path.replace('.elf', '.expected.json'))
      const memory = open(path)
      const geo = geometry(expected.page_size === 65536 ? 16 : 12)
      const states = expected.fdts.map(({ subtrees }) => {
        const { phys, blob_size } = subtrees.LUO!
        const input = { name: 'LUO', address: Number(phys), size: blob_size as number, geometry: geo }
        return decodeBlob(memory, input).value
      })
      const luo = states.find(
        (state): state is Luo => state?.kind === 'luo' && state.liveupdateNumber === number,
      )!
      const found = luo.sessions.flatMap(session =>
        session.files.map(file => ({ session: session.name, file })),
      )
      expect(found.length).toBe(files.length)
      for (const want of files) {
        // The second kernel of the chain preserved again in a session of another name; its list keeps the old one.
        const session = number === 2n ? 'chained-session' : want.session
        const { file } = found.find(it => it.session === session && it.file.token === BigInt(want.token))!
        compareFile(memory, geo, file, want, stem.endsWith('s1-kexec'))
      }
    })
  }
})

function compareFile(
  memory: PhysicalMemory,
  geo: Geometry,
  file: LuoFile,
  want: GuestFile,
  contents: boolean,
): void {
  const memfd = file.memfd!
  expect([memfd.size, memfd.position, memfd.seals]).toEqual([want.size, want.pos, want.seals])
  const folios = readMemfdFolios(memory, memfd, geo)
  const frames = new Map<number, number>()
  for (const [index, pfn, count] of want.runs_index_pfn_count) {
    for (let n = 0; n < count; n++) frames.set(index + n, pfn + n)
  }
  folios.index.forEach((index, n) => {
    expect(frames.get(index)).toBe(folios.pfn[n])
  })
  if (!contents) return
  const data = new Uint8Array(Math.ceil(want.size / geo.pageSize) * geo.pageSize)
  folios.index.forEach((index, n) => {
    const after = folios.index[n + 1] ?? data.length / geo.pageSize
    const length = (after - index) * geo.pageSize
    const read = memory.read(folios.pfn[n]! * geo.pageSize, length)
    expect(read.ok).toBe(true)
    if (read.ok) data.set(read.bytes, index * geo.pageSize)
  })
  expect(sha256(data.subarray(0, want.size))).toBe(want.sha256)
}
