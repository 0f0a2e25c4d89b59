import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Blob,
  blockCapacity,
  decodeBlob,
  encodeLuo,
  encodeMemfd,
  flbCapacity,
  type KhoBlock,
  type Luo,
  type LuoSpec,
} from '../../../formats/blobs/index.js'
import { isKhoError } from '../../../formats/error.js'
import { LUO_FILE_SER, LUO_SESSION_SER } from '../../../formats/layout/index.js'
import { geometry, PAGE_SHIFTS, type PageShift } from '../../../formats/memory/geometry.js'
import { rangeAt, rangeSize } from '../../../formats/memory/range.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type TestMemory, testMemory } from './memory.js'

const geo = geometry(12)

function encode(spec: Partial<LuoSpec>, shift: PageShift = 12) {
  const memory = testMemory(geometry(shift))
  const whole: LuoSpec = { form: 'struct', liveupdateNumber: 1n, sessions: [], flbs: [], ...spec }
  const { address, size } = encodeLuo(memory, geometry(shift), whole)
  const decode = (blobSize: number | null = size) =>
    decodeBlob(memory, { name: 'LUO', address, size: blobSize, geometry: geometry(shift) })
  return { memory, address, size, decode }
}

/** What was written, read back from a decoded state. */
function respec(luo: Luo): LuoSpec {
  return {
    form: luo.form,
    liveupdateNumber: luo.liveupdateNumber!,
    sessions: luo.sessions.map(({ name, files }) => ({
      name,
      files: files.map(({ compatible, data, token }) => ({ compatible, data, token })),
    })),
    flbs: luo.flbs?.entries.map(({ name, data, count }) => ({ name, data, count })) ?? null,
  }
}

function codes(blob: Blob): string[] {
  return blob.faults.map(fault => fault.code)
}

/** `count` sessions without files. */
function sessions(count: number) {
  return Array.from({ length: count }, (_, n) => ({ name: `s${n}`, files: [] }))
}

/** One session of `count` files that no decoder knows. */
function withFiles(count: number) {
  const files = Array.from({ length: count }, (_, n) => ({
    compatible: 'vfio-pci-v1',
    data: BigInt(n + 1),
    token: BigInt(n),
  }))
  return [{ name: 'vm', files }]
}

const text = (most: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: most })
    .map(bytes => String.fromCharCode(...bytes))
const u64 = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
const file = fc.record({ compatible: text(47).map(name => `x${name}`.slice(0, 47)), data: u64, token: u64 })
const session = fc.record({
  name: text(63),
  files: fc.uniqueArray(file, { selector: it => it.token, maxLength: 6 }),
})

describe('the capacity of a page', () => {
  it.each([
    [12, 51, 63, 63],
    [14, 204, 255, 255],
    [16, 819, 1023, 1023],
  ] as const)('of 2^%i bytes is %i sessions, %i files, %i objects', (shift, ofSessions, ofFiles, ofFlbs) => {
    expect(blockCapacity(geometry(shift), LUO_SESSION_SER.size)).toBe(ofSessions)
    expect(blockCapacity(geometry(shift), LUO_FILE_SER.size)).toBe(ofFiles)
    expect(flbCapacity(2 ** shift)).toBe(ofFlbs)
  })
})

describe.each(['struct', 'fdt'] as const)('LUO in the %s form', form => {
  it.each(PAGE_SHIFTS)('comes back as it was written, 2^%i-byte pages', shift => {
    const list = fc.uniqueArray(session, { selector: it => it.name, maxLength: 60 })
    const flb = fc.record({ name: text(47), data: u64 })
    const flbs = fc.uniqueArray(flb, { selector: it => it.name, maxLength: 63 })
    fc.assert(
      fc.property(u64, list, flbs, (liveupdateNumber, some, objects) => {
        const held = some.reduce((sum, it) => sum + it.files.length, 0)
        const spec: LuoSpec = {
          form,
          liveupdateNumber,
          sessions: some,
          flbs: held === 0 ? [] : objects.map(it => ({ ...it, count: BigInt(held) })),
        }
        const blob = encode(spec, shift).decode()
        expect(blob.faults).toEqual([])
        expect(respec(blob.value as Luo)).toEqual(spec)
      }),
      { numRuns: 15 },
    )
  })

  it('has addresses, sizes and paths for all it is made of', () => {
    const files = [
      { compatible: 'a', data: 1n, token: 2n },
      { compatible: 'b', data: 2n, token: 18446744073709551615n },
    ]
    const named = [
      { name: 'vm a', files },
      { name: 'empty', files: [] },
    ]
    const { address, size, decode } = encode({
      form,
      sessions: named,
      flbs: [{ name: 'pci-v2', data: 0n, count: 1n }],
    })
    const blob = decode()
    const luo = blob.value as Luo
    expect(blob).toMatchObject({
      path: 'luo',
      format: form === 'fdt' ? 'luo-v1' : 'luo-v5',
      size,
      faults: [],
    })
    expect(luo.extent).toEqual(rangeAt(address, size))
    expect(luo.sessions.map(it => it.path)).toEqual(['luo/sessions/vm%20a', 'luo/sessions/empty'])
    expect(luo.sessions[0]?.files.map(it => it.path)).toEqual([
      'luo/sessions/vm%20a/files/2',
      'luo/sessions/vm%20a/files/18446744073709551615',
    ])
    expect(luo.sessions[1]).toMatchObject({ filesAddress: 0, fileCount: 0, blocks: [], fileArray: null })
    expect(luo.flbs).toMatchObject({
      path: 'luo/flbs',
      extent: rangeAt(luo.flbs!.extent.start, 4096),
      entries: [{ path: 'luo/flbs/#0' }],
    })
    const [first, second] = luo.sessions
    expect(second!.extent).toEqual(rangeAt(first!.extent.start + 80, 80))
    expect(rangeSize(first!.files[0]!.extent)).toBe(64)
    if (form === 'fdt') {
      expect(luo.sessionArray).toEqual(rangeAt(luo.sessionsAddress!, 16 * 4096))
      expect(first!.fileArray).toEqual(rangeAt(first!.filesAddress!, 2 * 4096))
      expect(first!.extent.start).toBe(luo.sessionsAddress! + 8)
    } else {
      const page = `0x${luo.sessionsAddress!.toString(16)}`
      expect(luo.blocks).toEqual([
        { path: `luo/blocks/${page}`, extent: rangeAt(luo.sessionsAddress!, 4096), count: 2 },
      ])
      expect(first!.files[0]!.extent.start).toBe(first!.filesAddress! + 16)
    }
  })

  it('refuses names that have no room', () => {
    for (const name of ['', 'x'.repeat(64)]) {
      expect(() => encode({ form, sessions: [{ name, files: [] }] })).toThrow('is not 1 to 63 bytes long')
      expect(() => encode({ form, flbs: [{ name, data: 0n, count: 1n }] })).toThrow(
        'is not 1 to 47 bytes long',
      )
    }
  })

  it('says what a reader would stumble over', () => {
    const same = { compatible: 'x', data: 5n, token: 1n }
    const odd = [
      { name: 'twice', files: [same, same] },
      { name: 'twice', files: [{ ...same, data: 0n }] },
    ]
    const blob = encode({ form, sessions: odd, flbs: [{ name: 'f', data: 1n, count: 9n }] }).decode()
    expect(codes(blob)).toEqual([
      'LUO-SESSION-DUPLICATE',
      'LUO-TOKEN-DUPLICATE',
      'LUO-FILE-DATA-ZERO',
      'LUO-FLB-REFCOUNT',
    ])
    const luo = blob.value as Luo
    expect(luo.sessions.map(it => it.path)).toEqual(['luo/sessions/#0', 'luo/sessions/#1'])
    expect(luo.sessions[0]?.files.map(it => it.path)).toEqual([
      'luo/sessions/#0/files/#0',
      'luo/sessions/#0/files/#1',
    ])
  })

  it('knows two files with one handle', () => {
    const memory = testMemory(geo)
    const { address } = encodeMemfd(memory, geo, {
      version: 2,
      position: 0,
      size: 4096,
      seals: 0,
      folios: { pfn: [9], index: [0] },
    })
    const of = (token: bigint) => ({ compatible: 'memfd-v2', data: BigInt(address), token })
    const spec: LuoSpec = {
      form,
      liveupdateNumber: 1n,
      sessions: [{ name: 's', files: [of(1n), of(2n)] }],
      flbs: [],
    }
    const blob = decodeBlob(memory, { name: 'LUO', ...encodeLuo(memory, geo, spec), geometry: geo })
    expect(blob.faults).toMatchObject([{ code: 'LUO-FILE-DATA-SHARED', path: 'luo/sessions/s/files/2' }])
    const [first, second] = (blob.value as Luo).sessions[0]!.files
    expect(first?.memfd?.path).toBe('luo/sessions/s/files/1')
    expect(second?.memfd).toBe(first?.memfd)
  })
})

describe('LUO in the struct form', () => {
  it.each([
    [51, 1],
    [52, 2],
    [511, 11],
  ])('has %i sessions in %i blocks', (count, blocks) => {
    const luo = encode({ sessions: sessions(count) }).decode().value as Luo
    expect(luo.blocks.length).toBe(blocks)
    expect(luo.sessions.length).toBe(count)
  })

  it.each([
    [63, 1],
    [64, 2],
  ])('has %i files in %i blocks', (count, blocks) => {
    const luo = encode({ sessions: withFiles(count) }).decode().value as Luo
    expect(luo.sessions[0]?.blocks.length).toBe(blocks)
    expect(luo.sessions[0]?.files.length).toBe(count)
  })

  it('before the reboot call has neither sessions nor objects', () => {
    const blob = encode({}).decode()
    expect(blob.value).toMatchObject({
      sessionsAddress: 0,
      blocks: [],
      sessions: [],
      flbs: { count: 0n, entries: [] },
    })
    expect(blob.faults).toEqual([])
  })

  it.each<[string, (state: DataView) => void, [code: string, address: number | null, path: string][]]>([
    ['other text', state => state.setUint8(5, 0x34), [['LUO-COMPATIBLE', 0, 'luo']]],
    ['sessions at no address', state => state.setBigUint64(16, 2n ** 60n, true), [['LUO-POINTER', 0, 'luo']]],
    ['objects at 2^52', state => state.setBigUint64(24, 2n ** 52n, true), [['LUO-POINTER', 0, 'luo']]],
    [
      'objects that are not there',
      state => state.setBigUint64(24, 0x7000n, true),
      [['LUO-ABSENT', 0x7000, 'luo/flbs']],
    ],
    [
      'objects that are not aligned',
      state => state.setBigUint64(24, 0x7008n, true),
      [
        ['LUO-POINTER', 0x7008, 'luo/flbs'],
        ['LUO-ABSENT', 0x7008, 'luo/flbs'],
      ],
    ],
    [
      'sessions that are not there',
      state => state.setBigUint64(16, 0x7000n, true),
      [['LUO-BLOCK-ABSENT', 0x7000, 'luo/blocks/0x7000']],
    ],
    [
      'sessions that are not aligned',
      state => state.setBigUint64(16, 0x7008n, true),
      [['LUO-BLOCK-POINTER', null, 'luo']],
    ],
  ])('with %s', (_, damage, expected) => {
    const { memory, address: blob, decode } = encode({ sessions: sessions(2) })
    damage(viewOf(memory.page(blob)))
    const found = decode().faults.map(({ code, address, path }) => [
      code,
      address === blob ? 0 : address,
      path,
    ])
    expect(found).toEqual(expected)
  })

  it('names each damaged entry by its own address and path', () => {
    const files = [
      { compatible: 'x', data: 1n, token: 1n },
      { compatible: 'x', data: 2n, token: 2n },
      { compatible: 'x', data: 3n, token: 3n },
    ]
    const flbs = [
      { name: 'a', data: 0n, count: 1n },
      { name: 'b', data: 0n, count: 4n },
      { name: 'c', data: 0n, count: 3n },
    ]
    const { memory, decode } = encode({ sessions: [{ name: 's', files }], flbs })
    const luo = decode().value as Luo
    const [file, second, third] = luo.sessions[0]!.files.map(it => it.extent.start)
    const [flb, held] = luo.flbs!.entries.map(it => it.extent.start)
    const at = (address: number) => memory.page(address - (address % 4096)).subarray(address % 4096)
    at(file!)[0] = 0
    at(second!).fill(0x41, 0, 48)
    viewOf(at(third!)).setBigUint64(56, 2n, true)
    at(flb!)[0] = 0
    expect(decode().faults.map(({ code, address, path }) => [code, address, path])).toEqual([
      ['LUO-FILE-COMPATIBLE', file, 'luo/sessions/s/files/1'],
      ['LUO-NAME-UNTERMINATED', second, 'luo/sessions/s/files/#1'],
      ['LUO-TOKEN-DUPLICATE', third, 'luo/sessions/s/files/#2'],
      ['LUO-NAME-EMPTY', flb, 'luo/flbs/#0'],
      ['LUO-FLB-REFCOUNT', held, 'luo/flbs/#1'],
    ])
  })

  it('with a file count and no list of files, says so of the session', () => {
    const { memory, decode } = encode({ sessions: sessions(1) })
    const { start } = (decode().value as Luo).sessions[0]!.extent
    viewOf(memory.page(start - 16)).setBigUint64(16 + 72, 2n, true)
    expect(decode().faults).toMatchObject([
      {
        code: 'LUO-FILE-COUNT',
        address: start,
        path: 'luo/sessions/s0',
        message: 'session has 2 files, but no list of them',
      },
    ])
  })

  it('takes as many objects as a page holds, and no more', () => {
    const flbs = Array.from({ length: 63 }, (_, n) => ({ name: `f${n}`, data: 0n, count: 1n }))
    const { memory, decode } = encode({ sessions: withFiles(1), flbs })
    expect(decode().faults).toEqual([])
    const { start } = (decode().value as Luo).flbs!.extent
    viewOf(memory.page(start)).setBigUint64(8, 64n, true)
    expect(codes(decode())).toEqual(['LUO-FLB-COUNT'])
    expect((decode().value as Luo).flbs?.entries.length).toBe(63)
  })

  it('of other text is bytes, and takes what follows the NUL', () => {
    const { memory, address, decode } = encode({ sessions: sessions(1) })
    memory.page(address)[7] = 0x41
    expect(decode()).toMatchObject({ format: 'luo-v5', faults: [] })
    memory.page(address)[6] = 0x41
    expect(decode()).toMatchObject({ format: 'bytes', value: { kind: 'bytes' } })
  })

  it('is too small, or not there', () => {
    const { memory, address, decode } = encode({ sessions: sessions(1) })
    const small = decode(16)
    expect(small.faults[0]?.message).toBe('LUO state is too small (16 < 32)')
    expect((small.value as Luo).sessions.length).toBe(1)
    memory.drop(address)
    expect(decode()).toMatchObject({ value: null, faults: [{ code: 'BLOB-ABSENT', absent: 'excluded' }] })
  })

  const blocks = (
    change: (first: DataView, second: DataView, addresses: number[], memory: TestMemory) => void,
  ) => {
    const { memory, decode } = encode({ sessions: sessions(60) })
    const addresses = (decode().value as Luo).blocks.map(block => block.extent.start)
    change(viewOf(memory.page(addresses[0]!)), viewOf(memory.page(addresses[1]!)), addresses, memory)
    const blob = decode()
    return { found: codes(blob), luo: blob.value as Luo, blob }
  }

  it('refuses a chain that comes back', () => {
    const itself = blocks((first, _, [address]) => first.setBigUint64(0, BigInt(address!), true))
    expect([itself.found, itself.luo.sessions.length]).toEqual([['LUO-BLOCK-CYCLE'], 51])
    const [{ extent, path }] = itself.luo.blocks as [KhoBlock]
    expect(itself.blob.faults).toMatchObject([{ address: extent.start, path }])
    const whole = blocks((_, second, [address]) => second.setBigUint64(0, BigInt(address!), true))
    expect([whole.found, whole.luo.sessions.length]).toEqual([['LUO-BLOCK-PARTIAL', 'LUO-BLOCK-CYCLE'], 60])
  })

  it('refuses counts that a block cannot have, and keeps the entries', () => {
    const none = blocks((_, second) => second.setBigUint64(8, 0n, true))
    expect([none.found, none.luo.sessions.length]).toEqual([['LUO-BLOCK-COUNT'], 51])
    const many = blocks((_, second) => second.setBigUint64(8, 256n, true))
    expect([many.found, many.luo.sessions.length]).toEqual([['LUO-BLOCK-COUNT'], 60])
    const absurd = blocks(first => first.setBigUint64(8, 2n ** 63n, true))
    expect([absurd.found, absurd.luo.sessions.length, absurd.luo.blocks[0]?.count]).toEqual([
      ['LUO-BLOCK-COUNT'],
      60,
      null,
    ])
  })

  it('says when a block that is not full is followed by another', () => {
    const { found, luo } = blocks(first => first.setBigUint64(8, 50n, true))
    expect([found, luo.sessions.length]).toEqual([['LUO-BLOCK-PARTIAL'], 59])
  })

  it('reads past a pointer that is none', () => {
    const { blob } = blocks(first => first.setBigUint64(0, 0x1234_5678_9abc_def0n, true))
    const [{ extent, path }] = (blob.value as Luo).blocks as [KhoBlock]
    const message = 'block pointer 0x123456789abcdef0 is no physical address'
    expect(blob.faults).toMatchObject([{ code: 'LUO-BLOCK-POINTER', message, address: extent.start, path }])
    const inside = blocks(first => first.setBigUint64(0, 0x12348n, true)).blob
    expect(inside.faults[0]?.message).toBe('block pointer 0x12348 is not page aligned')
  })

  it('refuses a chain of more than 10,000 blocks', () => {
    const { memory, address } = encode({})
    const first = memory.next
    const pages = Array.from({ length: 10_001 }, () => memory.allocate(1))
    pages.forEach((page, n) => {
      const view = viewOf(page.bytes)
      view.setBigUint64(0, BigInt(pages[n + 1]?.address ?? 0), true)
      view.setBigUint64(8, 51n, true)
      for (let at = 16; at < 4096 - 80; at += 80) page.bytes.set([0x61, n & 0x7f, n >> 7], at)
    })
    viewOf(memory.page(address)).setBigUint64(16, BigInt(first), true)
    const blob = decodeBlob(memory, { name: 'LUO', address, size: 32, geometry: geo })
    expect(blob.faults.filter(fault => fault.code === 'LUO-BLOCK-LIMIT').length).toBe(1)
    expect((blob.value as Luo).blocks.length).toBe(10_000)
  })

  it('does not walk one chain for many sessions', () => {
    const { memory, decode } = encode({
      sessions: [...withFiles(200), { name: 'other', files: [{ compatible: 'x', data: 1n, token: 1n }] }],
    })
    const [vm, other] = (decode().value as Luo).sessions
    viewOf(memory.page(other!.extent.start - (other!.extent.start % 4096))).setBigUint64(
      (other!.extent.start % 4096) + 64,
      BigInt(vm!.filesAddress!),
      true,
    )
    const blob = decode()
    expect(codes(blob)).toEqual(['LUO-BLOCK-SHARED', 'LUO-FILE-COUNT'])
    expect((blob.value as Luo).sessions[1]?.files).toEqual([])
  })

  it.each([
    ['too few', 2n, 'File count mismatch: expected 2, found 3'],
    ['too many', 4n, 'File count mismatch: expected 4, found 3'],
    ['no', 0n, 'session has 0 files, but a list of them at '],
  ])('counts %s files', (_, count, message) => {
    const { memory, decode } = encode({ sessions: withFiles(3) })
    const at = (decode().value as Luo).sessions[0]!.extent.start
    viewOf(memory.page(at - 16)).setBigUint64(16 + 72, count, true)
    const { faults } = decode()
    expect(faults).toMatchObject([{ code: 'LUO-FILE-COUNT', path: 'luo/sessions/vm' }])
    expect(faults[0]?.message).toContain(message)
  })

  it('has text without end', () => {
    const { memory, decode } = encode({ sessions: withFiles(1), flbs: [{ name: 'f', data: 0n, count: 1n }] })
    const luo = decode().value as Luo
    const fill = (at: number, length: number) =>
      memory.page(at - (at % 4096)).fill(0x41, at % 4096, (at % 4096) + length)
    fill(luo.sessions[0]!.extent.start, 64)
    fill(luo.sessions[0]!.files[0]!.extent.start, 48)
    fill(luo.flbs!.entries[0]!.extent.start, 48)
    expect(codes(decode())).toEqual([
      'LUO-NAME-UNTERMINATED',
      'LUO-NAME-UNTERMINATED',
      'LUO-NAME-UNTERMINATED',
    ])
  })

  it('has objects that cannot be', () => {
    const flbs = [
      { name: 'a', data: 0n, count: 1n },
      { name: 'a', data: 0n, count: 0n },
    ]
    const { memory, decode } = encode({ sessions: withFiles(1), flbs })
    expect(codes(decode())).toEqual(['LUO-FLB-DUPLICATE', 'LUO-FLB-REFCOUNT'])
    const { start: address } = (decode().value as Luo).flbs!.extent
    const page = viewOf(memory.page(address))
    page.setBigUint64(0, 2n, true)
    page.setBigUint64(8, 64n, true)
    const blob = decode()
    expect(codes(blob)).toEqual(['LUO-FLB-PAGES', 'LUO-FLB-COUNT', 'LUO-FLB-DUPLICATE', 'LUO-FLB-REFCOUNT'])
    expect((blob.value as Luo).flbs?.entries.length).toBe(2)
  })
})

describe('LUO in the fdt form', () => {
  it('of 6.19 has no node for objects', () => {
    const blob = encode({ form: 'fdt', flbs: null, sessions: sessions(2) }).decode()
    expect(blob).toMatchObject({ faults: [], value: { flbs: null, flbsAddress: 0 } })
  })

  it('has its size from the FDT before 7.1', () => {
    const { size, decode } = encode({ form: 'fdt' })
    expect(decode(null).size).toBe(size)
  })

  it('holds 819 sessions of 128 files, and no more', () => {
    const blob = encode({ form: 'fdt', sessions: sessions(819) }).decode()
    expect([(blob.value as Luo).sessions.length, blob.faults]).toEqual([819, []])
    for (const spec of [{ sessions: sessions(820) }, { sessions: withFiles(129) }]) {
      try {
        encode({ form: 'fdt', ...spec })
        expect.unreachable()
      } catch (error) {
        expect(isKhoError(error) && error.code).toBe('cannot-express')
      }
    }
  })

  it.each<[string, (bytes: Uint8Array) => void, string[]]>([
    ['root', bytes => bytes.set([0x39], Buffer.from(bytes).indexOf('luo-v1') + 5), ['LUO-COMPATIBLE']],
    [
      'sessions',
      bytes => bytes.set([0x31], Buffer.from(bytes).indexOf('luo-session-v2') + 13),
      ['LUO-COMPATIBLE'],
    ],
    ['objects', bytes => bytes.set([0x39], Buffer.from(bytes).indexOf('luo-flb-v1') + 9), ['LUO-COMPATIBLE']],
    ['number', bytes => bytes.set([0x78], Buffer.from(bytes).indexOf('liveupdate-number')), ['LUO-NUMBER']],
    ['node', bytes => bytes.set([0x78], Buffer.from(bytes).indexOf('luo-session\0')), ['LUO-NODE']],
    ['property', bytes => bytes.set([0x78], Buffer.from(bytes).indexOf('luo-session-header')), ['LUO-NODE']],
  ])('of another %s', (_, damage, expected) => {
    const { memory, address, decode } = encode({ form: 'fdt', sessions: sessions(1) })
    damage(memory.page(address))
    const blob = decode()
    expect(codes(blob)).toEqual(expected)
    const [fault] = blob.faults
    expect(fault!.path).toBe('luo')
    // What is wrong with a node is said where the node begins: FDT_BEGIN_NODE, and its name.
    if (fault!.address === address) return
    const node = memory.page(address).subarray(fault!.address! - address)
    expect([...node.subarray(0, 4)]).toEqual([0, 0, 0, 1])
    expect(Buffer.from(node.subarray(4, 8)).toString()).toBe('luo-')
  })

  it('of a pointer that is no address says where it stands', () => {
    for (const property of ['luo-session-header', 'luo-flb-header']) {
      const { memory, address, decode } = encode({ form: 'fdt', sessions: sessions(1) })
      const luo = decode().value as Luo
      const pointer = property === 'luo-flb-header' ? luo.flbsAddress! : luo.sessionsAddress!
      const wanted = Buffer.alloc(8)
      wanted.writeBigUInt64LE(BigInt(pointer))
      const at = Buffer.from(memory.page(address)).indexOf(wanted)
      viewOf(memory.page(address)).setBigUint64(at, 2n ** 52n, true)
      expect(decode().faults.map(({ code, address, path }) => [code, address, path])).toEqual([
        ['LUO-POINTER', address + at, 'luo'],
      ])
    }
  })

  it('reads arrays whose counts cannot be up to the first empty entry', () => {
    const { memory, decode } = encode({ form: 'fdt', sessions: [...withFiles(3), ...sessions(2)] })
    const luo = decode().value as Luo
    viewOf(memory.page(luo.sessionsAddress!)).setBigUint64(0, 820n, true)
    viewOf(memory.page(luo.sessionsAddress!)).setBigUint64(8 + 72, 2n ** 64n - 1n, true)
    const blob = decode()
    expect(codes(blob)).toEqual(['LUO-SESSION-COUNT', 'LUO-FILE-COUNT'])
    expect((blob.value as Luo).sessions.map(it => it.files.length)).toEqual([3, 0, 0])
  })

  it('reads the entries that are there', () => {
    const { memory, decode } = encode({ form: 'fdt', sessions: sessions(120) })
    memory.drop((decode().value as Luo).sessionsAddress! + 4096)
    const blob = decode()
    expect(new Set(codes(blob))).toEqual(new Set(['LUO-ABSENT']))
    expect((blob.value as Luo).sessions.length).toBeGreaterThan(60)
  })
})
