import {
  type Allocation,
  blankSessions,
  encodeFolioList,
  encodeLuo,
  encodeMemfd,
  type FileSpec,
  type PageAllocator,
} from '../../formats/blobs/index.js'
import type { Luo } from '../../formats/kernels/index.js'
import { LUO_FLB_HEADER_SER, LUO_SESSION_PGCNT } from '../../formats/layout/index.js'
import { type Place, rangeAt } from '../../formats/memory/range.js'
import type { CallArguments, FileCall, MemfdCall } from '../scenario/calls-schema.js'
import { makeContents, withHoles } from '../scenario/contents.js'
import type { Errno } from '../write/root-writer.js'
import type { LuoModel } from './luo-state.js'
import type { Runs } from './plan.js'
import { metadataPages, type RunContext } from './run-context.js'
import { writeStruct } from './run-struct.js'

/** luo_early_startup(): the pages that exist from boot on. The extent is that of the blob. */
export function startLuo(context: RunContext): Allocation | null {
  const kind = context.kho.kernel.users.luo
  if (kind === null) return null
  const pages = metadataPages(context, 'LUO')
  const own = pages.allocate(1)
  context.luo.boot = {
    own,
    flbs: kind.flbs ? pages.allocate(1) : null,
    sessions: kind.form === 'fdt' ? pages.allocate(LUO_SESSION_PGCNT) : null,
  }
  return own
}

/** A session, and its memfds: memfd_luo_preserve(). */
export function addSession(
  context: RunContext,
  args: CallArguments<'luo_session'>,
  runs: readonly Runs[][],
): Errno {
  const { luo } = context
  if (luo.boot === null) return '-EOPNOTSUPP'
  if (args.name.length > 63) return '-EINVAL'
  if (luo.sessions.some(session => session.name === args.name)) return '-EEXIST'
  const files: FileSpec[] = []
  let result: Errno = null
  args.memfds.forEach((memfd, n) => {
    if (files.some(file => file.token === memfd.token)) {
      result = '-EEXIST'
      return
    }
    files.push(preserveMemfd(context, memfd, runs[n] ?? []))
  })
  for (const file of args.files) {
    if (files.some(({ token }) => token === file.token)) result = '-EEXIST'
    else files.push(preserveFile(context, file))
  }
  luo.files += files.length
  luo.sessions.push({ name: args.name, files })
  return result
}

/** A file of a handler that no released kernel has. */
function preserveFile(context: RunContext, { token, handler, data, struct, type }: FileCall): FileSpec {
  const written =
    struct === undefined ? null : writeStruct(context, { use: 'handlers', name: handler, struct, type })
  return { compatible: handler, data: written === null ? (data ?? 0n) : BigInt(written.address), token }
}

function preserveMemfd(context: RunContext, memfd: MemfdCall, batches: readonly Runs[]): FileSpec {
  const { kho, contents: written, notes } = context
  const version = kho.kernel.users.memfd!
  const { pageSize } = kho.geometry
  const folioBytes = pageSize * 2 ** memfd.order
  const total = batches.reduce((sum, batch) => sum + batch.count, 0)
  const pfn = new Float64Array(total)
  const index = new Float64Array(total)
  const plain = makeContents(memfd.contents, context.open)
  const contents = plain && withHoles(plain, memfd.holes, memfd.size)
  let at = 0
  for (const { address, count } of batches) {
    if (contents !== null)
      written.push({ ...rangeAt(address, count * folioBytes), contents, offset: at * folioBytes })
    for (let n = 0; n < count; n++, at++) {
      const refused = kho.preserveFolio(address + n * folioBytes, memfd.order)
      if (refused !== null) notes.push(`preserving a folio of token ${memfd.token} gave ${refused}`)
      pfn[at] = (address + n * folioBytes) / pageSize
      index[at] = at * 2 ** memfd.order
    }
  }
  if (kho.kernel.users.luo?.head === 'features') return preserveFlagged(context, memfd, { pfn, index })
  if (version === 1 && memfd.seals !== 0)
    notes.push(`memfd-v1 has no seals: those of token ${memfd.token} are lost`)
  const ser = encodeMemfd(metadataPages(context, `memfd ${memfd.token}`), kho.geometry, {
    version,
    position: memfd.pos,
    size: memfd.size,
    seals: version === 1 ? 0 : memfd.seals,
    folios: { pfn, index },
  })
  return { compatible: `memfd-v${version}`, data: BigInt(ser.address), token: memfd.token }
}

/** A memfd whose format is told by feature flags, as posted: all that the posting has are in use. */
function preserveFlagged(
  context: RunContext,
  { token, pos, size, seals }: MemfdCall,
  folios: { pfn: Float64Array; index: Float64Array },
): FileSpec {
  const mask = { seals: 1, folios: 1 }
  const struct = {
    features: { supp: mask, req: mask, active: mask },
    pos,
    size,
    seals,
    nr_folios: folios.pfn.length,
    ...(folios.pfn.length === 0 ? {} : { folios: encodeFolioList(folios) }),
  }
  const { address } = writeStruct(context, { use: 'handlers', name: FLAGGED, struct })
  return { compatible: FLAGGED, data: BigInt(address), token }
}

/** The handler of memfds without a version. */
const FLAGGED = 'memfd'

/**
 * Writes LUO's state. Its blocks are there, and preserved, from the calls on; what is in them is written by the reboot
 * call, so that before it sessions_pa and the counts are 0.
 */
export function serializeLuo(context: RunContext, rebooting: boolean): Place | null {
  const { luo, kho } = context
  const { boot } = luo
  const kind = kho.kernel.users.luo
  if (boot === null || kind === null) return null
  const made: Allocation[] = []
  const spec = {
    form: kind.form,
    head: kind.head,
    liveupdateNumber: BigInt(context.scenario.machine.live_updates),
    sessions: luo.sessions,
    flbs: kind.flbs
      ? luo.flbs.map(flb => ({ ...flb, count: flb.count < 0n ? BigInt(luo.files) : flb.count }))
      : null,
  }
  const extent = encodeLuo(fromBoot(context, made), kho.geometry, spec)
  if (!rebooting) blank(boot, made, kind)
  return extent
}

/** Hands out the pages from boot first, in the order in which encodeLuo() asks for them. */
function fromBoot(context: RunContext, made: Allocation[]): PageAllocator {
  const { own, flbs, sessions } = context.luo.boot!
  const single = context.kho.kernel.users.luo?.form === 'struct' ? [own, flbs] : [flbs, own]
  const ready = new Map<number, Allocation[]>([
    [1, single.filter(page => page !== null)],
    [LUO_SESSION_PGCNT, sessions === null ? [] : [sessions]],
  ])
  const fresh = metadataPages(context, 'LUO blocks')
  return {
    allocate(count) {
      const pages = ready.get(count)?.shift() ?? fresh.allocate(count)
      made.push(pages)
      return pages
    },
  }
}

function blank(boot: NonNullable<LuoModel['boot']>, made: readonly Allocation[], { form, head }: Luo): void {
  for (const pages of made) if (pages !== boot.own) pages.bytes.fill(0)
  if (boot.flbs !== null) LUO_FLB_HEADER_SER.write(boot.flbs.bytes, 0, { pgcnt: 1n, count: 0n })
  if (form === 'struct') {
    blankSessions(boot.own.bytes, head ?? 'released')
  }
}
