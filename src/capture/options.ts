import type { PageShift } from '../../formats/memory/geometry.js'
import type { Accelerator } from '../guest/accel.js'
import type { Arch } from '../guest/arch.js'
import type { DumpFormat } from '../guest/dump-memory.js'
import type { MemfdPlan } from '../guest/make-files.js'
import type { Moment } from './moments.js'

/** What a guest is to preserve, and how. */
export interface CaptureOptions {
  /** Path of the bzImage that both kernels are. */
  kernel: string
  /** Folder for the dumps; made where it is not there. */
  folder: string
  /** The machine that this was planned for; whatever the kernel is where not given. */
  machine?: CaptureMachine
  sessions?: readonly string[]
  memfds?: readonly MemfdPlan[]
  /** `reserve_mem=` regions. */
  regions?: readonly { name: string; size: number; align?: number }[]
  /** Bytes that the kernel's own test preserves; its own default where not given. */
  khoTest?: number
  /** `kho_scratch=` parameter. */
  scratch?: string
  /** RAM in bytes. */
  memory?: number
  cpus?: number
  initrd?: Uint8Array
  /** System.map or vmlinux; what the guest itself says of its symbols where not given. */
  symbols?: string
  dump?: DumpFormat
  /** Moments to dump at; all where not given. */
  moments?: readonly Moment[]
  accelerator?: Accelerator
  limit?: number
  append?: string
  /** The guest's folder stays, and this is told where it is. */
  keep?: (folder: string) => void
  progress?: (message: string) => void
}

/** A machine, as far as it decides what user space can preserve there. */
export interface CaptureMachine {
  arch: Arch
  /** log2 of the bytes of a page. */
  pageShift: PageShift
}
