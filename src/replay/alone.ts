import { resolve } from 'node:path'
import { isKhoError } from '../../formats/error.js'
import { withGuest, withInitrd } from '../guest/with-guest.js'
import { openKernelFile } from '../node/kernel-file.js'
import type { Preparation } from './prepare.js'
import type { ReplayOptions, ReplayReport } from './replay.js'

/**
 * Why a replay says nothing of what was handed over: the kernel has no KHO at all, or does not come up without a state either.
 * Null where it is the state that the kernel made something of.
 */
export async function whyUnjudged(report: ReplayReport, options: ReplayOptions): Promise<string | null> {
  const { word, seconds, preparation } = report
  if (word === 'rejected' && !hasKho(options.kernel)) {
    return 'this kernel was built without CONFIG_KEXEC_HANDOVER: no such string is in it'
  }
  if (seconds.up !== null || (await comesUp(preparation, options))) return null
  return 'this kernel does not come up without a state either'
}

function hasKho(kernel: string): boolean {
  try {
    return openKernelFile(kernel).kho.length > 0
  } catch (error) {
    // What cannot be unpacked here may have everything.
    if (isKhoError(error)) return true
    throw error
  }
}

/** The same machine with nothing in its memory. */
async function comesUp(
  { image, initrd, memory, cmdline }: Preparation,
  options: ReplayOptions,
): Promise<boolean> {
  options.progress?.('it did not come up: trying it without a state')
  const machine = {
    arch: image.arch,
    kernel: resolve(options.kernel),
    cmdline: `${cmdline} kho=off`,
    memory,
    accelerator: options.accelerator ?? 'tcg',
  }
  const limit = options.limit ?? ALONE_LIMIT
  return withGuest(withInitrd(machine, initrd), limit, async ({ agent }) => (await agent.ready()) !== null)
}

const ALONE_LIMIT = 60
