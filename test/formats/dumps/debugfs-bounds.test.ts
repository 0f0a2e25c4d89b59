import { describe, expect, it } from 'vitest'
import {
  DEBUGFS_FILE_BYTES,
  DEBUGFS_NOWHERE,
  openDebugfs,
  openDebugfsTar,
} from '../../../formats/dumps/debugfs.js'
import { isCut, readCutRoot } from '../../../formats/dumps/debugfs-root.js'
import { tarEntries } from '../../../formats/dumps/debugfs-tar.js'
import {
  buildFdt,
  type FdtNodeSpec,
  findChild,
  findProperty,
  nativeU64,
  nativeU64Bytes,
  readFdt,
} from '../../../formats/fdt/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import { thrown } from './elf-build.js'

const text = (value: string) => new TextEncoder().encode(value)
const BLOCK = 512

/** A header of a tar archive, field by field. */
function header({
  name = 'file',
  size = '0',
  type = '0',
  prefix = '',
}: {
  name?: string
  size?: string
  type?: string
  prefix?: string
} = {}): Uint8Array {
  const bytes = new Uint8Array(BLOCK)
  bytes.set(text(name))
  bytes.set(text(size), 124)
  bytes.set(text(type), 156)
  bytes.set(text('ustar'), 257)
  bytes.set(text(prefix), 345)
  return bytes
}

const padded = (content: Uint8Array) => {
  const bytes = new Uint8Array(Math.ceil(content.length / BLOCK) * BLOCK)
  bytes.set(content)
  return bytes
}
const file = (name: string, content: Uint8Array, type = '0', prefix = '') =>
  joinBytes([header({ name, size: content.length.toString(8), type, prefix }), padded(content)])
const entries = (...parts: Uint8Array[]) => [...tarEntries(bytesSource(joinBytes(parts)))]
const names = (...parts: Uint8Array[]) => entries(...parts).map(({ name }) => name)

describe('entries of an archive', () => {
  it('lie one behind the other, padded, up to the last byte of the file', () => {
    const parts = [file('a', text('x'.repeat(512))), file('b', text('y'.repeat(513))), file('c', text(''))]
    expect(entries(...parts)).toEqual([
      { name: 'a', offset: 512, size: 512 },
      { name: 'b', offset: 1536, size: 513 },
      { name: 'c', offset: 3072, size: 0 },
    ])
    // Contents may end with the file, without what pads them.
    const last = joinBytes([header({ name: 'd', size: '5' }), text('12345')])
    expect(names(last)).toEqual(['d'])
    expect(names(last.subarray(0, 516))).toEqual([])
    expect(names(header({ name: 'e' }).subarray(0, 511))).toEqual([])
    expect(names(parts[0]!, header({ name: 'e' }).subarray(0, 511))).toEqual(['a'])
  })

  it('end with a header that begins with 0, or has no size', () => {
    const a = file('a', text('x'))
    expect(names(a, new Uint8Array(BLOCK), a)).toEqual(['a'])
    for (const size of ['', '8', '1x', 'x1', '1 1'])
      expect(names(a, header({ size }), a), size).toEqual(['a'])
    for (const size of ['0', ' 0 ', '00000000000'])
      expect(names(a, header({ size }), a)).toEqual(['a', 'file', 'a'])
    expect(names(a, header({ size: '7777777777' }), a)).toEqual(['a'])
  })

  it('are regular files, of either type, with the prefix before the name', () => {
    const of = (type: string) => file(`t${type}`, text('x'), type)
    expect(names(of('0'), of('\0'), of('5'), of('1'), of('2'), of('g'))).toEqual(['t0', 't'])
    expect(names(file('name', text('x'), '0', 'some/prefix'))).toEqual(['some/prefix/name'])
    expect(names(file('n'.repeat(100), text('x')))).toEqual(['n'.repeat(100)])
  })

  it('have the long name that is before them, once', () => {
    const long = (name: string) => file('././@LongLink', text(`${name}\0and more\n`), 'L')
    const pax = (records: string) => file('pax', text(records), 'x')
    const a = file('a', text('x'), '0', 'p')
    expect(names(long('one'), a, a)).toEqual(['one', 'p/a'])
    expect(names(pax('12 path=two\n'), a, a)).toEqual(['two', 'p/a'])
    expect(names(pax('20 mtime=1\n12 path=three\n9 x=y\n'), a)).toEqual(['three'])
    // What says nothing of a name leaves the one that is known.
    expect(names(pax('20 mtime=1\n'), a)).toEqual(['p/a'])
    expect(names(long('four'), pax('20 mtime=1\n'), a)).toEqual(['four'])
    expect(names(pax('20 linkpath=x\n'), a)).toEqual(['p/a'])
    expect(names(pax('12 path=lost'), a)).toEqual(['p/a'])
    expect(names(long('five'), file('dir', text(''), '5'), a)).toEqual(['p/a'])
  })
})

const u64 = (value: number | bigint) => nativeU64Bytes(BigInt(value))
const child = (name: string, address: number | bigint, size = 4) => ({
  name,
  properties: { 'preserved-data': u64(address), 'blob-size': u64(size) },
})
const rootOf = (...children: ReturnType<typeof child>[]) =>
  buildFdt({ properties: { compatible: 'kho-v4', 'preserved-memory-map': u64(0x630000) }, children })

const open = (root: Uint8Array, more: Record<string, Uint8Array> = {}) =>
  openDebugfs(new Map([['out/fdt', root], ...Object.entries(more)]), 1)
const hasBytes = ({ memory }: ReturnType<typeof open>, address: number, length = 4) =>
  memory.read(address, length).ok

describe('files of debugfs', () => {
  it('in an archive are taken up to their largest size, and the first of one name', () => {
    const root = rootOf(child('LUO', 0x7000))
    const sparse = (size: number) => {
      const bytes = joinBytes([
        file('out/fdt', root),
        header({ name: 'out/sub_fdts/LUO', size: size.toString(8) }),
      ])
      const source = {
        size: bytes.length + size + BLOCK * 2,
        read: (offset: number, length: number) => {
          const part = new Uint8Array(length)
          part.set(bytes.subarray(offset, offset + length))
          return part
        },
      }
      return openDebugfsTar(source as never).memory.read(0x7000, 1).ok
    }
    expect([sparse(DEBUGFS_FILE_BYTES), sparse(DEBUGFS_FILE_BYTES + 1)]).toEqual([true, false])
    const twice = joinBytes([file('out/fdt', root), file('in/../in/fdt', root), file('in/fdt', text('x'))])
    const dump = openDebugfsTar(bytesSource(twice))
    expect(dump.debugfs!.roots.map(({ direction }) => direction)).toEqual(['outgoing', 'incoming'])
    expect(dump.memory.read(dump.debugfs!.roots[1]!.address, root.length).ok).toBe(true)
  })

  it('that are empty are no root, and other errors have a hint', () => {
    expect(thrown(() => open(new Uint8Array(0)))).toMatchObject({
      code: 'no-state',
      place: { hint: expect.stringContaining('kho=on') },
    })
    const bytes = joinBytes([file('etc/passwd', text('root'))])
    expect(thrown(() => openDebugfsTar(bytesSource(bytes)))).toMatchObject({
      place: { hint: 'unpack it: tar -xf FILE' },
    })
    expect(open(rootOf())).toMatchObject({
      container: 'debugfs',
      notes: [],
      vmcoreinfo: null,
      machine: null,
      elf: null,
    })
    expect(open(rootOf()).debugfs).toMatchObject({ scratch: null, scratchFiles: null })
  })

  it('are put where the root says, in the order of their names, the first where two lie in one place', () => {
    const blobs = (a: number, b: number) => {
      const dump = open(rootOf(child('a', a), child('b', b)), {
        'out/sub_fdts/b': text('bbbb'),
        'out/sub_fdts/a': text('aaaa'),
      })
      return dump.faults.map(({ code, message, address }) => [code, message, address])
    }
    expect(blobs(0x7000, 0x7004)).toEqual([])
    expect(blobs(0x7004, 0x7000)).toEqual([])
    const overlap = (at: number) => [
      'DEBUGFS-OVERLAP',
      `out/sub_fdts/b is left out: 0x${at.toString(16)} has the bytes of another file`,
      at,
    ]
    for (const at of [0x6ffd, 0x7000, 0x7003]) expect(blobs(0x7000, at)).toEqual([overlap(at)])
    const three = open(rootOf(child('a', 0x7000), child('b', 0x7000), child('c', 0x7000)), {
      'out/sub_fdts/c': text('cccc'),
      'out/sub_fdts/a': text('aaaa'),
      'out/sub_fdts/b': text('bbbb'),
    })
    const read = three.memory.read(0x7000, 4)
    expect(read.ok && new TextDecoder().decode(read.bytes)).toBe('aaaa')
    expect(three.faults).toHaveLength(2)
  })

  it('lie below what stands for no address; where the root says nothing, a whole one has them nowhere', () => {
    const at = (address: number | bigint) => {
      const dump = open(rootOf(child('a', address)), {
        'out/sub_fdts/a': text('aaaa'),
        'out/sub_fdts/x': text('x'),
      })
      return [Number(address) < 2 ** 52 && hasBytes(dump, Number(address)), dump.faults.length]
    }
    expect(at(DEBUGFS_NOWHERE - 4)).toEqual([true, 0])
    // Where the root itself was put.
    expect(at(DEBUGFS_NOWHERE)[1]).toBe(0)
    expect(at(2n ** 60n)).toEqual([false, 0])
    expect(at(0)).toEqual([false, 0])
  })

  it('of scratch have a number in each line, and as many', () => {
    const scratch = (starts: string, sizes: string) =>
      open(rootOf(), { 'out/scratch_phys': text(starts), 'out/scratch_len': text(sizes) }).debugfs!.scratch
    expect(scratch('0x1000\n', '0x10\n')).toEqual([{ start: 0x1000, size: 16 }])
    expect(scratch(' 0x1000 \r\n\n0xFFFFFFFFFFFFF', '0x10\n0x20')).toEqual([
      { start: 0x1000, size: 16 },
      { start: 2 ** 52 - 1, size: 32 },
    ])
    for (const odd of ['0x10000000000000', '1000', 'x0x10', '0x10x', '0x', '0x10\nno'])
      expect(scratch(odd, odd.replace(/.+/g, '0x1')), odd).toBeNull()
    expect(scratch('', '')).toEqual([])
  })
})

const propertiesOf = ({ properties }: FdtNodeSpec) =>
  (properties as unknown as { name: string }[]).map(({ name }) => name)

describe('a root that is cut short', () => {
  const CHILDREN = [child('memblock', 0x7000, 10), child('LUO', 0x9010), child('mine', 0xa000)]
  const whole = rootOf(...CHILDREN)
  const strings = new DataView(whole.buffer, whole.byteOffset).getUint32(12)
  /** The structure block only, as the kernel shows it when more is added. */
  const cutAt = (length: number, edit: (view: DataView) => void = () => {}) => {
    const bytes = whole.slice(0, length)
    edit(new DataView(bytes.buffer))
    return readCutRoot(bytes)
  }
  const structAt = new DataView(whole.buffer, whole.byteOffset).getUint32(8)

  it('is one whose header says that it is longer', () => {
    expect([isCut(whole), isCut(whole.subarray(0, -1)), isCut(whole.subarray(0, 39))]).toEqual([
      false,
      true,
      false,
    ])
    expect(isCut(whole.subarray(0, 40))).toBe(true)
    expect(isCut(new Uint8Array(60))).toBe(false)
  })

  it('has all nodes and properties whose bytes are there', () => {
    const tree = readFdt(whole).tree!.root
    const luo = tree.children[1]!.offset
    for (let length = 40; length < whole.length; length++) {
      const cut = cutAt(length)
      if (length <= structAt + 8) {
        // Tag and name of the root.
        expect(cut === null, `${length}`).toBe(length <= structAt + 4)
        continue
      }
      expect(cut!.totalsize).toBe(whole.length)
      const known = cut!.root.children ?? []
      expect(known.length).toBe(
        CHILDREN.filter((_, n) => {
          const { offset, name } = tree.children[n]!
          return structAt + offset - structAt + 4 + name.length + 1 <= length
        }).length,
      )
      if (length < luo) expect(known.map(({ name }) => name)).not.toContain('LUO')
    }
    const { root, inferred, nameless } = cutAt(strings)!
    expect(root.children!.map(({ name }) => name)).toEqual(['memblock', 'LUO', 'mine'])
    expect([inferred, nameless]).toEqual([8, 0])
    expect(propertiesOf(root.children![2]!)).toEqual(['preserved-data', 'blob-size'])
  })

  it('has the names that are there, and leaves out properties whose name nothing tells', () => {
    // One byte less than all: the last name lacks its end.
    const almost = cutAt(whole.length - 1)!
    expect([almost.inferred, almost.nameless]).toEqual([1, 0])
    // The string block is as long as it says: one that ends sooner has no name of such a length.
    const odd = cutAt(strings, view => view.setUint32(32, view.getUint32(32) + 3))!
    expect([odd.inferred, odd.nameless]).toEqual([7, 1])
    expect(propertiesOf(odd.root)).toEqual(['preserved-memory-map'])
  })

  it('ends at what is no tag, and goes on behind one that says nothing', () => {
    const tree = readFdt(whole).tree!.root
    const memblock = tree.children[0]!.offset
    const childrenOf = (tag: number, at: number) =>
      cutAt(strings, view => view.setUint32(at, tag))!.root.children!.map(({ name }) => name)
    expect(childrenOf(7, memblock)).toEqual([])
    expect(childrenOf(9, tree.children[2]!.offset)).toEqual(['memblock', 'LUO'])
    // A no-op in place of a node's end: the next one is in it.
    const luo = tree.children[1]!.offset
    expect(childrenOf(4, luo - 4)).toEqual(['memblock'])
    // An end too many ends the root, and there is no second one.
    const ended = cutAt(strings, view => view.setUint32(memblock, 2))!
    expect(ended.root.children).toEqual([])
  })

  it('has nodes of eight levels', () => {
    const nest = (depth: number): Uint8Array => {
      type Node = { name: string; children: Node[] }
      let node: Node = { name: 'n0', children: [] }
      for (let n = 1; n < depth; n++) node = { name: `n${n}`, children: [node] }
      const bytes = buildFdt({ properties: { compatible: 'kho-v4' }, children: [node] })
      return bytes.subarray(0, new DataView(bytes.buffer, bytes.byteOffset).getUint32(12))
    }
    const depthOf = (bytes: Uint8Array) => {
      let depth = 0
      for (let node = readCutRoot(bytes)!.root; node.children?.[0] !== undefined; node = node.children[0]!)
        depth++
      return depth
    }
    expect([7, 8, 9].map(depth => depthOf(nest(depth)))).toEqual([7, 7, 7])
    expect(depthOf(nest(6))).toBe(6)
  })

  it('gets the entries of files that it does not have, and is reported', () => {
    const tree = readFdt(whole).tree!.root
    // Up to the properties of LUO's node, of which nothing is there.
    const bytes = whole.slice(0, tree.children[1]!.offset + 8)
    const dump = open(bytes, {
      'out/sub_fdts/memblock': text('0123456789'),
      'out/sub_fdts/LUO': text('luo!'),
      'out/sub_fdts/mine': text('abc'),
    })
    expect(dump.faults.map(({ code, message }) => [code, message])).toEqual([
      [
        'DEBUGFS-CUT',
        `the kernel shows only ${bytes.length} of the ${whole.length} bytes of out/fdt: the names of 4 properties are told by their lengths; the entries of LUO, mine are not in it`,
      ],
    ])
    const { address } = dump.debugfs!.roots[0]!
    const read = dump.memory.read(address, 40)
    if (!read.ok) throw new Error(read.reason)
    const all = dump.memory.read(address, new DataView(read.bytes.buffer, read.bytes.byteOffset).getUint32(4))
    const made = all.ok ? readFdt(all.bytes).tree!.root : null
    expect(made!.children.map(({ name }) => name)).toEqual(['memblock', 'LUO', 'mine'])
    const place = (name: string) =>
      Number(nativeU64(findProperty(findChild(made!, name)!, 'preserved-data')!))
    expect(place('memblock')).toBe(0x7000)
    expect([hasBytes(dump, place('LUO')), hasBytes(dump, place('mine'), 3)]).toEqual([true, true])
    expect(nativeU64(findProperty(findChild(made!, 'mine')!, 'blob-size')!)).toBe(3n)
    // Without such files it is reported all the same.
    expect(open(bytes).faults[0]!.message).toMatch(/told by their lengths$/)
  })

  it('stays as it is where a file has a name that no node can have', () => {
    const bytes = whole.slice(0, strings)
    const dump = open(bytes, { [`out/sub_fdts/${'x'.repeat(40)} \u{1}`]: text('abc') })
    expect(dump.faults.map(({ code }) => code)).toContain('DEBUGFS-CUT')
    expect(dump.debugfs!.roots).toHaveLength(1)
  })

  it('has bytes that are at no place of the file', () => {
    const dump = open(rootOf(child('a', 0x7000)), { 'out/sub_fdts/a': text('aaaa') })
    const blocks = [...dump.memory.blocks()]
    expect(blocks.map(({ offset }) => offset)).toEqual([null, null])
    expect(dump.memory.read(0x7000, 4)).toMatchObject({ ok: true, offset: null })
  })
})
