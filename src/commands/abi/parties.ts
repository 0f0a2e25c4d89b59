import { existsSync } from 'node:fs'
import { isKhoError, KhoError } from '../../../formats/error.js'
import type { KernelFile } from '../../../formats/kernel-files/index.js'
import {
  findKernel,
  isReading,
  type Kernel,
  kernelNamed,
  kernelOf,
  newestAbi,
  type ReadingKernel,
  readingKernel,
} from '../../../formats/kernels/index.js'
import type { Taker } from '../../abi/take-over.js'
import type { KhoState } from '../../image/state.js'
import { openKernelFile } from '../../node/kernel-file.js'
import { openState } from '../shared/open-state.js'
import type { ImageOptions } from '../shared/options.js'
import { addInput, type Terminal } from '../shared/terminal.js'

/** What an argument of `kho abi` turned out to be. */
export type Party =
  | { kind: 'kernel'; name: string; kernel: Kernel }
  | { kind: 'file'; name: string; file: KernelFile }
  | { kind: 'image'; name: string; state: KhoState }

/** A release or an ABI by its name; else a file: a kernel, or a dump. */
export async function partyOf(text: string, options: ImageOptions, terminal: Terminal): Promise<Party> {
  const isPath = text.includes('/') || existsSync(text)
  if (!isPath) return { kind: 'kernel', name: text, kernel: kernelNamed(text) }
  const file = kernelFileAt(text, terminal)
  if (file !== null) return { kind: 'file', name: text, file }
  return { kind: 'image', name: text, state: await openState(text, options, terminal) }
}

function kernelFileAt(path: string, terminal: Terminal): KernelFile | null {
  addInput(terminal, path)
  try {
    return openKernelFile(path)
  } catch (error) {
    // An ELF core begins as a vmlinux does, and a folder may be a copy of debugfs.
    if (isKhoError(error) && (error.code === 'unknown-format' || error.code === 'unreadable')) return null
    throw error
  }
}

/** Who takes over: a release, or a kernel's file, of which the release is looked up for what no string tells. */
export function takerOf(party: Party, modules: readonly KernelFile[]): Taker & { assumption: string | null } {
  if (party.kind === 'image') {
    throw new KhoError(
      'usage',
      `${party.name} is a dump: name a release or a kernel's file that is to take over`,
    )
  }
  if (party.kind === 'kernel') {
    const kernel = readingKernel(party.name)
    return { name: kernel.release, kernel, file: null, modules, assumption: kernel.assumption ?? null }
  }
  const { file, name } = party
  const found = file.release === null ? null : findKernel(file.release)
  const kernel = found !== null && isReading(found) ? found : standIn(file)
  const assumption =
    found === null
      ? `the file does not say which release it is: judged as ${kernel.release}`
      : (kernel.assumption ?? null)
  return { name: file.release ?? name, kernel, file, modules, assumption }
}

/** A kernel of an unknown release is judged as the newest that knows the same root. */
function standIn(file: KernelFile): ReadingKernel {
  const newest = kernelOf(newestAbi())
  const same = file.kho
    .map(text => kernelNamed(text.split(';')[0]!))
    .filter(isReading)
    .at(-1)
  if (same !== undefined) return same
  return isReading(newest) ? newest : readingKernel('7.2')
}
