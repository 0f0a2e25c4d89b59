import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeMemblock, storeVmalloc } from '../../../formats/blobs/index.js'
import { KHO_VMALLOC } from '../../../formats/layout/index.js'
import { type ExtractPlan, planExtract, refuseMissing, writeContents } from '../../../src/extract/extract.js'
import { walkContent } from '../../../src/extract/walk-content.js'
import { loadStates } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import type { Content } from '../../../src/model/piece.js'
import { resolve } from '../../../src/model/resolve.js'
import { openImage } from '../../../src/node/open.js'
import { describeWith, readJson, sha256 } from '../../material.js'
import { machine } from '../owners/synthetic.js'

function extract(state: KhoState, path: string): { plan: ExtractPlan; bytes: Buffer } {
  const plan = planExtract(state, resolve(state, path))
  const bytes = Buffer.alloc(plan.size)
  let written = 0
  let last = 0
  writeContents(state, plan, (piece, offset) => {
    expect(offset).toBeGreaterThanOrEqual(last)
    bytes.set(piece, offset)
    written += piece.length
    last = offset + piece.length
  })
  expect(written).toBe(plan.present)
  return { plan, bytes }
}

const letters = (length: number) => Uint8Array.from({ length }, (_, n) => 65 + ((n * 7) % 26))

describe('extract', () => {
  it('gives a memfd back at its size', async () => {
    const made = machine()
    const contents = letters(12_345)
    made.addLuo({ sessions: [{ name: 'a', files: [made.memfd(1n, contents)] }] })
    const state = await made.state()
    for (const path of ['luo/sessions/a/files/1', 'luo/sessions/a/files/1/memfd']) {
      const { plan, bytes } = extract(state, path)
      expect(plan).toMatchObject({ size: 12_345, present: 12_345, holes: 0, missing: [], incomplete: null })
      expect(sha256(bytes)).toBe(sha256(contents))
    }
  })

  it('leaves holes, cuts the last folio, zeroes what is not up to date, and gives a place to its first folio', async () => {
    const made = machine()
    const big = made.allocate(4)
    big.bytes.fill(0x42)
    const [clean, late] = [made.allocate(1), made.allocate(1)]
    clean.bytes.fill(0x43)
    late.bytes.fill(0x44)
    const pfn = [big, clean, late].map(page => page.address / 4096)
    const folios = { pfn: [...pfn, 0], index: [8, 1, 9, 3], flags: [3, 1, 3, 0] }
    made.addLuo({ sessions: [{ name: 'a', files: [made.listed(1n, { size: 10 * 4096 + 5, folios })] }] })
    const { plan, bytes } = extract(await made.state(), 'luo/sessions/a/files/1')
    const expected = Buffer.alloc(10 * 4096 + 5)
    expected.fill(0x42, 8 * 4096)
    expect(bytes.equals(expected)).toBe(true)
    expect(plan).toMatchObject({
      size: expected.length,
      present: 3 * 4096 + 5,
      holes: 7 * 4096,
      missingBytes: 0,
    })
  })

  it('has nothing to write of an empty memfd', async () => {
    const made = machine()
    made.addLuo({
      sessions: [{ name: 'a', files: [made.listed(1n, { size: 0, folios: { pfn: [], index: [] } })] }],
    })
    const { plan } = extract(await made.state(), 'luo/sessions/a/files/1')
    expect(plan).toMatchObject({ size: 0, present: 0, holes: 0, missing: [], incomplete: null })
    expect(() => refuseMissing(plan)).not.toThrow()
  })

  it('says exactly what is missing', async () => {
    const made = machine()
    const here = made.allocate(1)
    here.bytes.fill(0x41)
    made.preserve(0x7000_0000)
    made.preserve(0x7000_1000)
    made.preserve(0x7100_0000)
    const pfn = [0x70000, 0x70001, here.address / 4096, 0x71000]
    const folios = { pfn, index: [0, 1, 2, 3] }
    made.addLuo({ sessions: [{ name: 'a', files: [made.listed(1n, { size: 3 * 4096 + 7, folios })] }] })
    const { plan, bytes } = extract(await made.state(), 'luo/sessions/a/files/1')
    expect(plan.missing).toEqual([
      { start: 0, end: 8192, address: 0x7000_0000, reason: 'outside' },
      { start: 12288, end: 12295, address: 0x7100_0000, reason: 'outside' },
    ])
    expect(plan).toMatchObject({ missingBytes: 8199, present: 4096, holes: 0 })
    expect(bytes.subarray(8192, 12288).every(byte => byte === 0x41)).toBe(true)
    expect(() => refuseMissing(plan)).toThrow(
      'luo/sessions/a/files/1: 8199 of 12295 bytes are not in the dump, in 2 ranges; first bytes 0-8192, at 0x70000000 (outside)',
    )
  })

  it('refuses a memfd whose list of folios is not all there', async () => {
    const made = machine()
    const { pfn, index } = {
      pfn: new Array<number>(400).fill(5),
      index: Array.from({ length: 400 }, (_, n) => n),
    }
    const file = made.listed(1n, { size: 400 * 4096, folios: { pfn, index } })
    made.addLuo({ sessions: [{ name: 'a', files: [file] }] })
    const whole = await made.state()
    const [, second] = resolveRuns(whole)
    const state = { ...whole, image: { ...whole.image, memory: without(whole, second!) } }
    const plan = planExtract(state, resolve(state, 'luo/sessions/a/files/1'))
    expect(plan.incomplete).toContain('144 entries of its list of folios are not in the dump')
    expect(() => refuseMissing(plan)).toThrow(/./)
  })

  it('gives regions, vmalloc areas, blobs, nodes and fields', async () => {
    const made = machine()
    const region = made.allocate(2)
    region.bytes.set(letters(8192))
    made.addBlob({
      name: 'memblock',
      ...encodeMemblock(made, made.geometry, [{ name: 'log', start: region.address, size: 8192 }]),
    })
    const data = letters(70_000)
    const area = made.allocate(1)
    KHO_VMALLOC.write(area.bytes, 0, storeVmalloc(made, made.geometry, data, 1))
    made.addBlob({ name: 'area', address: area.address, size: 16 })
    const state = await made.state()
    expect(sha256(extract(state, 'memblock/log').bytes)).toBe(sha256(letters(8192)))
    const { bytes, plan } = extract(state, 'blobs/area')
    expect(plan.size).toBe(9 * 8192)
    expect(sha256(bytes.subarray(0, 70_000))).toBe(sha256(data))
    expect(extract(state, 'fdt').bytes.readUInt32BE(0)).toBe(0xd00dfeed)
    expect(extract(state, 'fdt/compatible').bytes.toString()).toBe('kho-v4\0')
    expect(extract(state, 'tracker/nodes/#0').bytes).toHaveLength(4096)
    expect(() => extract(state, 'tracker/nodes')).toThrow('has no bytes of its own')
  })

  it('walks a region of two petabytes that is not there in no time', async () => {
    const made = machine()
    const state = await made.state()
    const seen: number[] = []
    const content: Content = {
      size: 2 ** 51,
      incomplete: null,
      *pieces() {
        yield { offset: 0, length: 2 ** 51, address: 2 ** 32 }
      },
    }
    walkContent(state.image.memory, content, {
      bytes() {},
      zeros() {},
      missing: (_offset, length) => seen.push(length),
    })
    expect(seen.reduce((sum, length) => sum + length, 0)).toBe(2 ** 51)
  })
})

function resolveRuns(state: KhoState): number[] {
  const runs = resolve(state, 'luo/sessions/a/files/1/vmalloc/runs')
  return runs.names().map((_, n) => runs.step(n)!.memory.extents[0]!.start)
}

/** The memory of a state without one page. */
function without(state: KhoState, page: number): KhoState['image']['memory'] {
  const { memory } = state.image
  return {
    ...memory,
    read(phys, length) {
      const touches = phys < page + 4096 && phys + length > page
      return touches
        ? { ok: false, reason: 'excluded', address: Math.max(phys, page) }
        : memory.read(phys, length)
    },
  }
}

interface GuestFile {
  session: string
  token: number
  size: number
  sha256: string
}

/** Captures, what user space wrote down before their jump, and whether the contents are in them. */
const CAPTURES: [stem: string, list: string, contents: boolean, session?: string][] = [
  ['basic-1g.s1-kexec', 'basic-1g.memfds', true],
  ['basic-1g.s2-early', 'basic-1g.memfds', true],
  ['chain-512m.s1-kexec', 'chain-512m.memfds', true],
  ['chain-512m.s2-kexec', 'chain-512m.memfds-s2', true, 'chained-session'],
  ['dumps-luo-256m.s1-kexec', 'dumps-luo-256m.memfds', true],
  ['arm64-64k-4g.s1-kexec', 'arm64-64k-4g.memfds', true],
  ['arm64-64k-4g.s2-early', 'arm64-64k-4g.memfds', false],
  ['thp-1g.s2-early', 'thp-1g.memfds', false],
]

describeWith('KHO_TEST_CAPTURES', 'memfds of real kernels, as user space wrote them down', folder => {
  it.each(CAPTURES)('%s', async (stem, list, contents, session) => {
    const files = readJson<GuestFile[]>(folder, `linux-7.2.${list}.json`)
    const image = await openImage(join(folder, `linux-7.2.${stem}.elf`))
    const states = loadStates(image)
    const state = states.find(candidate => candidate.tracker.state === 'live')!
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) {
      const path = `luo/sessions/${session ?? file.session}/files/${file.token}`
      const { plan, bytes } = extract(state, path)
      expect(plan.size).toBe(file.size)
      if (contents || file.size === 0) {
        expect(() => refuseMissing(plan)).not.toThrow()
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256)
        continue
      }
      expect(plan.present + plan.missingBytes + plan.holes).toBe(file.size)
      expect(plan.missing[0]).toMatchObject({ start: 0, reason: 'outside' })
      expect(() => refuseMissing(plan)).toThrow('are not in the dump')
    }
    image.close()
  })
})
