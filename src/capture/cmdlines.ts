import { RELEASES } from '../../formats/kernels/index.js'
import type { Arch } from '../guest/arch.js'
import type { CaptureOptions } from './options.js'

/** Both kernels. Without address randomisation a function is at the same address in both. */
const COMMON = 'panic=-1 oops=panic nokaslr kho=on liveupdate=on'
const CMDLINES: Readonly<Record<Arch, string>> = {
  x86_64: `console=ttyS0 earlycon=uart8250,io,0x3f8,115200 no_timer_check ${COMMON}`,
  arm64: `console=ttyAMA0 earlycon=pl011,0x9000000 ${COMMON}`,
}
/** The second one says which blocks it keeps: to its log buffer only, the console would take too long. */
const SECOND = 'loglevel=6 memblock=debug log_buf_len=16M'

/** What the first kernel is told. */
export function firstCmdline(options: CaptureOptions, arch: Arch): string {
  // Under every name that the parameter has had: a kernel hands on what it does not know.
  const sizes = options.scratch ?? '48M,96M,64M'
  const names = new Set(RELEASES.flatMap(({ boot }) => boot?.scratchParameters ?? []))
  const scratch = [...names].map(name => `${name}=${sizes}`)
  return [CMDLINES[arch], ...scratch, ...sharedParameters(options)].join(' ')
}

/** What it loads the next one with. */
export function nextCmdline(options: CaptureOptions, arch: Arch): string {
  return [CMDLINES[arch], SECOND, ...sharedParameters(options)].join(' ')
}

/** A region is taken back by a kernel that is asked for it in the same words. */
function sharedParameters({ regions = [], khoTest, append }: CaptureOptions): string[] {
  return [
    ...regions.map(({ name, size, align }) => `reserve_mem=${size}:${align ?? 4096}:${name}`),
    ...(khoTest === undefined ? [] : [`test_kho.max_mem=${khoTest}`]),
    ...(append === undefined ? [] : [append]),
  ]
}
