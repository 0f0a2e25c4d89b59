import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMemblock } from '../../../formats/blobs/index.js'
import { writeElf } from '../../../formats/dumps/index.js'
import { createFdtWriter, FDT_HEADER, type FdtWriter, stringList } from '../../../formats/fdt/index.js'
import { rangeAt } from '../../../formats/memory/range.js'
import type { FieldSpan, HexSpan } from '../../../src/hex/span.js'
import { addressSpans, partSpans } from '../../../src/hex/spans.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { resolve } from '../../../src/model/resolve.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { fixture } from '../cli/kho.js'
import { type Machine, type MadeBlob, machine } from '../owners/synthetic.js'

const spansAt = (state: KhoState, path: string) => [...partSpans(state, resolve(state, path))]
const fields = (spans: HexSpan[]) => spans.filter((span): span is FieldSpan => span.kind === 'field')
const values = (spans: HexSpan[]) =>
  Object.fromEntries(fields(spans).map(({ name, value }) => [name, value] as const))

async function capture(name: string): Promise<KhoState> {
  return loadState(await openImage(fixture(name)))
}

const valueMap = (spans: HexSpan[]) => new Map(fields(spans).map(({ name, value }) => [name, value]))

/** A child that is a device tree with some properties. */
function fdtBlob(made: Machine, body: (writer: FdtWriter) => void): MadeBlob {
  const writer = createFdtWriter(2 ** 20)
  writer.beginNode('')
  body(writer)
  writer.endNode()
  const blob = writer.finish()
  const { address, bytes } = made.allocate(Math.ceil(blob.length / 4096))
  bytes.set(blob)
  return { name: 'drv', address, size: blob.length }
}

/** Spans leave no byte of a range out, and none is twice. */
function checkWhole(spans: HexSpan[], address: number, size: number): void {
  let at = address
  for (const span of spans) {
    if (span.kind === 'heading' || span.kind === 'note') continue
    expect(span.address).toBe(at)
    if (span.kind === 'field' || span.kind === 'gap') expect(span.bytes).toHaveLength(span.length)
    at += span.length
  }
  expect(at).toBe(address + size)
}

describe('an annotated dump', () => {
  it('names every field of a structure, nested ones too, with its place in memory and in the file', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'luo/sessions/vm-a/files/2/memfd')
    expect(spans[0]).toEqual({
      kind: 'heading',
      address: 0x244b000,
      path: 'luo/sessions/vm-a/files/2/memfd',
      what: 'struct memfd_luo_ser',
    })
    expect(values(spans)).toEqual({
      pos: '6173 (0x181d)',
      size: '12345 (0x3039)',
      seals: '6',
      flags: '0',
      nrFolios: '4',
      'folios.first': '0x244c000',
      'folios.totalPages': '1',
      'folios.flags': '1',
      'folios.order': '0',
    })
    const first = fields(spans).find(({ name }) => name === 'folios.first')!
    expect(first.address).toBe(0x244b020)
    expect(Buffer.from(first.bytes).toString('hex')).toBe('00c0440200000000')
    const read = state.image.memory.read(first.address, 8)
    expect(first.offset).toBe(read.ok && read.offset)
  })

  it('shows a block as header, records and the rest', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'luo/sessions/vm-a/blocks/#0')
    checkWhole(spans, 0x244e000, 4096)
    expect(spans.filter(span => span.kind === 'heading').map(span => [span.path, span.what])).toEqual([
      ['luo/sessions/vm-a/blocks/0x244e000', 'struct kho_block_header_ser'],
      ['luo/sessions/vm-a/files/1', 'struct luo_file_ser'],
      ['luo/sessions/vm-a/files/2', 'struct luo_file_ser'],
    ])
    expect(spans.at(-1)).toMatchObject({ kind: 'fill', byte: 0, name: null, length: 4096 - 16 - 128 })
  })

  it('shows the slots of a table and where they lead', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'tracker/nodes/0x630000')
    checkWhole(spans, 0x630000, 4096)
    expect(values(spans)).toEqual({
      '[0]': 'tracker/nodes/0x61d000',
      '[1]': 'tracker/nodes/0x63e000',
      '[2]': 'tracker/nodes/0x60e000',
    })
    expect(spans.at(-1)).toMatchObject({ kind: 'fill', name: '[3-511]', length: 509 * 8 })
  })

  it('shows the runs of a leaf and the blocks they mean', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'tracker/nodes/0x612000')
    checkWhole(spans, 0x612000, 4096)
    const notes = spans.flatMap(span => (span.kind === 'note' ? [span.text] : []))
    expect(notes.slice(0, 3)).toEqual([
      'bit 1549: a block of order 0, 0x60d000-0x60e000',
      'bit 1555: a block of order 0, 0x613000-0x614000',
      'bits 1563-1564: 2 blocks of order 0, 0x61b000-0x61d000',
    ])
  })

  it('reads an FDT token by token', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'fdt')
    checkWhole(spans, 0x60d000, state.fdt.header.totalsize)
    expect(spans.some(span => span.kind === 'gap')).toBe(false)
    expect(values(spans)).toMatchObject({
      magic: '3490578157 (0xd00dfeed)',
      compatible: '"kho-v4"',
      'preserved-memory-map': '0x630000',
      'string+0': '"preserved-memory-map"',
    })
    const one = spansAt(state, 'fdt/preserved-memory-map')
    expect(fields(one).map(({ name, value }) => [name, value])).toEqual([
      ['preserved-memory-map', '0x630000'],
    ])
  })

  it('shows one field of an unaligned structure', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const spans = spansAt(state, 'kexec-metadata/kexecCount')
    expect(spans.map(span => span.kind)).toEqual(['heading', 'field'])
    expect(spans[1]).toMatchObject({ address: 0x613000 + 69, length: 4, value: '1', type: 'u32' })
  })

  it('finds the structures at an address, whole or cut', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const page = [...addressSpans(state, rangeAt(0x239f000, 4096))]
    checkWhole(page, 0x239f000, 4096)
    expect(values(page)).toEqual({
      compatible: '"luo-v5"',
      liveupdateNum: '1',
      sessionsPa: '0x24cf000',
      flbsPa: '0x23a0000',
    })
    const cut = [...addressSpans(state, rangeAt(0x239f012, 4))]
    checkWhole(cut, 0x239f012, 4)
    expect(cut[1]).toMatchObject({ name: 'sessionsPa', value: '0x24cf000', length: 4 })
  })

  it('never shows absent bytes as zeros', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const { start: address, end } = resolve(state, 'memblock/khotrace').memory.extents[0]!
    expect(spansAt(state, 'memblock/khotrace')).toEqual([
      { kind: 'absent', address, length: end - address, reason: 'outside', name: null },
    ])
  })

  it('covers a region of two petabytes that is not there in no time', async () => {
    const made = machine()
    const regions = [{ name: 'huge', start: 2 ** 40, size: 2 ** 51 }]
    made.addBlob({ name: 'memblock', ...encodeMemblock(made, made.geometry, regions) })
    const spans = spansAt(await made.state(), 'memblock/huge')
    checkWhole(spans, 2 ** 40, 2 ** 51)
    expect(spans).toHaveLength(1)
  })

  it('leaves no byte out of any structure of a state', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const ownership = ownershipOf(state)
    for (let id = 0; id < ownership.count; id++) {
      const { start, end } = ownership.claim(id)
      const part = resolve(state, ownership.path(id))
      checkWhole([...partSpans(state, part)], start, end - start)
      const page = start - (start % 4096)
      checkWhole([...addressSpans(state, rangeAt(page, 4096))], page, 4096)
    }
  })

  it('has the very bytes and offsets that the dump has, in whatever pieces that lies in its file', async () => {
    const made = machine()
    made.addLuo({ sessions: [{ name: 'a', files: [made.memfd(1n, new Uint8Array(8192).fill(7))] }] })
    made.image()
    const pages = made.builder.segments().flatMap(({ phys, bytes }) => {
      const count = bytes.length / 4096
      return Array.from({ length: count }, (_, n) => ({
        phys: phys + n * 4096,
        content: bytes.subarray(n * 4096, (n + 1) * 4096),
      }))
    })
    // Pages in two, in the middle of a field; and one of them without its end.
    const cut = pages.flatMap(({ phys, content }, n) => [
      { phys, content: content.subarray(0, 20) },
      { phys: phys + 20, content: content.subarray(20, n === 0 ? 4000 : 4096) },
    ])
    const shuffled = [...cut.filter((_, n) => n % 2 === 1), ...cut.filter((_, n) => n % 2 === 0)]
    for (const segments of [pages, shuffled]) {
      const chunks: Uint8Array[] = []
      writeElf(segments, {}, bytes => chunks.push(bytes.slice()))
      const state = await loadState(await openBytes(Buffer.concat(chunks)))
      const { memory } = state.image
      const spans = pages.flatMap(({ phys }) => [...addressSpans(state, rangeAt(phys, 4096))])
      for (const span of spans) {
        if (span.kind === 'heading' || span.kind === 'note') continue
        const read = memory.read(span.address, span.length)
        if (span.kind === 'absent') expect(read.ok).toBe(false)
        // What no structure explains is read a page at a time, which may have no one place.
        else if (span.kind === 'field' || span.offset !== null)
          expect(read).toMatchObject({ ok: true, offset: span.offset })
        if (span.kind === 'field' || span.kind === 'gap') {
          expect(read.ok && Buffer.from(read.bytes).equals(span.bytes)).toBe(true)
        }
      }
      const cutFields = fields(spans).filter(({ offset }) => offset === null)
      expect(cutFields.length > 0).toBe(segments === shuffled)
    }
  })

  it('quotes the strings of a property where all are text, and counts the bytes of others', async () => {
    const pieces = fc.oneof(
      fc.constantFrom(0, 0x22, 0x5c, 0x20, 0x7e, 0x7f, 0x1f),
      fc.integer({ min: 0x61, max: 0x7a }),
    )
    const values = fc
      .array(pieces, { minLength: 1, maxLength: 12 })
      .map(bytes => Uint8Array.from([...bytes, 0]))
    const samples = [
      ...fc.sample(values, { numRuns: 300, seed: 5 }),
      // More than is quoted at a time.
      Uint8Array.from({ length: 100_000 }, (_, n) => (n % 3 === 2 || n === 99_999 ? 0 : 0x22 + (n % 64))),
    ]
    const made = machine()
    const child = fdtBlob(made, writer => {
      for (const [n, value] of samples.entries()) writer.property(`p${n}`, value)
    })
    made.addBlob(child)
    const shown = valueMap(spansAt(await made.state(), 'blobs/drv'))
    for (const [n, value] of samples.entries()) {
      const list = stringList({ name: '', value, offset: 0 })!
      const isText = list.every(text => /^[\x20-\x7e]+$/.test(text))
      const expected = isText ? list.map(text => JSON.stringify(text)).join(', ') : `${value.length} bytes`
      expect(shown.get(`p${n}`)).toBe(expected)
    }
  })

  it('shows names that are nothing but NULs as what they are, together', async () => {
    const made = machine()
    const { address, size } = fdtBlob(made, writer => {
      for (let n = 0; n < 30; n++) writer.property(`name-${n}`, new Uint8Array(0))
    })
    const bytes = made.builder.place(address, 1).bytes.subarray(0, size)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const strings = view.getUint32(FDT_HEADER.offDtStrings)
    // The writer begins with the last: eight bytes each.
    bytes.fill(0, strings + 8, strings + 54)
    bytes.fill(0, strings + 72, strings + 72 + 60)
    made.addBlob({ name: 'drv', address, size })
    const spans = spansAt(await made.state(), 'blobs/drv')
    checkWhole(spans, address, size)
    const names = spans.filter(span => span.kind === 'field' && span.name.startsWith('string+'))
    expect(names.filter(span => span.kind === 'field' && span.value === '""').length).toBeGreaterThan(40)
    expect(spans.filter(span => span.kind === 'fill')).toEqual([
      {
        kind: 'fill',
        address: address + strings + 72,
        length: 60,
        byte: 0,
        name: 'string+72-131',
        offset: expect.any(Number),
      },
    ])
  })

  it('shows the pages of a folio list as records', async () => {
    const made = machine()
    const folios = { pfn: [77, 0], index: [5, 6], flags: [1, 0] }
    made.addLuo({ sessions: [{ name: 'a', files: [made.listed(1n, { folios })] }] })
    const state = await made.state()
    const spans = spansAt(state, 'luo/sessions/a/files/1/vmalloc/runs/#0')
    expect(fields(spans).map(({ name, value }) => `${name} ${value}`)).toEqual([
      'word pfn 77 (0x4d), flags 1',
      'index 5',
      'word pfn 0, flags 0',
      'index 6',
    ])
    expect(spans[0]).toMatchObject({ path: 'luo/sessions/a/files/1/folios/#0' })
  })
})
