import { readFileSync } from 'node:fs'
import { KhoError } from '../../../formats/error.js'
import { GuestFailure } from '../../guest/guest-failure.js'
import { errorCode, reasonOf } from '../../node/system-error.js'
import { EXIT } from './exit-codes.js'
import { parseSize } from './numbers.js'
import type { OptionSpec } from './option-specs.js'
import type { Terminal } from './terminal.js'
import { warn } from './warn.js'

/** What commands that boot guests have in common. */
export interface GuestOptions {
  kernel: string
  memory?: number
  initrd?: string
  append?: string
  symbols?: string
  limit?: number
  keep?: boolean
}

export const GUEST_OPTIONS: readonly OptionSpec[] = [
  { name: 'kernel', value: 'BZIMAGE', about: 'the kernel (docs/guest.md says how to build one)' },
  { name: 'memory', value: 'SIZE', about: "the guest's RAM", parse: parseSize },
  { name: 'initrd', value: 'FILE', about: 'an initramfs with the agent in it, instead of one made here' },
  { name: 'append', value: 'STRING', about: "added to the kernel's command line" },
  {
    name: 'symbols',
    value: 'FILE',
    about: 'System.map or vmlinux of the kernel; without it the guest itself is asked',
  },
  { name: 'limit', value: 'SECONDS', about: 'end the guest after this time', parse: parseSeconds },
  { name: 'keep', about: "keep the guest's files and its serial log, and say where they are" },
]

/** A command line without a kernel makes no sense. */
export function requireKernel(options: GuestOptions): string {
  if (options.kernel !== undefined) return options.kernel
  throw new KhoError('usage', 'no kernel to boot: give --kernel BZIMAGE', {
    hint: 'docs/guest.md says how to build one',
  })
}

/** Options of the command line as the library's. */
export function guestOptionsOf(options: GuestOptions, terminal: Terminal) {
  const { memory, initrd, append, limit, keep } = options
  return {
    kernel: requireKernel(options),
    ...(memory === undefined ? {} : { memory }),
    ...(initrd === undefined ? {} : { initrd: readBytes(initrd) }),
    ...(append === undefined ? {} : { append }),
    ...(limit === undefined ? {} : { limit }),
    ...(keep === true
      ? { keep: (folder: string) => warn(terminal, `the guest's files are in ${folder}`) }
      : {}),
  }
}

/** Runs work that needs a guest; one that does not do what it is there for is not as expected. */
export async function orNotAsExpected(terminal: Terminal, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error
    warn(terminal, error.message)
    terminal.code = error.unjudged ? EXIT.unjudged : EXIT.found
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errorCode(error) === null) throw error
    throw new KhoError('unreadable', `cannot read ${path}: ${reasonOf(error)}`, { path })
  }
}

function parseSeconds(text: string): number {
  if (/^[0-9]{1,6}(\.[0-9]+)?$/.test(text) && Number(text) > 0) return Number(text)
  throw new KhoError('usage', `'${text}' is no number of seconds; write it like 120`)
}
