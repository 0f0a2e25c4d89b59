import { rangeAt } from '../../formats/memory/range.js'
import type { Call, CallArguments } from '../scenario/calls-schema.js'
import { makeContents } from '../scenario/contents.js'
import type { ContentsSpec } from '../scenario/contents-schema.js'
import type { Errno } from '../write/root-writer.js'
import { addSession } from './luo-model.js'
import type { RunContext } from './run-context.js'
import { writeStruct } from './run-struct.js'
import { addKhoTest, addSubtree, preserveVmalloc } from './run-users.js'

/** Carries out one call of a scenario, as its kernel would, and gives what it returns. */
export function runCall(context: RunContext, call: Call, index: number): Errno {
  const { kho, plan } = context
  const { pageSize } = kho.geometry
  const at = plan.at.get(index) ?? 0
  switch (call.name) {
    case 'preserve_folio':
      addContents(context, at, pageSize * 2 ** call.args.order, call.args.contents)
      return kho.preserveFolio(at, call.args.order)
    case 'unpreserve_folio':
      return kho.unpreserveFolio(call.args.address, call.args.order)
    case 'preserve_pages':
      addContents(context, at, pageSize * call.args.pages, call.args.contents)
      return kho.preservePages(at, call.args.pages)
    case 'unpreserve_pages':
      return kho.unpreservePages(call.args.address, call.args.pages)
    case 'preserve_phys':
      return preservePhys(context, at, call.args)
    case 'unpreserve_phys':
      return kho.unpreservePages(call.args.address, Math.floor(call.args.size / pageSize))
    case 'preserve_vmalloc':
      return preserveVmalloc(context, call.args, plan.runs.get(index)![0]!)
    case 'unpreserve_vmalloc':
      return unpreserveVmalloc(context, call.args.name)
    case 'preserve_all':
    case 'preserve_random':
      return kho.preserveSet(plan.sets.get(index)!)
    case 'kho_test':
      return addKhoTest(context, plan.folios.get(index)!, context.scenario.seed + index)
    case 'add_subtree':
      return addSubtree(context, call.args)
    case 'remove_subtree':
      if (kho.kernel.writes.root !== 'live') return '-ENOSYS'
      return context.root.remove(call.args.name) ? null : '-ENOENT'
    case 'luo_session':
      return addSession(context, call.args, plan.runs.get(index)!)
    case 'luo_flb':
      return addFlb(context, call.args)
    case 'reserve_mem':
      addContents(context, at, call.args.size, call.args.contents)
      return null
    case 'finalize':
    case 'kexec':
      return null
  }
}

function addContents(context: RunContext, address: number, length: number, spec: ContentsSpec): void {
  const contents = makeContents(spec, context.open)
  if (contents !== null) context.contents.push({ ...rangeAt(address, length), contents, offset: 0 })
}

/** kho_preserve_phys(), and from 6.18 kho_preserve_pages() in its stead. */
function preservePhys(context: RunContext, address: number, args: CallArguments<'preserve_phys'>): Errno {
  const { kho } = context
  const { pageSize } = kho.geometry
  const { refusesUnaligned, takesBytes } = kho.kernel.writes
  if ((refusesUnaligned || !takesBytes) && (address % pageSize !== 0 || args.size % pageSize !== 0))
    return '-EINVAL'
  addContents(context, address, args.size, args.contents)
  const first = Math.floor(address / pageSize)
  return kho.preservePages(first * pageSize, Math.floor((address + args.size) / pageSize) - first)
}

function unpreserveVmalloc(context: RunContext, name: string): Errno {
  const { kho, areas } = context
  const area = areas.get(name)
  if (area === undefined) return '-ENOENT'
  if (!kho.kernel.writes.unpreserve) return '-ENOSYS'
  for (const chunk of area.chunks) kho.unpreservePages(chunk, 1)
  for (const run of area.runs) kho.unpreservePages(run, 2 ** area.order)
  areas.delete(name)
  return null
}

/** luo_flb: its count is the number of files, unless the scenario says otherwise. */
function addFlb(context: RunContext, args: CallArguments<'luo_flb'>): Errno {
  const { luo, kho } = context
  if (luo.boot === null || kho.kernel.users.luo?.flbs !== true) return '-EOPNOTSUPP'
  const { name, struct, type } = args
  const written = struct === undefined ? null : writeStruct(context, { use: 'flbs', name, struct, type })
  const data = written === null ? (args.data ?? 0n) : BigInt(written.address)
  luo.flbs.push({ name, data, count: args.count ?? -1n })
  return null
}
