import { KhoError } from '../../formats/error.js'
import type { MemfdContents, MemfdPlan } from '../guest/make-files.js'
import type { Call, MemfdCall } from '../scenario/calls-schema.js'
import type { ContentsSpec } from '../scenario/contents-schema.js'
import type { Scenario } from '../scenario/schema.js'
import type { CaptureOptions } from './options.js'

/** What a real guest can do of a scenario. */
export interface CapturePlan
  extends Required<
      Pick<CaptureOptions, 'machine' | 'sessions' | 'memfds' | 'regions' | 'scratch' | 'memory'>
    >,
    Pick<CaptureOptions, 'khoTest'> {
  /** What of the scenario the guest cannot do, or does in another way; a line each. */
  notes: string[]
}

const MIB = 2 ** 20
/** Bytes of scratch below 4 GiB, anywhere, and in each node that a kernel and its initramfs need room in. */
const LEAST_SCRATCH = [48 * MIB, 64 * MIB, 32 * MIB] as const
/** The kernel, its initramfs and what it is to jump to. */
const LEAST_MEMORY = 512 * MIB
const MEMORY_STEP = 128 * MIB

/**
 * A scenario as work for a guest. Where things lie is up to the guest's kernel, and so is what only code in a kernel can
 * do.
 *
 * @throws KhoError `usage` for what a guest cannot make though it is asked to
 */
export function planCapture(scenario: Scenario): CapturePlan {
  const { machine, calls } = scenario
  const { arch, page_size: pageShift } = machine
  const notes: string[] = []
  const plan: CapturePlan = {
    machine: { arch, pageShift },
    sessions: [],
    memfds: [],
    regions: [],
    memory: memoryOf(scenario, notes),
    scratch: scratchOf(scenario, notes),
    notes,
  }
  calls.forEach((call, index) => {
    planCall(plan, call, 2 ** pageShift, `calls.${index}`)
  })
  return plan
}

function planCall(plan: CapturePlan, call: Call, page: number, where: string): void {
  switch (call.name) {
    case 'luo_session': {
      const session = byteString(call.args.name)
      plan.sessions = [...plan.sessions, session]
      plan.memfds = [...plan.memfds, ...call.args.memfds.map(memfd => planMemfd(session, memfd, page, where))]
      return
    }
    case 'reserve_mem': {
      const { name, size, align, contents } = call.args
      if (contents !== 'none') plan.notes.push(`${where}: a guest does not write to reserve_mem regions`)
      plan.regions = [...plan.regions, { name, size, align }]
      return
    }
    case 'kho_test':
      plan.khoTest = call.args.size
      return
    case 'finalize':
    case 'kexec':
      return
    default:
      plan.notes.push(`${where}: ${call.name} is for code in a kernel, not for user space: left out`)
  }
}

function planMemfd(session: string, memfd: MemfdCall, page: number, where: string): MemfdPlan {
  const { token, size, order, pos, seals, holes } = memfd
  // What a page table maps: 2 MiB on x86-64, 512 MiB with pages of 64K, which nobody asks for.
  if (order !== 0 && (order !== 9 || page !== 4096)) {
    const orders = page === 4096 ? 'order 0 or 9' : 'order 0'
    throw new KhoError('usage', `${where}: a guest makes folios of ${orders}, not ${order}`)
  }
  const unit = page * 2 ** order
  const pages = holes.map(({ start, end }): [number, number] => {
    const last = end >= size ? Math.ceil(size / unit) * unit : end
    if (start % unit !== 0 || last % unit !== 0) {
      throw new KhoError('usage', `${where}: holes of token ${token} are not made of folios of ${unit} bytes`)
    }
    return [start / page, (last - start) / page]
  })
  return {
    session,
    token,
    size,
    position: pos,
    seals,
    order,
    contents: contentsOf(memfd.contents, where),
    holes: pages,
  }
}

function contentsOf(contents: ContentsSpec, where: string): MemfdContents {
  if (contents === 'none') return 'allocated'
  if (contents === 'zero') return { hex: '00' }
  if ('pattern' in contents) return { hex: Buffer.from(contents.pattern, 'utf8').toString('hex') }
  if ('file' in contents) {
    throw new KhoError(
      'usage',
      `${where}: a guest has no files to take contents from; give a seed or a pattern`,
    )
  }
  return contents
}

/** Where a guest's memory ends does not matter to it: there is as much as the scenario has, and enough. */
function memoryOf({ machine }: Scenario, notes: string[]): number {
  const bytes = machine.ram.reduce((sum, { start, end }) => sum + end - start, 0)
  const wanted = Math.ceil(bytes / MEMORY_STEP) * MEMORY_STEP
  if (wanted >= LEAST_MEMORY) return wanted
  notes.push(`the guest has ${LEAST_MEMORY / MIB}M of memory: less is too little for two kernels`)
  return LEAST_MEMORY
}

/** `kho_scratch=`: low memory, anywhere, each node. A kernel places areas by itself. */
function scratchOf({ machine }: Scenario, notes: string[]): string {
  const sizes = LEAST_SCRATCH.map((least, n) => Math.max(machine.scratch[n]?.size ?? 0, least))
  const text = sizes.map(size => `${Math.ceil(size / MIB)}M`).join(',')
  const raised = machine.scratch.some(({ size }, n) => size < (sizes[n] ?? 0))
  if (raised) notes.push(`scratch areas are ${text}: smaller ones have no room for the next kernel`)
  return text
}

/** Names are bytes to a kernel. */
function byteString(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1')
}
