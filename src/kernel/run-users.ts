import {
  addFoldedSum,
  csumPartial,
  encodeKexecMetadata,
  encodeKhoTest,
  encodeMemblock,
  encodeVmalloc,
  type PageAllocator,
} from '../../formats/blobs/index.js'
import { buildFdt, type FdtNodeSpec, type FdtValue, nativeU64Bytes } from '../../formats/fdt/index.js'
import { KHO_VMALLOC } from '../../formats/layout/index.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { CallArguments } from '../scenario/calls-schema.js'
import { hexBytes, makeContents } from '../scenario/contents.js'
import type { FdtSpec } from '../scenario/contents-schema.js'
import { createRandom } from '../scenario/random.js'
import type { Errno, RootChild } from '../write/root-writer.js'
import type { Runs, TestFolio } from './plan.js'
import { addChild, blobChild, metadataPages, type RunContext } from './run-context.js'
import { writeStruct } from './run-struct.js'

/** kho_init() of 7.1 on: the first child of the root FDT. */
export function addKexecMetadata(context: RunContext): void {
  const { machine } = context.scenario
  const name = 'kexec-metadata'
  const extent = encodeKexecMetadata(metadataPages(context, name), {
    previousRelease: machine.uname ?? context.kho.kernel.uname,
    kexecCount: machine.kexec_count,
  })
  addChild(context, name, () => blobChild(name, extent))
}

/** Regions of reserve_mem=, and memblock's FDT: reserve_mem_init() of mm/memblock.c. */
export function addReserveMem(context: RunContext): Errno {
  const { kho, regions } = context
  const { pageSize } = kho.geometry
  const preserve = (): Errno => {
    let result: Errno = null
    for (const { start, size } of regions) {
      const pages = Math.floor(size / pageSize)
      if (kho.kernel.users.memblock === 'mem-node') kho.preserveInline(start, pages)
      else result ??= kho.preservePages(start, pages)
    }
    return result
  }
  if (kho.kernel.writes.root === 'notifier') context.waiting.push(preserve)
  const refused = kho.kernel.writes.root === 'notifier' ? null : preserve()
  return addChild(context, 'memblock', () => memblockChild(context)) ?? refused
}

function memblockChild(context: RunContext): RootChild {
  const { regions, kho } = context
  const form = kho.kernel.users.memblock
  if (form === 'mem-node') return { name: 'reserve_mem', inline: inlineRegions(regions, true) }
  if (form === 'node') return { name: 'memblock', inline: inlineRegions(regions, false) }
  return blobChild('memblock', encodeMemblock(metadataPages(context, 'memblock'), kho.geometry, regions))
}

function inlineRegions(regions: RunContext['regions'], v4: boolean): Omit<FdtNodeSpec, 'name'> {
  const u64 = (value: number) => nativeU64Bytes(BigInt(value))
  const children = regions.map(({ name, start, size }) => ({
    name,
    properties: v4
      ? [
          { name: 'compatible', value: 'reserve_mem_map-v1' },
          { name: 'mem', value: nativeU64Bytes(BigInt(start), BigInt(size)) },
        ]
      : [
          { name: 'compatible', value: 'reserve-mem-v1' },
          { name: 'start', value: u64(start) },
          { name: 'size', value: u64(size) },
        ],
  }))
  return { properties: [{ name: 'compatible', value: v4 ? 'reserve_mem-v1' : 'memblock-v1' }], children }
}

/** lib/test_kho.c: folios with random contents, their list and their sum. */
export function addKhoTest(context: RunContext, folios: readonly TestFolio[], seed: number): Errno {
  const { kho, builder } = context
  const form = kho.kernel.users.khoTest
  if (form === null) return '-EOPNOTSUPP'
  const isArm64 = context.scenario.machine.arch === 'arm64'
  const random = createRandom(seed)
  let csum = 0
  for (const { address, order } of folios) {
    const { bytes } = builder.place(address, 2 ** order)
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    for (let n = 0; n < words.length; n++) words[n] = random.word()
    csum = isArm64 ? addFoldedSum(csum, csumPartial(bytes)) : csumPartial(bytes, csum)
  }
  const preserve = (): Errno => {
    let result: Errno = null
    for (const { address, order } of folios) result ??= kho.preserveFolio(address, order)
    return result
  }
  const encode = () =>
    blobChild(
      'kho_test',
      encodeKhoTest(metadataPages(context, 'kho_test'), kho.geometry, {
        form,
        csum,
        folios: { address: folios.map(folio => folio.address), order: folios.map(folio => folio.order) },
      }),
    )
  if (kho.kernel.writes.root === 'notifier') context.waiting.push(preserve)
  const refused = kho.kernel.writes.root === 'notifier' ? null : preserve()
  return addChild(context, 'kho_test', encode) ?? refused
}

/** kho_preserve_vmalloc(), with the descriptor in a child of the root FDT. */
export function preserveVmalloc(
  context: RunContext,
  args: CallArguments<'preserve_vmalloc'>,
  batches: readonly Runs[],
): Errno {
  const { kho, areas } = context
  if (!kho.kernel.users.vmalloc) return '-ENOSYS'
  const flags = args.flags ?? (args.order > 0 ? 3 : 1)
  if (flags > 3) return '-EOPNOTSUPP'
  if (areas.has(args.name)) return '-EEXIST'
  const { pageSize } = kho.geometry
  const runBytes = pageSize * 2 ** args.order
  const contents = makeContents(args.contents, context.open)
  const runs: number[] = []
  let result: Errno = null
  for (const { address, count } of batches) {
    if (contents !== null) {
      context.contents.push({
        ...rangeAt(address, count * runBytes),
        contents,
        offset: runs.length * runBytes,
      })
    }
    for (let n = 0; n < count; n++) {
      result ??= kho.preservePages(address + n * runBytes, 2 ** args.order)
      runs.push(address + n * runBytes)
    }
  }
  const chunks: number[] = []
  const descriptor = encodeVmalloc(chunkPages(context, args, chunks), kho.geometry, runs, args.order, flags)
  areas.set(args.name, { runs, order: args.order, chunks })
  const page = metadataPages(context, args.name).allocate(1)
  KHO_VMALLOC.write(page.bytes, 0, descriptor)
  return (
    addChild(context, args.name, () => ({
      name: args.name,
      address: page.address,
      size: KHO_VMALLOC.size,
    })) ?? result
  )
}

/** Chunk pages, where the scenario gives addresses for them there. */
function chunkPages(
  context: RunContext,
  args: CallArguments<'preserve_vmalloc'>,
  made: number[],
): PageAllocator {
  const given = [...(args.chunks ?? [])]
  return {
    allocate(count) {
      const address = given.shift()
      const pages =
        address === undefined ? context.builder.allocate(count) : context.builder.place(address, count)
      context.kho.preservePages(pages.address, count)
      made.push(pages.address)
      return pages
    },
  }
}

/** No root FDT has room for more: 10 MiB in the early series. */
const MOST_INLINE = 10 * 2 ** 20

/** A user's own child: a blob of bytes, or an FDT. In the early series the data is in the root FDT itself. */
export function addSubtree(context: RunContext, args: CallArguments<'add_subtree'>): Errno {
  const { abi, kho } = context
  const { name, struct, type } = args
  if (struct !== undefined) {
    if (abi.blobProperty === null) return '-EOPNOTSUPP'
    const written = writeStruct(context, { use: 'children', name, struct, type })
    return addChild(context, name, () => blobChild(name, written))
  }
  const blob = args.fdt === undefined ? blobOf(context, args) : fdtBlob(args.fdt)
  if (abi.blobProperty === null) {
    if (blob.size > MOST_INLINE) return '-ENOMEM'
    const inline =
      args.fdt === undefined ? { properties: [{ name: 'data', value: blob.bytes() }] } : fdtNode(args.fdt)
    return addChild(context, args.name, () => ({ name: args.name, inline }))
  }
  const pages = 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(blob.size / kho.geometry.pageSize))))
  const { address, bytes: target } = metadataPages(context, args.name).allocate(pages)
  target.set(blob.bytes())
  return addChild(context, args.name, () => ({ name: args.name, address, size: blob.size }))
}

/** What a child hands over. Its bytes are made when there is room for them. */
interface OwnBlob {
  size: number
  bytes(): Uint8Array
}

function fdtBlob(spec: FdtSpec): OwnBlob {
  const bytes = buildFdt(fdtNode(spec))
  return { size: bytes.length, bytes: () => bytes }
}

function blobOf(context: RunContext, args: CallArguments<'add_subtree'>): OwnBlob {
  const spec = args.contents ?? 'zero'
  const contents = makeContents(spec, context.open)
  const natural = typeof spec === 'object' && 'hex' in spec ? spec.hex.length / 2 : 64
  const size = args.size ?? natural
  return { size, bytes: () => (contents === null ? new Uint8Array(size) : contents(0, size)) }
}

function fdtNode(spec: FdtSpec): Omit<FdtNodeSpec, 'name'> {
  const properties = Object.entries(spec.properties ?? {}).map(([name, value]) => ({
    name,
    value: fdtValue(value),
  }))
  const children = Object.entries(spec.children ?? {}).map(([name, child]) => ({ ...fdtNode(child), name }))
  return { properties, children }
}

function fdtValue(value: string | number | { hex: string }): FdtValue {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? nativeU64Bytes(BigInt(value)) : hexBytes(value.hex)
}
