import {
  encodeKhoTest,
  encodeLuo,
  encodeMemfd,
  type FileSpec,
  type PageAllocator,
} from '../../formats/blobs/index.js'
import { encodeVmalloc } from '../../formats/blobs/vmalloc-encode.js'
import { writeElf } from '../../formats/dumps/index.js'
import { createFdtWriter, type FdtWriter, nativeU64Bytes, stringBytes } from '../../formats/fdt/index.js'
import { type AbiName, abiOf, encoderOf } from '../../formats/kernels/index.js'
import { KHO_VMALLOC } from '../../formats/layout/index.js'
import { geometry } from '../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { viewOf } from '../../formats/memory/u64.js'
import { addRun, createPageSet } from '../../formats/pages/page-set.js'
import { CHUNK_ELEMENT, CHUNK_HEADER, CHUNK_WORDS } from '../../formats/trackers/chunk-list/shape.js'
import { type HandoverSpec, writeHandover } from '../../src/write/handover-writer.js'
import { createRootWriter, type RootChild } from '../../src/write/root-writer.js'
import { writeState } from '../../src/write/state-writer.js'

/** An image whose few bytes stand for much: an ELF core, and how much there is of what makes it one. */
export interface Bomb {
  name: string
  /** What there is so much of, for people. */
  what: string
  /** Makes the file with `share` (0 to 1) of it all. */
  make(share: number): Uint8Array
}

const GEOMETRY = geometry(12)
const PAGE = 4096
/** Scratch lies at the end of the first 4 GiB; everything else before it, at the address where RAM begins. */
const RAM = { start: 2 ** 20, end: 2 ** 32 }
const SCRATCH = { start: RAM.end - 2 ** 24, size: 2 ** 24 }

type Fill = (builder: MemoryBuilder, share: number) => RootChild[]

/** A state of an ABI with children that `fill` writes, on a machine that hands it over. */
function image(abi: AbiName, fill: Fill): (share: number) => Uint8Array {
  return share => {
    const builder = createBuilder()
    const children = fill(builder, share)
    const pages = createPageSet(12)
    for (const { phys, bytes } of builder.segments()) addRun(pages, 0, phys / PAGE, bytes.length / PAGE)
    const { root } = writeState(builder, { abi: abiOf(abi), pages, children })
    return finish(builder, root)
  }
}

/** A chunk list of 6.18 to 7.0, written by hand: `count` entries that all name one bitmap. */
function sharedBitmap(
  abi: AbiName,
  bitmapBytes: number,
  byte: number,
  { order = 0, most = 1000 } = {},
): (share: number) => Uint8Array {
  return share => {
    const builder = createBuilder()
    const bitmap = builder.allocate().address
    builder.place(bitmap, 1).bytes.subarray(0, bitmapBytes).fill(byte)
    const chunks = Array.from({ length: Math.ceil(most * share) }, () => builder.allocate())
    const span = bitmapBytes * 8 * PAGE * 2 ** order
    const capacity = (PAGE - CHUNK_HEADER) / CHUNK_ELEMENT
    chunks.forEach(({ bytes }, n) => {
      const view = viewOf(bytes)
      view.setBigUint64(CHUNK_WORDS.next, BigInt(chunks[n + 1]?.address ?? 0), true)
      view.setUint32(CHUNK_WORDS.order, order, true)
      view.setUint32(CHUNK_WORDS.count, capacity, true)
      for (let i = 0; i < capacity; i++) {
        const at = CHUNK_HEADER + i * CHUNK_ELEMENT
        view.setBigUint64(at, BigInt((n * capacity + i) * span), true)
        view.setBigUint64(at + 8, BigInt(bitmap), true)
      }
    })
    const map = encoderOf(abi).attach({ addresses: [chunks[0]!.address] })
    const root = createRootWriter(abiOf(abi), 'sequential', PAGE, map)
    const target = builder.allocate()
    target.bytes.set(root.bytes())
    return finish(builder, target.address)
  }
}

function createBuilder(): MemoryBuilder {
  return createMemoryBuilder({
    geometry: GEOMETRY,
    ram: [RAM],
    scratch: [{ start: SCRATCH.start, end: SCRATCH.start + SCRATCH.size }],
  })
}

function finish(builder: MemoryBuilder, root: number): Uint8Array {
  const spec: HandoverSpec = {
    arch: 'x86_64',
    ram: [RAM],
    scratch: [SCRATCH],
    fdt: { address: root, size: PAGE },
    when: 'placed',
  }
  writeHandover(builder, spec)
  const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
  const parts: Uint8Array[] = []
  let size = 0
  writeElf(segments, {}, (bytes, offset) => {
    if (offset > size) parts.push(new Uint8Array(offset - size))
    parts.push(bytes.slice())
    size = offset + bytes.length
  })
  return new Uint8Array(Buffer.concat(parts))
}

/** A child that is a device tree of its own, of up to 16 MiB. */
function fdtChild(builder: PageAllocator, name: string, body: (writer: FdtWriter) => void): RootChild {
  const writer = createFdtWriter(2 ** 24)
  writer.beginNode('')
  body(writer)
  writer.endNode()
  const blob = writer.finish()
  const target = builder.allocate(Math.ceil(blob.length / PAGE))
  target.bytes.set(blob)
  return { name, address: target.address, size: blob.length }
}

/** A device tree whose nodes lie each inside the one before: no writer of libfdt's words makes one that deep. */
function deepChild(builder: PageAllocator, name: string, depth: number): RootChild {
  const size = 56 + depth * 12 + 4
  const target = builder.allocate(Math.ceil(size / PAGE))
  const view = viewOf(target.bytes)
  const words = [0xd00dfeed, size, 56, size, 40, 17, 16, 0, 0, depth * 12 + 4]
  for (const [n, word] of words.entries()) view.setUint32(n * 4, word)
  let at = 56
  for (let n = 0; n < depth; n++, at += 8) {
    view.setUint32(at, 1)
    view.setUint32(at + 4, n === 0 ? 0 : 0x6100_0000)
  }
  for (let n = 0; n < depth; n++, at += 4) view.setUint32(at, 2)
  view.setUint32(at, 9)
  return { name, address: target.address, size }
}

const NOTHING = new Uint8Array(0)

function times(count: number, body: (n: number) => void): void {
  for (let n = 0; n < count; n++) body(n)
}

/** A session whose files fill so many blocks; `data` is where their handles lead. */
function luoFiles(builder: MemoryBuilder, blocks: number, data: bigint): RootChild {
  const files = Array.from({ length: blocks * 63 }, (_, n) => ({
    compatible: 'memfd-v2',
    data,
    token: BigInt(n),
  }))
  return luoChild(builder, files)
}

/** LUO with one session. */
function luoChild(builder: MemoryBuilder, files: FileSpec[]): RootChild {
  const sessions = [{ name: 'vm', files }]
  const spec = { form: 'struct' as const, liveupdateNumber: 1n, sessions, flbs: [] }
  return { name: 'LUO', ...encodeLuo(builder, GEOMETRY, spec) }
}

/** A memfd of so many folios, all of them at one place. */
function memfdOf(builder: MemoryBuilder, count: number, address: (n: number) => number) {
  const pfn = Array.from({ length: count }, (_, n) => address(n) / PAGE)
  const index = Array.from({ length: count }, (_, n) => n)
  const spec = { version: 2 as const, position: 0, size: count * PAGE, seals: 0, folios: { pfn, index } }
  return encodeMemfd(builder, GEOMETRY, spec)
}

function oneMemfd(builder: MemoryBuilder, count: number, address: (n: number) => number): RootChild {
  const { address: data } = memfdOf(builder, count, address)
  return luoChild(builder, [{ compatible: 'memfd-v2', data: BigInt(data), token: 1n }])
}

/** Memory beyond what the file has: preserved folios without bytes. */
const BEYOND = 2 ** 33

/** Every bomb that there is. */
export const BOMBS: readonly Bomb[] = [
  {
    name: 'shared-bitmap-small',
    what: '255,000 entries of a chunk list that share one bitmap of 512 bytes, every other bit set',
    make: sharedBitmap('kho-v1-512', 512, 0x55),
  },
  {
    name: 'shared-bitmap-full',
    what: '255,000 entries of a chunk list that share one bitmap of ones',
    make: sharedBitmap('kho-v1-page', 4096, 0xff),
  },
  {
    name: 'shared-bitmap-sparse',
    what: '255,000 entries that share one bitmap of every eighth page',
    make: sharedBitmap('kho-v1-page', 4096, 0x01),
  },
  {
    name: 'shared-bitmap-large',
    what: '25,000 entries that share one bitmap of every other block of 2 MiB',
    make: sharedBitmap('kho-v1-page', 4096, 0x55, { order: 9, most: 100 }),
  },
  {
    name: 'fdt-properties',
    what: '1,000,000 properties in one device tree',
    make: image('kho-v4', (builder, share) => [
      fdtChild(builder, 'drv', writer => times(1_000_000 * share, () => writer.property('a', NOTHING))),
    ]),
  },
  {
    name: 'fdt-nodes',
    what: '800,000 nodes in one device tree',
    make: image('kho-v4', (builder, share) => [
      fdtChild(builder, 'drv', writer =>
        times(800_000 * share, n => {
          writer.beginNode(n.toString(36))
          writer.endNode()
        }),
      ),
    ]),
  },
  {
    name: 'fdt-deep',
    what: '800,000 nodes each inside the one before',
    make: image('kho-v4', (builder, share) => [deepChild(builder, 'drv', Math.ceil(800_000 * share))]),
  },
  {
    name: 'memblock-regions',
    what: '120,000 regions of reserve_mem',
    make: image('kho-v4', (builder, share) => [
      fdtChild(builder, 'memblock', writer => {
        writer.property('compatible', stringBytes('memblock-v1'))
        times(120_000 * share, n => {
          writer.beginNode(n.toString(36))
          writer.property('compatible', stringBytes('reserve-mem-v1'))
          writer.property('start', nativeU64Bytes(BigInt(BEYOND + n * PAGE)))
          writer.property('size', nativeU64Bytes(4096n))
          writer.endNode()
        })
      }),
    ]),
  },
  {
    name: 'luo-blocks',
    what: '10,000 blocks of LUO files',
    make: image('kho-v4', (builder, share) => [luoFiles(builder, Math.ceil(10_000 * share), 0x1000n)]),
  },
  {
    name: 'luo-shared-memfd',
    what: '2,000 blocks of LUO files that all lead to one memfd of 20,000 folios',
    make: image('kho-v4', (builder, share) => {
      const { address } = memfdOf(builder, 20_000, n => BEYOND + n * PAGE)
      return [luoFiles(builder, Math.ceil(2000 * share), BigInt(address))]
    }),
  },
  {
    name: 'luo-sessions',
    what: '10,000 blocks of LUO sessions',
    make: image('kho-v4', (builder, share) => {
      const sessions = Array.from({ length: Math.ceil(10_000 * share) * 51 }, (_, n) => ({
        name: `vm-${n}`,
        files: [],
      }))
      const spec = { form: 'struct' as const, liveupdateNumber: 1n, sessions, flbs: [] }
      return [{ name: 'LUO', ...encodeLuo(builder, GEOMETRY, spec) }]
    }),
  },
  {
    name: 'memfd-folios',
    what: '1,000,000 folios of one memfd',
    make: image('kho-v4', (builder, share) => [
      oneMemfd(builder, Math.ceil(1_000_000 * share), n => BEYOND + n * PAGE),
    ]),
  },
  {
    name: 'memfd-one-folio',
    what: '1,000,000 entries of one memfd that name the same folio',
    make: image('kho-v4', (builder, share) => [
      oneMemfd(builder, Math.ceil(1_000_000 * share), () => BEYOND),
    ]),
  },
  {
    name: 'vmalloc-chunks',
    what: '2,000 chunks of one vmalloc area, every run at another place',
    make: image('kho-v4', (builder, share) => {
      const count = Math.ceil(2000 * 511 * share)
      const runs = Array.from({ length: count }, (_, n) => BEYOND + (count - n) * 2 * PAGE)
      const area = encodeVmalloc(builder, GEOMETRY, runs)
      const page = builder.allocate()
      KHO_VMALLOC.write(page.bytes, 0, area)
      return [
        { name: 'area', address: page.address, size: KHO_VMALLOC.size },
        fdtChild(builder, 'kho_test', writer => {
          writer.property('compatible', stringBytes('kho-test-v1'))
          writer.property('magic', Uint8Array.of(0x00, 0x42, 0x4f, 0x48))
          writer.beginNode('data')
          writer.property('nr_folios', Uint8Array.of(0, 0, 0, 0))
          writer.property('folios_info', KHO_VMALLOC.encode(area))
          writer.property('csum', Uint8Array.of(0, 0, 0, 0))
          writer.endNode()
        }),
      ]
    }),
  },
  {
    name: 'kho-test-folios',
    what: '1,000,000 folios of kho_test',
    make: image('kho-v4', (builder, share) => {
      const count = Math.ceil(1_000_000 * share)
      const address = Array.from({ length: count }, (_, n) => BEYOND + n * PAGE)
      const order = new Uint8Array(count)
      const spec = { form: 'vmalloc' as const, folios: { address, order }, csum: 0 }
      return [{ name: 'kho_test', ...encodeKhoTest(builder, GEOMETRY, spec) }]
    }),
  },
]
