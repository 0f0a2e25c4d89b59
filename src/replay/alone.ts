import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isKhoError } from '../../formats/error.js'
import { type Guest, startGuest } from '../guest/guest.js'
import { openKernelFile } from '../node/kernel-file.js'
import { makeTempFolder } from '../node/temp-folder.js'
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
  const folder = makeTempFolder()
  let guest: Guest | undefined
  try {
    const path = join(folder.path, 'initrd')
    writeFileSync(path, initrd)
    guest = await startGuest(
      {
        arch: image.arch,
        kernel: resolve(options.kernel),
        initrd: path,
        cmdline: `${cmdline} kho=off`,
        memory,
        accelerator: options.accelerator ?? 'tcg',
      },
      { folder: folder.path, limit: options.limit ?? ALONE_LIMIT },
    )
    return (await guest.agent.ready()) !== null
  } finally {
    await guest?.stop()
    folder.remove()
  }
}

const ALONE_LIMIT = 60
