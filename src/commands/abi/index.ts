import type { Command } from 'commander'
import type { KernelFile } from '../../../formats/kernel-files/index.js'
import { READING_KERNELS } from '../../../formats/kernels/index.js'
import { writeJson } from '../../render/json.js'
import { compareReleases, overall } from '../../rules/compat.js'
import { EXIT } from '../shared/exit-codes.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import type { Party } from './parties.js'
import { abiJson, type CompatVerdict, takersJson, writeAbis, writeCompat, writeTakers } from './text.js'

interface AbiOptions extends ImageOptions, OutputOptions {
  module?: string[]
}

const HELP = `
A and B are releases (6.16, 6.17.9, 7.2, 7.3.4+deb14-amd64, v5), ABI names (kho-v1-512, kho-v4), or files: A
may be a dump, B the kernel that kexec would load (bzImage, Image, vmlinux; packed or not). Of a dump,
every session, file and object is looked at, and the kernel's prediction counts too.

With A alone: what every known kernel makes of it. With both, exit code 1 says that B does not take over what A hands on: a gate before the jump.

Examples:
  kho abi
  kho abi 7.2
  kho abi 6.17.8 6.18
  kho abi vmcore 7.3
  kho abi /sys/kernel/debug/kho /boot/vmlinuz --module vfio-pci.ko.xz`

/** `kho abi [A [B]]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('List every version of the hand-over, or say who can take over from whom.')
    .argument('[A]', 'who hands over: a release, an ABI, a dump or a kernel')
    .argument('[B]', 'who takes over: a release, an ABI or a kernel; every known one where not given')
    .addHelpText('after', HELP)
    .action((a: string | undefined, b: string | undefined, options: AbiOptions) =>
      abi(a, b, options, terminal),
    )
  addOptions(command, [
    { name: 'module', value: 'FILE', about: 'a module that B will load: its handlers count', repeat: true },
  ])
  addOutputOptions(command, 'document')
  addImageOptions(command)
}

async function abi(
  a: string | undefined,
  b: string | undefined,
  options: AbiOptions,
  terminal: Terminal,
): Promise<void> {
  const palette = paletteOf(wantsColor(options, terminal))
  if (a !== undefined && b === undefined) {
    const verdicts: CompatVerdict[] = []
    const judge = await judgeFrom(await partyNamed(a, options, terminal), options, terminal)
    for (const kernel of READING_KERNELS) verdicts.push(await judge(kernel.name))
    writeOutput(terminal, options, [], write => {
      if (options.json === true) writeJson(write, takersJson(verdicts))
      else writeTakers(write, verdicts, palette)
    })
    return
  }
  if (a === undefined || b === undefined) {
    writeOutput(terminal, options, [], write => {
      if (options.json === true) writeJson(write, abiJson(null))
      else writeAbis(write, palette)
    })
    return
  }
  const judge = await judgeFrom(await partyNamed(a, options, terminal), options, terminal)
  const verdict = await judge(b)
  writeOutput(terminal, options, [], write => {
    if (options.json === true) writeJson(write, abiJson(verdict))
    else writeCompat(write, verdict, palette)
  })
  if (verdict.worst.outcome !== 'ok') terminal.code = EXIT.found
}

async function partyNamed(text: string, options: AbiOptions, terminal: Terminal): Promise<Party> {
  const { partyOf } = await import('./parties.js')
  return partyOf(text, options, terminal)
}

/**
 * Who takes over from one, to be asked for any number of kernels. What is handed over is looked at once, and what files need
 * is loaded only for them: two releases are a look at the table.
 */
async function judgeFrom(
  from: Party,
  options: AbiOptions,
  terminal: Terminal,
): Promise<(b: string) => Promise<CompatVerdict>> {
  const { takerOf } = await import('./parties.js')
  const { openKernelFile } = await import('../../node/kernel-file.js')
  const { fileOffer, kernelOffer, stateOffer } = await import('../../abi/offer.js')
  const { takeOver } = await import('../../abi/take-over.js')
  const handed = from.kind === 'image' ? stateOffer(from.state, from.name) : null
  const predict = from.kind === 'image' ? (await import('./prediction.js')).predictionRows(from.state) : null
  let modules: KernelFile[] | null = null
  return async b => {
    const to = await partyNamed(b, options, terminal)
    modules ??= (options.module ?? []).map(openKernelFile)
    const taker = takerOf(to, modules)
    const assumptions = taker.assumption === null ? [] : [taker.assumption]
    const done = (writer: string, rows: CompatVerdict['rows']): CompatVerdict => {
      return { writer, reader: taker.name, rows, worst: overall(rows), assumptions }
    }
    if (handed !== null && predict !== null) {
      return done(from.name, [...takeOver(handed, taker), predict(taker)])
    }
    const writer = from.kind === 'kernel' ? from.kernel : takerOf(from, []).kernel
    const told = from.kind === 'file' && Object.values(from.file.sections).some(list => list.length > 0)
    if (taker.file === null && !told) return done(writer.release, compareReleases(writer, taker.kernel))
    const offer = from.kind === 'file' ? fileOffer(from.file, writer, from.name) : kernelOffer(writer)
    return done(offer.name, takeOver(offer, taker))
  }
}
