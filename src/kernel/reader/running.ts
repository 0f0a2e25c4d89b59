import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { checkForeign, exposeChildren, readMetadata } from './children.js'
import type { Running } from './context.js'
import { report, step } from './context.js'
import type { Done } from './done.js'
import { runKhoTest } from './kho-test.js'
import { type LuoStarted, openLuo, startLuo } from './luo.js'
import { finishFlbs, readFlbs } from './luo-flb.js'
import { reviveRegions } from './memblock.js'
import type { ReaderMemory } from './memory.js'
import { rawFdt } from './raw-fdt.js'
import type { RegionWish } from './region.js'
import type { Reserved } from './reserved.js'
import { createRestorer, trustingRestorer } from './restore.js'
import { retrieveSubtree } from './subtree.js'
import { createTrace, type Trace } from './trace.js'
import { restoreVmalloc } from './vmalloc.js'

/** How a kernel was started, as far as it matters past early boot. */
export interface RunInput {
  memory: ReaderMemory
  kernel: ReadingKernel
  geometry: Geometry
  /** Address of the root FDT. */
  root: number
  /** Null where the map is not known: then everything is taken to be preserved. */
  reserved: Reserved | null
  /** Early allocations may come from other memory than scratch. */
  extended: boolean
  /** What `reserve_mem=` asks for. */
  regions: readonly RegionWish[]
  /** False with `kho=off`: LUO, kexec-metadata and the test are passed over; what was reserved stays. */
  enabled: boolean
  /** False without `liveupdate=on`: LUO starts, and nobody can open it. */
  liveupdate: boolean
  /** Where its setup_data record lies; null where there is none, or nothing says. */
  record: number | null
  /** Names of objects in a list of LUO's that nothing leads to: looked for where they are missed. */
  strayFlbs(): string[]
  /** What was done for other kernels. */
  done: Done | undefined
  /** Contents were taken out of the dump: they are not judged. */
  redacted: boolean
  /** Descriptors of vmalloc areas that are blobs of their own, and the path of each. */
  areas: readonly { address: number; path: string }[]
  /** Blobs that the dump lacks, and the path of each. */
  unseen: readonly { address: number; path: string }[]
}

/**
 * A kernel from the end of early boot until user space has taken everything back, in the order of its own calls:
 * reserve_mem= while the command line is parsed, LUO at early_initcall, kexec-metadata and debugfs, the test, the device.
 */
export function runKernel(input: RunInput): Trace {
  const { memory, kernel, geometry, reserved } = input
  const trace = createTrace()
  const running: Running = {
    memory,
    kernel,
    geometry,
    restorer: reserved === null ? trustingRestorer() : createRestorer(memory, kernel, geometry, reserved),
    root: rawFdt(memory, input.root),
    trace,
    extended: input.extended,
    strayFlbs: input.strayFlbs,
    taken: 0,
  }
  const whole = { rule: 'ROOT-STRUCTURE', path: 'fdt', decides: 'what is handed over' }
  step(running, whole, () => run(running, input))
  return trace
}

function run(running: Running, input: RunInput): void {
  const { users, reads } = running.kernel
  // Early boot has taken it already.
  if (reads.restoresFdt) running.restorer.folio(input.root)
  reviveRegions(running, retrieveSubtree(running, 'memblock'), input.regions, input.done)
  checkForeign(running)
  readRecord(running, input.record)
  if (!input.enabled) return
  const luo = users.luo === null ? null : startLuoStep(running)
  if (users.kexecMetadata) readMetadata(running, retrieveSubtree(running, 'kexec-metadata'))
  exposeChildren(running)
  runKhoTest(running, retrieveSubtree(running, 'kho_test'), input.redacted)
  restoreAreas(running, input.areas)
  lookAtUnseen(running, input.unseen)
  if (luo === null || !input.liveupdate) return
  readFlbs(running, luo)
  openLuo(running, luo)
  finishFlbs(running, luo)
}

/** create_setup_data_nodes() of boot_params_ksysfs_init(), by the direct map: arch/x86/kernel/ksysfs.c, 6.16 to 7.3. */
function readRecord(running: Running, record: number | null): void {
  if (record === null || running.memory.mapped(record)) return
  const decides = 'what /sys/kernel/boot_params shows: the record of the hand-over lies there'
  step(running, { rule: 'SCRATCH-UNALIGNED', path: 'scratch', decides }, () => running.memory.read(record, 8))
}

function startLuoStep(running: Running): LuoStarted | null {
  let started: LuoStarted | null = null
  const before = running.trace.events.length
  const what = { rule: 'BLOB-ADDRESS', path: 'luo', decides: 'whether LUO starts' }
  const found = retrieveSubtree(running, 'LUO')
  const went = step(running, what, () => {
    started = startLuo(running, found)
  })
  // A panic has said itself what it is; the halt that it ends in says no more.
  const events = running.trace.events
  if (!went && events.length > before + 1 && events.at(-2)!.effect === 'oops') events.pop()
  return started
}

/** Whoever a child is for looks at it. */
function lookAtUnseen(running: Running, unseen: RunInput['unseen']): void {
  for (const { address, path } of unseen) {
    const what = { rule: 'BLOB-ADDRESS', path, decides: 'what the child hands over' }
    step(running, what, () => running.memory.read(address, 1))
  }
}

function restoreAreas(running: Running, areas: RunInput['areas']): void {
  if (!running.kernel.users.vmalloc) return
  for (const { address, path } of areas) {
    const what = { rule: 'VMALLOC-POINTER', path, decides: 'whether the area can be restored' }
    step(running, what, () => {
      const { memory, geometry, restorer } = running
      const area = restoreVmalloc(memory, geometry, restorer, address)
      if ('pages' in area) return
      report(running, area.rule, `kho_restore_vmalloc() gives NULL: ${area.reason}`, path, area.address)
    })
  }
}
