import { encodeLuo } from '../../formats/blobs/index.js'
import type { Errno } from '../write/root-writer.js'
import { serializeLuo, startLuo } from './luo-model.js'
import { runCall } from './run-call.js'
import { addChild, metadataPages, type RunContext } from './run-context.js'
import { addKexecMetadata, addReserveMem } from './run-users.js'

/** What one call returned. */
export interface CallResult {
  /** Index in the scenario's list; null for what the kernel did by itself. */
  index: number | null
  name: string
  result: Errno
}

/** Where the root FDT is when a kernel is looked at: a page of it, or bytes that go into a kexec segment. */
export type RootFdt = { address: number; size: number } | { bytes: Uint8Array }

/** A kernel that has booted. */
export interface RunningKernel {
  finalize(): Errno
  /** The reboot call: LUO serialises, and the map is finalized where that has not been done. */
  reboot(): void
  /** Writes the root FDT as it stands; null where this kernel has none yet. */
  writeRoot(): RootFdt | null
}

/** Calls that stand for what the kernel does while it boots, in the order in which its users start. */
export const BOOT_CALLS: ReadonlySet<string> = new Set(['kho_test', 'reserve_mem'])

/** Boots: the root FDT's page, and the users that are there from the start. */
export function bootKernel(context: RunContext, log: CallResult[]): RunningKernel {
  const { kho, root, abi, notes } = context
  const { kernel, geometry } = kho
  const pages = metadataPages(context, 'fdt')
  let page = kernel.writes.root === 'live' ? pages.allocate(1) : null
  if (!kernel.writes.finalize) root.setMap(kho.encoder.attach(kho.writer.finish()))
  startUsers(context, log)

  let finalized = false
  let serialized = false
  const finalize = (): Errno => {
    if (!kernel.writes.finalize) return '-ENOSYS'
    if (finalized) return '-EEXIST'
    finalized = true
    if (kernel.writes.root === 'notifier') page = pages.allocate(1)
    for (const user of context.waiting) user()
    root.setMap(kho.encoder.attach(kho.finish()))
    return null
  }
  return {
    finalize,
    reboot() {
      serializeLuo(context, true)
      serialized = true
      if (!kernel.writes.finalize || finalized) return
      finalize()
      if (kernel.writes.root !== 'live') notes.push('finalized for the jump: the scenario does not say so')
    },
    writeRoot() {
      if (!serialized) serializeLuo(context, false)
      serialized = true
      if (abi.fdtPreserved) {
        page?.bytes.set(root.bytes())
        return page && { address: page.address, size: geometry.pageSize }
      }
      return finalized ? { bytes: root.bytes() } : null
    },
  }
}

function startUsers(context: RunContext, log: CallResult[]): void {
  const { kho, scenario, regions, plan } = context
  const { calls } = scenario
  if (kho.kernel.users.kexecMetadata) addKexecMetadata(context)
  calls.forEach((call, index) => {
    if (call.name === 'kho_test') log.push({ index, name: call.name, result: runCall(context, call, index) })
  })
  if (calls.some(call => call.name.startsWith('luo_'))) addLuo(context)
  let last: number | null = null
  calls.forEach((call, index) => {
    if (call.name !== 'reserve_mem') return
    regions.push({ name: call.args.name, start: plan.at.get(index)!, size: call.args.size })
    runCall(context, call, index)
    last = index
  })
  if (last !== null) log.push({ index: last, name: 'reserve_mem', result: addReserveMem(context) })
}

function addLuo(context: RunContext): void {
  const { kho } = context
  const { luo } = kho.kernel.users
  const own = startLuo(context)
  if (own === null || luo === null) return
  // Its size is fixed: a struct, or an FDT with properties of fixed length.
  const blank = {
    allocate: (count: number) => ({ address: 0, bytes: new Uint8Array(count * kho.geometry.pageSize) }),
  }
  const spec = {
    form: luo.form,
    head: luo.head,
    liveupdateNumber: 0n,
    sessions: [],
    flbs: luo.flbs ? [] : null,
  }
  const { size } = encodeLuo(blank, kho.geometry, spec)
  addChild(context, 'LUO', () => ({ name: 'LUO', address: own.address, size }))
}
