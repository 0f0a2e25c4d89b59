import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KhoError } from '../../../formats/error.js'
import type { PageShift } from '../../../formats/memory/geometry.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { loadState, loadStates, type StateOptions } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { writeJson } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { planSlim, type SlimOptions, writeSlim } from '../../../src/slim/slim.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { describeWith, namesIn, readJson } from '../../material.js'

const fixture = (name: string) => openImage(join(ROOT, 'fixtures', name))

/** The document of `kho dump --json`, without what it says of the file. */
function dumpText(state: KhoState): string {
  let text = ''
  writeJson(chunk => {
    text += chunk
  }, documentJson(state))
  const { image: _, ...rest } = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify(rest)
}

function drain(state: KhoState): void {
  dumpText(state)
}

async function slim(
  image: KhoImage,
  options: Partial<SlimOptions> = {},
): Promise<{ image: KhoImage; bytes: Uint8Array }> {
  const plan = planSlim(image, { version: '0.0.0', visit: drain, ...options })
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeSlim(plan, (bytes, offset) => pieces.push({ bytes: bytes.slice(), offset }))
  const bytes = new Uint8Array(size)
  for (const piece of pieces) bytes.set(piece.bytes, piece.offset)
  return { image: await openBytes(bytes), bytes }
}

function expectSame(before: KhoImage, after: KhoImage, options: StateOptions = {}): void {
  const old = loadStates(before, options)
  const now = loadStates(after, options)
  expect(now.length).toBe(old.length)
  old.forEach((state, n) => {
    expect(dumpText(now[n]!)).toBe(dumpText(state))
    expect(listBlocks(now[n]!.tracker.decode.pages)).toEqual(listBlocks(state.tracker.decode.pages))
    expect(verdict(now[n]!)).toEqual(verdict(state))
  })
}

/** What `validate` says, without the places in the file. */
function verdict(state: KhoState) {
  const { outcome, findings } = validateState(state)
  // What a test's folios hold is no structure: a slim image leaves it out, and its verdict says what it assumes.
  const assumptions = outcome.assumptions.filter(text => !text.startsWith("contents of kho_test's folios"))
  return {
    outcome: { ...outcome, assumptions },
    findings: findings.map(({ offset: _, ...finding }) => finding),
  }
}

interface Note {
  source: { name: string | null; container: string }
  ram: string[]
  excluded: string[]
  absent: string[]
  redacted: string
}

function noteOf(image: KhoImage, bytes: Uint8Array): Note {
  const note = image.dump.notes.find(({ name }) => name === 'KHO-TOOLS')!
  const text = new TextDecoder().decode(bytes.subarray(note.offset, note.offset + note.length))
  return JSON.parse(text.replace(/\0$/, '')) as Note
}

const FIXTURES = readdirSync(join(ROOT, 'fixtures')).filter(name => name.endsWith('.elf'))

describe('a slim image', () => {
  it.each(FIXTURES)('of %s says the same', async name => {
    const image = await fixture(name)
    const result = await slim(image)
    expectSame(image, result.image)
    const again = await slim(result.image)
    expectSame(image, again.image)
    expect(again.bytes.length).toBeLessThanOrEqual(result.bytes.length + 4096)
  })

  it('is smaller, and has no contents', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const { bytes, image: after } = await slim(image)
    expect(bytes.length).toBeLessThan(readFileSync(image.path).length / 4)
    const state = loadState(after)
    const blob = state.blobs().find(({ value }) => value?.kind === 'memblock')!.value
    const region = blob?.kind === 'memblock' ? blob.regions[0]! : null
    expect(after.memory.read(region!.start!, 4096).ok).toBe(false)
  })

  it('keeps the memory that the source knew of as RAM', async () => {
    const image = await fixture('linux-7.2.basic-1g.s2-in.elf')
    const { image: after } = await slim(image)
    expect(after.ramKnown).toEqual(image.ramKnown)
  })

  it('says what was cut: kept, excluded and absent are all of the RAM', async () => {
    const image = await fixture('linux-7.2.basic-1g.s2-in.elf')
    const { image: after, bytes } = await slim(image)
    const note = noteOf(after, bytes)
    const size = (list: string[]) =>
      list.reduce((sum, range) => {
        const [start, end] = range.split('-').map(Number) as [number, number]
        return sum + end - start
      }, 0)
    let kept = 0
    for (const block of after.memory.blocks()) kept += block.bytes.length
    expect(note.source).toMatchObject({ name: 'linux-7.2.basic-1g.s2-in.elf', container: 'elf' })
    expect(kept + size(note.excluded) + size(note.absent)).toBe(size(note.ram))
  })

  it('has the bytes of its source', async () => {
    const image = await fixture('linux-7.2.chain-512m.s2-kexec.elf')
    const { image: after } = await slim(image, { contents: true })
    for (const { phys, bytes } of after.memory.blocks()) {
      const read = image.memory.read(phys, bytes.length)
      expect(read.ok && Buffer.compare(read.bytes, bytes)).toBe(0)
    }
  })

  it('keeps contents: all of them, or those behind a path', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const state = loadState(image)
    const held = (other: KhoImage) => {
      let bytes = 0
      for (const block of other.memory.blocks()) bytes += block.bytes.length
      return bytes
    }
    const none = held((await slim(image)).image)
    const all = held((await slim(image, { contents: true })).image)
    const luo = state.blobs().find(({ value }) => value?.kind === 'luo')!.value
    if (luo?.kind !== 'luo') throw new Error('this fixture has sessions')
    const session = luo.sessions.find(({ files }) => files.some(({ memfd }) => (memfd?.size ?? 0) > 0))!
    const some = await slim(image, { paths: [session.path] })
    expect(held(some.image)).toBeGreaterThan(none)
    expect(all).toBeGreaterThan(held(some.image))
  })

  it('refuses a path that leads nowhere', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    expect(() => planSlim(image, { version: '0', paths: ['luo/sessions/none'] })).toThrow(KhoError)
    expect(() => planSlim(image, { version: '0', root: 0x1000 })).toThrow(KhoError)
  })
})

describe('a redacted image', () => {
  it('reads the same, names and all, and has nothing beside its structures', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const open = await slim(image, { contents: true })
    const { image: after, bytes } = await slim(image, { contents: true, redact: true })
    expect(dumpText(loadState(after))).toBe(dumpText(loadState(image)))
    expect(noteOf(after, bytes)).toMatchObject({ redacted: 'zeroed', source: { name: null } })
    const zeros = (all: Uint8Array) => all.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0)
    expect(zeros(bytes)).toBeGreaterThan(zeros(open.bytes))
  })

  it('leaves no byte of contents', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const { image: after } = await slim(image, { contents: true, redact: true })
    const state = loadState(after)
    const read = contents(state).map(({ start, end }) => after.memory.read(start, end - start))
    const present = read.filter(({ ok }) => ok)
    expect(present.length).toBeGreaterThan(10)
    for (const each of present) expect(each.ok && each.bytes.every(byte => byte === 0)).toBe(true)
  })

  it('hashes names where asked to', async () => {
    const image = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const { image: after, bytes } = await slim(image, { redact: true, hash: true })
    const names = (state: KhoState) =>
      state
        .blobs()
        .flatMap(({ value }) => (value?.kind === 'luo' ? value.sessions.map(({ name }) => name) : []))
    const before = names(loadState(image))
    const hashed = names(loadState(after))
    expect(hashed.length).toBe(before.length)
    for (const name of hashed) expect(name).toMatch(/^sha256-[0-9a-f]{24}$/)
    expect(new Set(hashed).size).toBe(new Set(before).size)
    const text = Buffer.from(bytes)
    for (const name of before.filter(name => name.length > 3))
      expect(text.includes(Buffer.from(name, 'latin1'))).toBe(false)
    expect(text.includes(Buffer.from('7.2.13'))).toBe(false)
  })
})

/** Preserved memory that holds contents, as its owners say. */
function contents(state: KhoState): { start: number; end: number }[] {
  return ownershipOf(state)
    .groups.filter(group => group.kind === 'data' && group.preserved)
    .flatMap(({ starts, sizes }) =>
      Array.from(starts, (start, n) => ({ start, end: start + (sizes[n] as number) })),
    )
}

describeWith('KHO_TEST_CAPTURES', 'captures of a real Linux 7.2', captures => {
  it.each(namesIn(captures, '.elf'))('%s says the same', async name => {
    const image = await openImage(join(captures, `${name}.elf`))
    const { image: after } = await slim(image)
    expectSame(image, after)
  })

  it('qemu.elf.zst becomes small', async () => {
    const image = await openImage(join(captures, 'containers/qemu.elf.zst'))
    const { image: after, bytes } = await slim(image)
    expectSame(image, after)
    expect(bytes.length).toBeLessThan(2 ** 20)
    expect(after.dump.vmcoreinfo).toBe(image.dump.vmcoreinfo)
  }, 60_000)
})

describeWith('KHO_TEST_CORPUS', 'images written by the code of five kernels', corpus => {
  const folders = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2']
  const names = folders.flatMap(folder =>
    namesIn(join(corpus, folder), '.expected.json').map(name => `${folder}/${name}`),
  )
  it.each(names)('%s says the same', async name => {
    const expected = readJson<{ page_shift: PageShift; image: { base: string }; fdt_phys: string }>(
      corpus,
      `${name}.expected.json`,
    )
    const image = await openImage(join(corpus, `${name}.img.zst`), { base: Number(expected.image.base) })
    const options = { root: Number(expected.fdt_phys), pageShift: expected.page_shift }
    const { image: after } = await slim(image, options)
    expectSame(image, after, options)
  })
})
