import {
  type Blob,
  encodeKhoTest,
  encodeLuo,
  encodeMemblock,
  encodeMemfd,
  type FileSpec,
  type FlbSpec,
  type KhoTest,
  type Luo,
  type LuoFile,
  type Memfd,
  type PageAllocator,
} from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import { nativeU64Bytes } from '../../formats/fdt/index.js'
import type { WritingKernel } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import { blockSize, type PageSet, removeBlock } from '../../formats/pages/page-set.js'
import { blockFrom } from '../../formats/pages/query.js'
import type { KhoState } from '../image/state.js'
import { claims } from '../model/claims.js'
import { folioListOf } from '../model/folio-list.js'
import type { SourceChild } from './children.js'
import { type Loss, loss } from './loss.js'

/** What the blobs of a state become. */
export interface Rewritten {
  children: SourceChild[]
  losses: Loss[]
}

interface Work {
  state: KhoState
  kernel: WritingKernel
  allocator: PageAllocator
  /** The set that is to be preserved: pages of what is rewritten leave it, new ones come by the allocator. */
  pages: PageSet
  losses: Loss[]
  memfds: Map<Memfd, bigint>
  flbs: readonly FlbWanted[]
}

/** An object that each file of the reading kernel is bound to: a name, and the handle that the kernel knows it by. */
export type FlbWanted = Pick<FlbSpec, 'name' | 'data'>

/**
 * Writes the blobs of a state again in the versions of a release: LUO, memfds, memblock, kexec-metadata, kho_test. What is in that
 * version already, and what no decoder knows, stays as it is.
 *
 * @throws KhoError `broken-state` for structures that the dump has only a part of, `cannot-express` for what has no room
 */
export function rewriteBlobs(
  state: KhoState,
  sources: readonly SourceChild[],
  kernel: WritingKernel,
  allocator: PageAllocator,
  pages: PageSet,
  flbs: readonly FlbWanted[],
): Rewritten {
  const work: Work = { state, kernel, allocator, pages, losses: [], memfds: new Map(), flbs }
  const children = sources.flatMap(source => rewriteChild(work, source) ?? [])
  return { children, losses: work.losses }
}

function rewriteChild(work: Work, source: SourceChild): SourceChild | null {
  const { blob } = source
  switch (blob?.value?.kind) {
    case 'kexec-metadata':
      return work.kernel.users.kexecMetadata ? source : dropChild(work, source, blob)
    case 'luo':
      return rewriteLuo(work, source, blob, blob.value)
    case 'memblock':
      return rewriteMemblock(work, source, blob)
    case 'kho-test':
      return rewriteKhoTest(work, source, blob, blob.value)
    default:
      return source
  }
}

function dropChild(work: Work, { node }: SourceChild, blob: Blob): null {
  freeStructures(work, blob)
  const message = `${work.kernel.name} hands over no ${node.name}: the child and its structures are gone`
  work.losses.push(loss('CHILD-DROPPED', 'lost', blob.path, message))
  return null
}

/** The pages of a blob and of the structures below it are not preserved any more; contents stay. */
function freeStructures({ state, pages }: Work, blob: Blob, except: readonly string[] = []): void {
  const below = `${blob.path}/`
  for (const group of claims(state)) {
    if (group.kind === 'data' || !group.preserved) continue
    for (let n = 0; n < group.count; n++) {
      const path = group.pathOf(n)
      if (path !== blob.path && !path.startsWith(below)) continue
      if (except.some(kept => path === kept || path.startsWith(`${kept}/`))) continue
      freeExtent(pages, group.starts[n] as number, group.sizes[n] as number, state.geometry.pageSize)
    }
  }
}

/** Every block that begins in an extent, which may be as long as a property says. */
function freeExtent(pages: PageSet, start: number, size: number, pageSize: number): void {
  let block = blockFrom(pages, start - (start % pageSize))
  while (block !== null && block.address < start + size) {
    removeBlock(pages, block.address, block.order)
    block = blockFrom(pages, block.address + blockSize(pages, block.order))
  }
}

function rewriteLuo(work: Work, source: SourceChild, blob: Blob, luo: Luo): SourceChild | null {
  const { kernel, state, losses } = work
  const { luo: kind, memfd: version } = kernel.users
  if (kind === null) return dropChild(work, source, blob)
  const files = luo.sessions.flatMap(session => session.files)
  const flbs = luo.flbs?.entries ?? []
  const sameMemfds = files.every(({ memfd }) => memfd === null || memfd.version === version)
  // A kernel with FLBs panics where their table is missing: it is made, if empty.
  const sameFlbs = kind.flbs === (luo.flbs !== null)
  const added = (kind.flbs ? work.flbs : [])
    .filter(({ name }) => !flbs.some(flb => flb.name === name))
    .map(flb => ({ ...flb, count: BigInt(files.length) }))
  const posted = blob.format === 'luo-parts' || blob.format === 'luo-features'
  const same = kind.form === luo.form && !posted && sameMemfds && sameFlbs
  if (same && added.length === 0) return source
  checkWhole(luo, blob)
  const kept = files.filter(({ memfd }) => memfd === null || memfd.version === version)
  freeStructures(
    work,
    blob,
    kept.map(({ path }) => path),
  )
  const sessions = luo.sessions.map(session => ({
    name: session.name,
    files: session.files.map(file => rewriteFile(work, file)),
  }))
  if (!kind.flbs && flbs.length > 0) {
    const message = `${flbs.length} objects of files' life cycle: ${kernel.name} hands over none`
    losses.push(loss('FLBS', 'lost', luo.flbs!.path, message))
  }
  const spec = {
    form: kind.form,
    liveupdateNumber: luo.liveupdateNumber ?? 1n,
    sessions,
    flbs: kind.flbs ? [...flbs.map(({ name, data, count }) => ({ name, data, count })), ...added] : null,
  }
  const { address, size } = encodeLuo(work.allocator, state.geometry, spec)
  const message = `LUO in the form of ${kernel.name} (${kind.form}) at ${hex(address)}`
  losses.push(loss('BLOB-REWRITTEN', 'changed', blob.path, message))
  return { ...source, node: withPointer(source, address, size), address, size }
}

/** What the dump has a part of cannot be written whole. */
function checkWhole(luo: Luo, blob: Blob): void {
  const absent = blob.faults.find(fault => fault.absent !== undefined)
  const short = luo.sessions.find(({ fileCount, files }) => fileCount !== files.length)
  if (absent === undefined && short === undefined) return
  const why =
    absent?.message ?? `session ${short!.name} has ${short!.files.length} of ${short!.fileCount} files`
  throw new KhoError('broken-state', `LUO cannot be rewritten: ${why}`, { path: blob.path })
}

function rewriteFile(work: Work, file: LuoFile): FileSpec {
  const { compatible, data, token, memfd } = file
  const version = work.kernel.users.memfd
  if (memfd === null || version === null || memfd.version === version) return { compatible, data, token }
  let handle = work.memfds.get(memfd)
  if (handle === undefined) {
    handle = rewriteMemfd(work, memfd, version)
    work.memfds.set(memfd, handle)
  }
  return { compatible: `memfd-v${version}`, data: handle, token }
}

function rewriteMemfd(work: Work, memfd: Memfd, version: 1 | 2): bigint {
  const { state, allocator, losses } = work
  const { folios } = folioListOf(state, memfd)
  const { position, size, path } = memfd
  if (position === null || size === null || folios.missing.length > 0 || folios.count !== memfd.nrFolios) {
    throw new KhoError('broken-state', 'the memfd cannot be rewritten: the dump lacks a part of it', { path })
  }
  const seals = memfd.seals ?? 0
  if (version === 1 && seals !== 0) {
    losses.push(loss('SEALS', 'lost', path, `seals ${hex(seals)}: memfd-v1 hands over none`))
  }
  const spec = { version, position, size, seals: version === 1 ? 0 : seals, folios }
  const { address } = encodeMemfd(allocator, state.geometry, spec)
  losses.push(loss('BLOB-REWRITTEN', 'changed', path, `memfd-v${version} at ${hex(address)}`))
  return BigInt(address)
}

/** Memblock's regions are a node in patches v4 and v5, and an FDT of one form since. */
function rewriteMemblock(work: Work, source: SourceChild, blob: Blob): SourceChild {
  const { kernel, state, allocator, losses } = work
  if (blob.value?.kind !== 'memblock') return source
  const wanted = kernel.users.memblock === 'mem-node' ? 'reserve_mem-v1' : 'memblock-v1'
  const inline = kernel.writes.root === 'segment'
  if (blob.format === wanted && (source.address === null) === inline) return source
  if (inline) {
    const message = `${kernel.name} keeps regions in a node of the root FDT: the blob stays as it is`
    losses.push(loss('POINTER-KEPT', 'changed', blob.path, message))
    return source
  }
  const regions = blob.value.regions.flatMap(({ name, start, size }) =>
    start === null || size === null ? [] : [{ name, start, size }],
  )
  const { address, size } = encodeMemblock(allocator, state.geometry, regions)
  losses.push(loss('BLOB-REWRITTEN', 'changed', blob.path, `memblock-v1 at ${hex(address)}`))
  return { ...source, node: withPointer(source, address, size), address, size }
}

/** The test's list of folios is in the FDT up to 6.17, and in an area since. A kernel without the test never looks at it. */
function rewriteKhoTest(work: Work, source: SourceChild, blob: Blob, test: KhoTest): SourceChild {
  const { kernel, state, allocator, losses } = work
  const form = kernel.users.khoTest
  if (form === null || test.form === null || form === test.form) return source
  const { csum, folios, nrFolios } = test
  if (csum === null || folios.count !== nrFolios || folios.address.includes(0)) {
    throw new KhoError('broken-state', 'kho_test cannot be rewritten: not all of its folios are known', {
      path: blob.path,
    })
  }
  freeStructures(work, blob)
  const { address, size } = encodeKhoTest(allocator, state.geometry, { form, csum, folios })
  const message = `kho_test in the form of ${kernel.name} (${form}) at ${hex(address)}`
  losses.push(loss('BLOB-REWRITTEN', 'changed', blob.path, message))
  return { ...source, node: withPointer(source, address, size), address, size }
}

/** The child with nothing but a pointer, in no ABI's words yet. */
function withPointer({ node }: SourceChild, address: number, size: number): SourceChild['node'] {
  const property = (name: string, value: number) => ({
    name,
    value: nativeU64Bytes(BigInt(value)),
    offset: 0,
  })
  return { ...node, properties: [property('fdt', address), property('blob-size', size)], children: [] }
}
