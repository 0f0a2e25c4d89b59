import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEBUGFS_NOWHERE, debugfsName, openDebugfs, openDebugfsTar } from '../../../formats/dumps/debugfs.js'
import { isCut, readCutRoot } from '../../../formats/dumps/debugfs-root.js'
import { isKhoError } from '../../../formats/error.js'
import {
  buildFdt,
  findChild,
  findProperty,
  nativeU64,
  nativeU64Bytes,
  readFdt,
} from '../../../formats/fdt/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { thrown } from './elf-build.js'

const text = (value: string) => new TextEncoder().encode(value)
const u64 = (value: number) => nativeU64Bytes(BigInt(value))
const blob = (address: number, size: number) => ({ 'preserved-data': u64(address), 'blob-size': u64(size) })

const ROOT = buildFdt({
  properties: { compatible: 'kho-v4', 'preserved-memory-map': u64(0x630000) },
  children: [
    { name: 'memblock', properties: blob(0x7000, 10) },
    { name: 'LUO', properties: blob(0x9010, 4) },
    { name: 'mine', properties: blob(0xa000, 3) },
  ],
})

const files = (root: Uint8Array, more: Record<string, string> = {}) =>
  new Map([
    ['out/fdt', root],
    ['out/sub_fdts/memblock', text('0123456789')],
    ['out/sub_fdts/LUO', text('luo!')],
    ['out/sub_fdts/mine', text('abc')],
    ...Object.entries(more).map(([name, value]): [string, Uint8Array] => [name, text(value)]),
  ])

function textAt({ memory }: ReturnType<typeof openDebugfs>, address: number, length: number): string | null {
  const read = memory.read(address, length)
  return read.ok ? new TextDecoder().decode(read.bytes) : null
}

describe('a copy of debugfs', () => {
  it('is a memory with the blobs where the root says', () => {
    const dump = openDebugfs(
      files(ROOT, { 'out/scratch_phys': '0x1000000\n0x2000000\n', 'out/scratch_len': '0x100\n0x200\n' }),
      99,
    )
    expect(dump.container).toBe('debugfs')
    expect(dump.faults).toEqual([])
    expect([textAt(dump, 0x7000, 10), textAt(dump, 0x9010, 4), textAt(dump, 0xa000, 3)]).toEqual([
      '0123456789',
      'luo!',
      'abc',
    ])
    expect(dump.memory.read(0x630000, 8)).toEqual({ ok: false, reason: 'excluded', address: 0x630000 })
    expect(dump.memory.ranges).toEqual([])
    expect(dump.memory.inputSize).toBe(99)
    expect(dump.debugfs).toEqual({
      roots: [{ direction: 'outgoing', address: DEBUGFS_NOWHERE, file: 'out/fdt' }],
      scratch: [
        { start: 0x1000000, size: 0x100 },
        { start: 0x2000000, size: 0x200 },
      ],
      scratchFiles: 'out/scratch_phys and out/scratch_len',
    })
    const root = dump.memory.read(DEBUGFS_NOWHERE, ROOT.length)
    expect(root.ok && Buffer.compare(root.bytes, ROOT)).toBe(0)
  })

  it('lists scratch under the names of 7.4, too', () => {
    const dump = openDebugfs(
      files(ROOT, { 'out/bootmem_phys': '0x1000000\n', 'out/bootmem_len': '0x100\n' }),
      99,
    )
    expect(dump.debugfs).toMatchObject({
      scratch: [{ start: 0x1000000, size: 0x100 }],
      scratchFiles: 'out/bootmem_phys and out/bootmem_len',
    })
    const broken = openDebugfs(files(ROOT, { 'out/bootmem_phys': '0x1000000\n' }), 99)
    expect(broken.faults.map(({ message }) => message)).toEqual([
      'out/bootmem_phys and out/bootmem_len do not fit together',
    ])
  })

  it('can have both sides', () => {
    const both = new Map([...files(ROOT), ['in/fdt', ROOT] as const])
    const { debugfs } = openDebugfs(both, 1)
    expect(debugfs?.roots.map(root => root.direction)).toEqual(['outgoing', 'incoming'])
    expect(debugfs?.roots[0]?.address).not.toBe(debugfs?.roots[1]?.address)
  })

  it.each([
    [{ 'out/scratch_phys': '0x1000\n' }],
    [{ 'out/scratch_phys': '0x1000\n', 'out/scratch_len': '' }],
    [{ 'out/scratch_phys': 'none\n', 'out/scratch_len': '0x1\n' }],
    [{ 'out/scratch_phys': '0xffffffffffffffff\n', 'out/scratch_len': '0x1\n' }],
  ])('has no scratch areas where the two files do not fit: %j', scratch => {
    const dump = openDebugfs(files(ROOT, scratch as Record<string, string>), 1)
    expect(dump.debugfs?.scratch).toBeNull()
    expect(dump.faults.map(fault => fault.code)).toEqual(['DEBUGFS-SCRATCH'])
  })

  it('without a root has no state', () => {
    expect(thrown(() => openDebugfs(new Map([['out/scratch_len', text('')]]), 1))).toMatchObject({
      code: 'no-state',
    })
  })

  it('knows its files by name', () => {
    expect(debugfsName('./kho/out/sub_fdts/LUO')).toBe('out/sub_fdts/LUO')
    expect(debugfsName('in/fdt')).toBe('in/fdt')
    expect(debugfsName('kho/out/bootmem_phys')).toBe('out/bootmem_phys')
    expect(debugfsName('out/scratch_len')).toBe('out/scratch_len')
    expect(debugfsName('out/other_len')).toBeNull()
    expect(debugfsName('out/finalize')).toBeNull()
    expect(debugfsName('about/fdt')).toBeNull()
    expect(debugfsName('out/sub_fdts/a/b')).toBeNull()
  })
})

describe('a root FDT that the kernel cut short', () => {
  it('keeps what it says, with the names told by their lengths; the other blobs are still there', () => {
    const luo = readFdt(ROOT).tree!.root.children[1]!.offset
    const dump = openDebugfs(files(ROOT.subarray(0, luo + 60)), 1)
    expect(dump.faults.map(fault => [fault.code, fault.message])).toEqual([
      [
        'DEBUGFS-CUT',
        `the kernel shows only ${luo + 60} of the ${ROOT.length} bytes of out/fdt: the names of 6 properties are told by their lengths; the entries of mine are not in it`,
      ],
    ])
    const { address } = dump.debugfs!.roots[0]!
    const header = dump.memory.read(address, 8)
    const size = header.ok ? new DataView(header.bytes.buffer, header.bytes.byteOffset).getUint32(4) : 0
    const read = dump.memory.read(address, size)
    const tree = read.ok ? readFdt(read.bytes).tree! : null
    expect(tree?.problems).toEqual([])
    expect(nativeU64(findProperty(tree!.root, 'preserved-memory-map')!)).toBe(0x630000n)
    expect(tree?.root.children.map(child => child.name)).toEqual(['memblock', 'LUO', 'mine'])
    const mine = nativeU64(findProperty(findChild(tree!.root, 'mine')!, 'preserved-data')!)
    expect(Number(mine)).toBeGreaterThan(DEBUGFS_NOWHERE)
    expect([textAt(dump, 0x7000, 10), textAt(dump, 0x9010, 4), textAt(dump, Number(mine), 3)]).toEqual([
      '0123456789',
      'luo!',
      'abc',
    ])
  })

  it('cut at any byte, never says another thing than the whole', () => {
    const whole = readFdt(ROOT).tree!.root
    for (let length = 40; length < ROOT.length; length++) {
      const bytes = ROOT.slice(0, length)
      expect(isCut(bytes)).toBe(true)
      const cut = readCutRoot(bytes)
      for (const child of cut?.root.children ?? []) {
        const same = findChild(whole, child.name!)!
        for (const { name, value } of child.properties as { name: string; value: Uint8Array }[]) {
          expect([...findProperty(same, name)!.value]).toEqual([...value])
        }
      }
    }
  })

  it('any damage gives an answer or an error', () => {
    const edits = fc.array(fc.tuple(fc.nat(ROOT.length - 1), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(edits, fc.nat(ROOT.length), (changes, length) => {
        const bytes = ROOT.slice()
        for (const [at, value] of changes) bytes[at] = value
        try {
          openDebugfs(files(bytes.subarray(0, length)), 1)
        } catch (error) {
          expect(isKhoError(error)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** A tar header and its contents, padded. */
function tarFile(name: string, content: Uint8Array, type = '0'): Uint8Array {
  const bytes = new Uint8Array(512 + Math.ceil(content.length / 512) * 512)
  bytes.set(text(name.slice(0, 100)))
  bytes.set(text(`${content.length.toString(8).padStart(11, '0')}\0`), 124)
  bytes.set(text(`${type}`), 156)
  bytes.set(text('ustar\x0000'), 257)
  bytes.set(content, 512)
  return bytes
}

const archive = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat([...parts, new Uint8Array(1024)]))

describe('a tar archive of debugfs', () => {
  it('is read, with names of all lengths', () => {
    const long = `${'deep/'.repeat(30)}out/sub_fdts/LUO`
    const pax = `path=kho/out/sub_fdts/mine\n`
    const bytes = archive(
      tarFile('kho/', new Uint8Array(0), '5'),
      tarFile('kho/out/fdt', ROOT),
      tarFile('kho/out/sub_fdts/memblock', text('0123456789')),
      tarFile('././@LongLink', text(`${long}\0`), 'L'),
      tarFile(long, text('luo!')),
      tarFile('pax', text(`${pax.length + 3} ${pax}`), 'x'),
      tarFile('short', text('abc')),
      tarFile('kho/out/fdt', text('a second one')),
    )
    const dump = openDebugfsTar(bytesSource(bytes))
    expect(dump.faults).toEqual([])
    expect([textAt(dump, 0x7000, 10), textAt(dump, 0x9010, 4), textAt(dump, 0xa000, 3)]).toEqual([
      '0123456789',
      'luo!',
      'abc',
    ])
  })

  it('of something else is named', () => {
    const bytes = archive(tarFile('etc/passwd', text('root')))
    expect(thrown(() => openDebugfsTar(bytesSource(bytes)))).toMatchObject({
      code: 'unsupported',
      message: 'this is a tar archive, but not of /sys/kernel/debug/kho',
    })
  })

  it('with any damage gives an answer or an error', () => {
    const bytes = archive(tarFile('out/fdt', ROOT), tarFile('out/sub_fdts/LUO', text('luo!')))
    const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 8 })
    fc.assert(
      fc.property(edits, fc.nat(bytes.length), (changes, length) => {
        const copy = bytes.slice(0, length)
        for (const [at, value] of changes) if (at < length) copy[at] = value
        try {
          openDebugfsTar(bytesSource(copy))
        } catch (error) {
          expect(isKhoError(error)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
