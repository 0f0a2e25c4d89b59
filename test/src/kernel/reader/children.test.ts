import { describe, expect, it } from 'vitest'
import { buildFdt, type FdtNodeSpec, nativeU64Bytes, stringBytes } from '../../../../formats/fdt/index.js'
import { readingKernel } from '../../../../formats/kernels/index.js'
import {
  KEXEC_METADATA,
  LUO_FILE_SER,
  LUO_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_SER,
  offsetOf,
} from '../../../../formats/layout/index.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../../formats/memory/memory-builder.js'
import { viewOf } from '../../../../formats/memory/u64.js'
import { checkForeign, exposeChildren, readMetadata } from '../../../../src/kernel/reader/children.js'
import type { Running } from '../../../../src/kernel/reader/context.js'
import { nothingDone } from '../../../../src/kernel/reader/done.js'
import { openLuo, startLuo } from '../../../../src/kernel/reader/luo.js'
import { reviveRegions } from '../../../../src/kernel/reader/memblock.js'
import { createReaderMemory, Halt } from '../../../../src/kernel/reader/memory.js'
import { rawFdt } from '../../../../src/kernel/reader/raw-fdt.js'
import type { RegionWish } from '../../../../src/kernel/reader/region.js'
import { retrieveSubtree } from '../../../../src/kernel/reader/subtree.js'
import { createTrace } from '../../../../src/kernel/reader/trace.js'

const PAGE = 4096
const GEO = geometry(12)
const END = 2 ** 24

/** A kernel with a root FDT of these children in page 0 of its pages; every page comes back. */
function kernel(name: string, children: FdtNodeSpec[] = [], more: Partial<Running> = {}) {
  const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 2 ** 20, end: END }] })
  const pages = builder.allocate(16)
  const page = (n: number) => pages.address + n * PAGE
  pages.bytes.set(buildFdt({ name: '', properties: [], children }))
  const memory = createReaderMemory(builder.memory(), GEO, [{ start: 0, end: END }], false)
  const freed: number[] = []
  const running = {
    memory,
    kernel: readingKernel(name),
    geometry: GEO,
    root: rawFdt(memory, pages.address),
    restorer: {
      folio: (address: number) => {
        freed.push((address - pages.address) / PAGE)
        return { ok: true, order: 0, again: false }
      },
    },
    trace: createTrace(),
    extended: false,
    taken: 0,
    ...more,
  } as unknown as Running
  return {
    running,
    page,
    freed,
    bytes: pages.bytes,
    view: viewOf(pages.bytes),
    events: () => running.trace.events.map(({ rule, effect, path }) => [rule, effect, path]),
    messages: () => running.trace.events.map(({ message }) => message),
    needs: () => running.trace.needs.map(({ address }) => address),
  }
}

const word = (value: number | bigint) => nativeU64Bytes(BigInt(value))
const short = new Uint8Array(4)
const child = (name: string, properties: Record<string, Uint8Array>): FdtNodeSpec => ({ name, properties })
/** Where page 0 lies, as it does for every kernel here. */
const BASE = kernel('7.2').page(0)

const stopOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof Halt) return error.stop.kind
    throw error
  }
  return null
}

describe('a child that is asked for by name', () => {
  const found = (name: string, properties: Record<string, Uint8Array> | null) => {
    const { running } = kernel(name, properties === null ? [] : [child('a', properties)])
    return retrieveSubtree(running, 'a')
  }

  it('has an address, and a size from 7.1 on', () => {
    const both = { 'preserved-data': word(0x5000), 'blob-size': word(2n ** 40n) }
    expect(found('7.2', both)).toEqual({ kind: 'found', address: 0x5000, size: 2n ** 40n })
    expect(found('6.19', { fdt: word(0x5000) })).toEqual({ kind: 'found', address: 0x5000, size: null })
    expect(found('7.2', null)).toEqual({ kind: 'absent' })
    expect(found('6.19', null)).toEqual({ kind: 'absent' })
  })

  it('is broken where they are missing, or not 8 bytes long', () => {
    const broken = (warned: boolean) => ({ kind: 'broken', why: expect.any(String), warned })
    expect(found('7.2', { 'blob-size': word(1) })).toEqual(broken(false))
    expect(found('7.2', { 'preserved-data': short, 'blob-size': word(1) })).toEqual(broken(true))
    expect(found('7.2', { 'preserved-data': word(0x5000) })).toEqual(broken(true))
    expect(found('7.2', { 'preserved-data': word(0x5000), 'blob-size': short })).toEqual(broken(true))
    expect(found('6.19', {})).toEqual(broken(false))
    expect(found('6.19', { fdt: short })).toEqual(broken(false))
    expect(found('v5', { fdt: word(0x5000) })).toEqual(broken(false))
  })
})

describe('kexec-metadata', () => {
  const read = (size: bigint, version = 1, address = BASE + PAGE) => {
    const made = kernel('7.2')
    made.view.setUint32(PAGE, version, true)
    readMetadata(made.running, { kind: 'found', address, size })
    return [made.events().map(([rule]) => rule), made.needs()]
  }

  it('has a version, and is as long as that is', () => {
    const size = BigInt(KEXEC_METADATA.size)
    expect(read(size)).toEqual([[], []])
    expect([read(size - 1n), read(4n), read(3n), read(0n)].map(([rules]) => rules)).toEqual(
      Array(4).fill(['KEXEC-METADATA-SIZE']),
    )
    expect(read(size, 2)).toEqual([['KEXEC-METADATA-VERSION'], []])
    expect(read(4n, 0)[0]).toEqual(['KEXEC-METADATA-VERSION'])
    expect(read(size, 1, BASE + 100 * PAGE)).toEqual([[], [BASE + 100 * PAGE]])
    expect(read(size, 1, END)[0]).toEqual(['BLOB-ADDRESS'])
  })

  it('that is broken is told of where a kernel says so', () => {
    const rules = (warned: boolean) => {
      const made = kernel('7.2')
      readMetadata(made.running, { kind: 'broken', why: 'why', warned })
      return made.events()
    }
    expect([rules(true), rules(false)]).toEqual([[['BLOB-PROPERTY', 'reported', 'kexec-metadata']], []])
    const none = kernel('7.2')
    readMetadata(none.running, { kind: 'absent' })
    expect(none.events()).toEqual([])
  })
})

describe('files of children in debugfs', () => {
  const expose = (name: string, ...children: FdtNodeSpec[]) => {
    const made = kernel(name, children)
    exposeChildren(made.running)
    return made.events().map(([rule, , path]) => [rule, path])
  }
  const good = { 'preserved-data': word(0x5000), 'blob-size': word(16) }

  it('are there for all that have a pointer of 8 bytes, and a size where that is asked', () => {
    expect(expose('7.2', child('a', good), child('b', good))).toEqual([])
    expect(expose('7.2', child('a', { 'blob-size': word(1) }), child('b', {}))).toEqual([])
    expect(expose('7.2', child('a', { ...good, 'preserved-data': short }))).toEqual([
      ['BLOB-PROPERTY', 'blobs/a'],
    ])
    expect(expose('7.2', child('a', { 'preserved-data': word(1) }))).toEqual([['BLOB-PROPERTY', 'blobs/a']])
    expect(expose('7.2', child('a', { ...good, 'blob-size': short }))).toEqual([['BLOB-PROPERTY', 'blobs/a']])
    expect(expose('v5', child('a', { fdt: short }))).toEqual([])
  })

  it('have names that files can have, each once', () => {
    expect(expose('7.2', child('a', good), child('a', good))).toEqual([['ROOT-CHILD-DUPLICATE', 'blobs/a']])
    for (const name of ['.', '..'])
      expect(expose('7.2', child(name, good)).map(([rule]) => rule)).toEqual(['BLOB-NO-READER'])
    // One that was warned of is no file.
    expect(expose('7.2', child('a', { 'preserved-data': word(1) }), child('a', good))).toEqual([
      ['BLOB-PROPERTY', 'blobs/a'],
    ])
  })

  it('are as long as the FDT says, which is read up to 7.0', () => {
    expect(expose('6.19', child('a', { fdt: word(BASE) }))).toEqual([])
    expect(expose('6.19', child('a', { fdt: word(END) }))).toEqual([['BLOB-ADDRESS', 'blobs/a']])
    expect(expose('7.2', child('a', { ...good, 'preserved-data': word(END) }))).toEqual([])
  })

  it('of which nobody takes what is in them are lost where they are broken', () => {
    const foreign = (...children: FdtNodeSpec[]) => {
      const made = kernel('7.2', children)
      checkForeign(made.running)
      return made.events()
    }
    expect(foreign(child('mine', good))).toEqual([])
    expect(foreign(child('mine', {}))).toEqual([['BLOB-PROPERTY', 'silent', 'blobs/mine']])
    for (const own of ['memblock', 'LUO', 'kho_test', 'kexec-metadata', 'LUO@1'])
      expect(foreign(child(own, {})), own).toEqual([])
    expect(foreign(child('LUO2', {}), child('x', {}))).toHaveLength(2)
  })
})

describe('regions of reserve_mem=', () => {
  const region = (name: string, start: number | bigint, size: number, compatible = 'reserve-mem-v1') =>
    child(name, { compatible: stringBytes(compatible), start: word(start), size: word(size) })
  const revive = (
    wishes: RegionWish[],
    children: FdtNodeSpec[] | null,
    more: { name?: string; compatible?: string; extended?: boolean } = {},
  ) => {
    const made = kernel(more.name ?? '7.2', [], { extended: more.extended ?? false })
    if (children !== null) {
      const properties = { compatible: stringBytes(more.compatible ?? 'memblock-v1') }
      made.bytes.set(buildFdt({ name: '', properties, children }), PAGE)
    }
    reviveRegions(
      made.running,
      children === null ? { kind: 'absent' } : { kind: 'found', address: made.page(1), size: 4096n },
      wishes,
    )
    return made.events().map(([rule, effect]) => `${rule} ${effect}`)
  }
  const wish = (name: string, size: number | null = null, align: number | null = null) => ({
    name,
    size,
    align,
  })

  it('are taken back by name, size and alignment', () => {
    const one = [region('r', 0x20_0000, 0x1000)]
    expect(revive([wish('r')], one)).toEqual([])
    expect(revive([wish('r', 0x1000, 0x20_0000)], one)).toEqual([])
    for (const other of [wish('r', 0x2000, null), wish('r', null, 0x40_0000), wish('s')])
      expect(revive([other], one)).toEqual(['MEMBLOCK-CMDLINE reported'])
    expect(revive([wish('r', 0x1000, 0)], one)).toEqual([])
    expect(revive([], [])).toEqual([])
    expect(revive([wish('r'), wish('s'), wish('t')], one)).toHaveLength(2)
  })

  it('must be compatible, theirs and all', () => {
    const one = [region('r', 0x20_0000, 0x1000)]
    expect(revive([wish('r')], one, { compatible: 'memblock-v2' })).toEqual(['MEMBLOCK-COMPATIBLE reported'])
    expect(revive([wish('r')], [region('r', 0, 0, 'reserve-mem-v2')])).toEqual([
      'MEMBLOCK-COMPATIBLE reported',
    ])
    const made = kernel('7.2')
    reviveRegions(made.running, { kind: 'found', address: made.page(2), size: 1n }, [wish('r')])
    expect(made.events()[0]![0]).toBe('BLOB-FDT-INVALID')
    const broken = kernel('7.2')
    reviveRegions(broken.running, { kind: 'broken', why: 'x', warned: true }, [wish('r')])
    expect(broken.events()).toEqual([['BLOB-PROPERTY', 'reported', 'memblock']])
  })

  it('lie where memory is; without a place they are allocated afresh, which scratch is not for', () => {
    expect(revive([wish('r')], [region('r', 2n ** 52n - 4096n, 1)])).toEqual([])
    expect(revive([wish('r')], [region('r', 2n ** 52n, 1)])).toEqual(['MEMBLOCK-REGION silent'])
    const half = [child('r', { compatible: stringBytes('reserve-mem-v1'), start: word(1), size: short })]
    const afresh = 'MEMBLOCK-CMDLINE reported'
    expect(revive([wish('r')], half)).toEqual(['MEMBLOCK-REGION silent', afresh])
    expect(revive([wish('r')], half, { extended: true })).toEqual(['MEMBLOCK-REGION silent'])
    expect(revive([wish('r', 5)], null)).toEqual([afresh])
    expect(revive([wish('r')], null)).toEqual([])
    expect(revive([wish('r', 5)], null, { extended: true })).toEqual([])
    // Up to 7.0 nothing is preserved before it is finalized.
    expect(revive([wish('r', 5)], null, { name: '6.16' })).toEqual([])
  })
})

describe('regions that another kernel has looked up', () => {
  const wishes = ['r', 's', 't'].map(name => ({ name, size: null, align: null }))
  const found = (page: number) => ({ kind: 'found' as const, address: 2 ** 20 + page * PAGE, size: 4096n })
  const handed = (names: readonly string[]) => {
    const made = kernel('7.2')
    const properties = {
      compatible: stringBytes('reserve-mem-v1'),
      start: word(0x20_0000),
      size: word(0x1000),
    }
    const children = names.map(name => child(name, properties))
    made.bytes.set(
      buildFdt({ name: '', properties: { compatible: stringBytes('memblock-v1') }, children }),
      PAGE,
    )
    expect(made.page(1)).toBe(found(1).address)
    return made
  }

  it('are not looked up again, and what there is to be said of them is said again', () => {
    const done = nothingDone()
    const one = handed(['s'])
    reviveRegions(one.running, found(1), wishes, done)
    const said = [
      ['MEMBLOCK-CMDLINE', 'reported', 'memblock/r'],
      ['MEMBLOCK-CMDLINE', 'reported', 'memblock/t'],
    ]
    expect(one.events()).toEqual(said)
    // A tree with all three: who looked would find them.
    const other = handed(['r', 's', 't'])
    reviveRegions(other.running, found(1), structuredClone(wishes), done)
    expect(other.events()).toEqual(said)
    expect(other.messages()).toEqual(one.messages())
  })

  it('are, where others are asked for, or memory is not the same to all', () => {
    const done = nothingDone()
    reviveRegions(handed(['s']).running, found(1), wishes, done)
    const all = handed(['r', 's', 't'])
    reviveRegions(all.running, found(1), wishes.slice(0, 2), done)
    expect(all.events()).toEqual([])
    const apart = handed(['r', 's', 't'])
    apart.running.memory.unmap(found(9).address)
    reviveRegions(apart.running, found(1), wishes, done)
    expect(apart.events()).toEqual([])
    const larger = handed(['r', 's', 't'])
    const sized = wishes.map(wish => ({ ...wish, size: 0x2000 }))
    reviveRegions(larger.running, found(1), sized, done)
    expect(larger.events()).toHaveLength(3)
  })
})

describe('LUO', () => {
  /** Its structure in page 1, sessions in page 2 and on, files in page 4. */
  const luo = (
    sessions: { name: string; files?: number; count?: bigint }[],
    { compatible = 'luo-v5', size = BigInt(LUO_SER.size) } = {},
  ) => {
    const made = kernel('7.2')
    LUO_SER.write(made.bytes, PAGE, {
      compatible,
      sessionsPa: sessions.length === 0 ? 0 : made.page(2),
      flbsPa: 0x7000,
      liveupdateNum: 1n,
    })
    made.view.setBigUint64(2 * PAGE + 8, BigInt(sessions.length), true)
    for (const [n, { name, files = 0, count = 0n }] of sessions.entries())
      LUO_SESSION_SER.write(made.bytes, 2 * PAGE + 16 + n * LUO_SESSION_SER.size, {
        name,
        fileSetSer: { files: files === 0 ? 0 : made.page(files), count },
      })
    const start = () => startLuo(made.running, { kind: 'found', address: made.page(1), size })
    return { ...made, start }
  }

  it('starts with its sessions, or panics', () => {
    const made = luo([{ name: 'a' }])
    expect(made.start()).toEqual({ blocks: [made.page(2)], array: null, flbs: 0x7000 })
    expect(made.freed).toEqual([1])
    expect(luo([]).start()).toMatchObject({ blocks: [] })
    const panics = (other: ReturnType<typeof luo>) => [stopOf(other.start), other.events()]
    expect(panics(luo([], { compatible: 'luo-v6' }))).toEqual(['oops', [['LUO-COMPATIBLE', 'oops', 'luo']]])
    expect(panics(luo([], { compatible: 'luo-v' }))[0]).toBe('oops')
    expect(panics(luo([], { size: BigInt(LUO_SER.size) - 1n }))).toEqual([
      'oops',
      [['LUO-SIZE', 'oops', 'luo']],
    ])
    expect(luo([], { size: BigInt(LUO_SER.size) + 1n }).start()).not.toBeNull()
    const empty = luo([{ name: 'a' }])
    empty.view.setBigUint64(2 * PAGE + 8, 0n, true)
    expect(panics(empty)).toEqual([
      'oops',
      [
        ['LUO-BLOCK-COUNT', 'reported', 'luo'],
        ['LUO-BLOCK-COUNT', 'oops', 'luo'],
      ],
    ])
    const none = kernel('7.2')
    expect(startLuo(none.running, { kind: 'absent' })).toBeNull()
    expect(stopOf(() => startLuo(none.running, { kind: 'broken', why: 'x', warned: true }))).toBe('oops')
    // A list that faults is no panic: its sessions are gone.
    const far = luo([{ name: 'a' }])
    far.view.setBigUint64(PAGE + offsetOf(LUO_SER, 'sessionsPa'), BigInt(END), true)
    expect(far.start()).toMatchObject({ blocks: null })
    expect(far.events().map(([rule]) => rule)).toEqual(['LUO-POINTER'])
  })

  it('opens its sessions up to the first that fails', () => {
    const open = (...sessions: Parameters<typeof luo>[0]) => {
      const made = luo(sessions)
      made.view.setBigUint64(4 * PAGE + 8, 1n, true)
      LUO_FILE_SER.write(made.bytes, 4 * PAGE + 16, { compatible: 'memfd-v2', data: BigInt(END), token: 3n })
      openLuo(made.running, made.start()!)
      return [made.events(), made.freed]
    }
    expect(open({ name: 'a' }, { name: 'b' })).toEqual([[], [1, 2]])
    expect(open({ name: 'a' }, { name: 'a' }, { name: 'b', count: 1n })).toEqual([
      [['LUO-SESSION-DUPLICATE', 'reported', 'luo/sessions/a']],
      [1],
    ])
    const x = 'x'.repeat(64)
    expect(open({ name: x })[0]).toEqual([['LUO-NAME-UNTERMINATED', 'reported', `luo/sessions/${x}`]])
    expect(open({ name: 'a', files: 4, count: 1n })[0]).toEqual([
      ['MEMFD-ADDRESS', 'oops', 'luo/sessions/a/files/3'],
    ])
    expect(open({ name: 'a', files: 4, count: 2n }, { name: 'b' })).toEqual([
      [['LUO-FILE-COUNT', 'reported', 'luo/sessions/a']],
      [1],
    ])
  })
})

describe('LUO in the form of an FDT', () => {
  const node = (
    name: string,
    compatible: string,
    header: string,
    value: Uint8Array = word(0x7000),
  ): FdtNodeSpec => child(name, { compatible: stringBytes(compatible), [header]: value })
  const SESSIONS = node('luo-session', 'luo-session-v2', 'luo-session-header', word(0x9000))
  const FLBS = node('luo-flb', 'luo-flb-v1', 'luo-flb-header')
  const start = (
    name: string,
    children: FdtNodeSpec[],
    { compatible = 'luo-v1', number = word(1) as Uint8Array | null } = {},
  ) => {
    const made = kernel(name)
    const properties = {
      compatible: stringBytes(compatible),
      ...(number === null ? {} : { 'liveupdate-number': number }),
    }
    made.bytes.set(buildFdt({ name: '', properties, children }), PAGE)
    let started: ReturnType<typeof startLuo> = null
    const stop = stopOf(() => {
      started = startLuo(made.running, { kind: 'found', address: made.page(1), size: null })
    })
    return stop === null ? started : made.events().map(([rule]) => rule)
  }

  it('has its sessions in an array, and FLBs from 7.0 on', () => {
    expect(start('6.19', [SESSIONS])).toEqual({ blocks: null, array: 0x9000, flbs: 0 })
    expect(start('6.19', [FLBS, SESSIONS])).toEqual({ blocks: null, array: 0x9000, flbs: 0 })
    expect(start('7.0', [FLBS, SESSIONS])).toEqual({ blocks: null, array: 0x9000, flbs: 0x7000 })
    expect(start('7.0', [SESSIONS])).toEqual(['LUO-NODE'])
  })

  it('panics over what is of another version, missing, or not 8 bytes long', () => {
    expect(start('6.19', [SESSIONS], { compatible: 'luo-v2' })).toEqual(['LUO-COMPATIBLE'])
    expect(start('6.19', [SESSIONS], { number: null })).toEqual(['LUO-NUMBER'])
    expect(start('6.19', [SESSIONS], { number: short })).toEqual(['LUO-NUMBER'])
    expect(start('6.19', [])).toEqual(['LUO-NODE'])
    expect(start('6.19', [node('luo-session', 'luo-session-v1', 'luo-session-header')])).toEqual([
      'LUO-COMPATIBLE',
    ])
    expect(start('6.19', [node('luo-session', 'luo-session-v2', 'other')])).toEqual(['LUO-NODE'])
    expect(start('6.19', [node('luo-session', 'luo-session-v2', 'luo-session-header', short)])).toEqual([
      'LUO-NODE',
    ])
    const none = kernel('6.19')
    expect(stopOf(() => startLuo(none.running, { kind: 'found', address: none.page(1), size: null }))).toBe(
      'oops',
    )
    expect(none.events()).toEqual([['BLOB-FDT-INVALID', 'oops', 'luo']])
  })

  it('opens as many sessions as its header counts, up to one that fails', () => {
    const open = (count: bigint, ...names: string[]) => {
      const made = kernel('6.19')
      made.view.setBigUint64(2 * PAGE, count, true)
      for (const [n, name] of names.entries())
        LUO_SESSION_SER.write(made.bytes, 2 * PAGE + LUO_SESSION_HEADER_SER.size + n * LUO_SESSION_SER.size, {
          name,
          fileSetSer: { files: 0, count: 0n },
        })
      openLuo(made.running, { blocks: null, array: made.page(2), flbs: 0 })
      return [made.events().map(([rule, , path]) => [rule, path]), made.freed]
    }
    expect(open(2n, 'a', 'b')).toEqual([[], [2]])
    expect(open(1n, 'a', 'a')).toEqual([[], [2]])
    expect(open(2n, 'a', 'a')).toEqual([[['LUO-SESSION-DUPLICATE', 'luo/sessions/a']], []])
    expect(open(0n)).toEqual([[], [2]])
    const none = kernel('6.19')
    openLuo(none.running, { blocks: null, array: null, flbs: 0 })
    expect([none.events(), none.freed]).toEqual([[], []])
    openLuo(none.running, { blocks: null, array: END, flbs: 0 })
    expect(none.events().map(([rule]) => rule)).toEqual(['LUO-POINTER'])
  })
})
