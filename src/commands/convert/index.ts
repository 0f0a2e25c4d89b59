import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import {
  ABIS,
  type AbiName,
  findAbi,
  findKernel,
  isWriting,
  WRITING_KERNELS,
  type WritingKernel,
} from '../../../formats/kernels/index.js'
import type { FlbWanted } from '../../convert/blob-release.js'
import type { Conversion } from '../../convert/conversion.js'
import { convertState } from '../../convert/convert.js'
import type { KhoState } from '../../image/state.js'
import { writeJson } from '../../render/json.js'
import { writeOverlayElf, writeOverlayRaw } from '../../write/image-writer.js'
import { openContentFile } from '../shared/content-file.js'
import { parseAddress } from '../shared/numbers.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  COLOR,
  CONTAINER,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { convertJson, type WrittenFile, writeConvertText } from './text.js'

interface ConvertCommand extends ImageOptions, Pick<OutputOptions, 'json' | 'quiet' | 'color'> {
  output: string
  to: string
  container: 'raw' | 'elf'
  blobs?: string
  flb?: FlbWanted[]
  seed?: number
}

const HELP = `
The result is an image of its own: the memory of IMAGE with another tracker, root FDT and hand-over record. Blobs stay
byte for byte where they are; --blobs RELEASE writes LUO, memfds, memblock, kexec-metadata and kho_test in that release's
versions.

Each line of the report is one thing that differs: lost (converting back does not bring it back), changed (said in
another way) or assumed (the image does not say it).

Examples:
  kho convert vmcore --to kho-v1-page -o old.elf
  kho convert vmcore --to kho-v3 --blobs 7.1 -o 7.1.elf --json`

/** `kho convert IMAGE --to ABI -o FILE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Write the same state in another ABI, and say what could not be carried over.')
    .argument('<IMAGE>', 'a memory dump')
    .addHelpText('after', HELP)
    .action((image: string, options: ConvertCommand) => run(image, options, terminal))
  addOptions(command, [
    { name: 'to', value: 'ABI', about: 'the ABI to write' },
    { name: 'output', short: 'o', value: 'FILE', about: 'the file to write; - is standard output' },
    { ...CONTAINER, about: 'how to write it' },
    { name: 'blobs', value: 'RELEASE', about: "write blobs in this release's versions, such as 7.1" },
    {
      name: 'flb',
      value: 'NAME=DATA',
      about: 'an object that the release binds every file to, and its handle; added where the image lacks it',
      parse: parseFlb,
      repeat: true,
    },
    {
      name: 'seed',
      value: 'N',
      about: 'where new pages are placed: the same for the same N',
      parse: parseAddress,
    },
    { name: 'json', about: 'the report as JSON (kho schema convert prints its schema)' },
    COLOR,
    { name: 'quiet', short: 'q', about: 'no report and no progress' },
  ])
  addImageOptions(command)
}

async function run(path: string, options: ConvertCommand, terminal: Terminal): Promise<void> {
  const { output, json } = options
  if (output === undefined) throw new KhoError('usage', 'no file to write to', { hint: 'give -o FILE' })
  if (output === '-' && json === true) {
    throw new KhoError('usage', '--json and -o - both write to standard output')
  }
  const to = abiToWrite(options.to)
  const blobs = options.blobs === undefined ? null : releaseNamed(options.blobs)
  if (blobs === null && options.flb !== undefined) {
    throw new KhoError('usage', '--flb is for LUO as a release writes it', { hint: 'give --blobs RELEASE' })
  }
  const state = await openState(path, options, terminal)
  const conversion = convertState(state, {
    to,
    ...(blobs === null ? {} : { blobs }),
    ...(options.flb === undefined ? {} : { flbs: options.flb }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  })
  const written = writeFile(path, options, state, conversion, terminal)
  if (output === '-' || (options.quiet === true && json !== true)) return
  // The report goes to standard output; -o names the image.
  const answer = { color: options.color }
  writeOutput(terminal, answer, [], write => {
    if (json === true) writeJson(write, convertJson(conversion, written))
    else writeConvertText(write, conversion, written, paletteOf(wantsColor(answer, terminal)))
  })
}

function writeFile(
  path: string,
  options: ConvertCommand,
  state: KhoState,
  conversion: Conversion,
  terminal: Terminal,
): WrittenFile {
  const { output, container } = options
  const file = openContentFile(output, [path, ...(options.part ?? [])], terminal, { pack: true })
  try {
    const { base, size } =
      container === 'raw'
        ? writeOverlayRaw(conversion, file.write)
        : { base: 0, size: writeOverlayElf(state.image, conversion, file.write) }
    file.finish(size)
    return { file: output, size, container, base }
  } finally {
    file.close()
  }
}

function abiToWrite(text: string | undefined): AbiName {
  const writable = ABIS.map(({ name }) => name)
  if (text === undefined)
    throw new KhoError('usage', 'no ABI to write', { hint: `--to ${writable.join(', ')}` })
  const abi = findAbi(text)
  if (abi !== null) return abi.name
  throw new KhoError('usage', `--to: '${text}' is none of ${writable.join(', ')}`)
}

/** A name as the kernel has it, and a number of 64 bits. */
function parseFlb(text: string): FlbWanted {
  const [, name, data] = /^([!-<>-~]{1,47})=(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/.exec(text) ?? []
  const value = data === undefined ? -1n : BigInt(data)
  if (name === undefined || value < 0n || value >= 1n << 64n) {
    throw new KhoError(
      'usage',
      `'${text}' is no NAME=DATA, such as liveupdate-test-flb-v0=0xfeedf00dcafebee0`,
    )
  }
  return { name, data: value }
}

function releaseNamed(text: string): WritingKernel {
  const kernel = findKernel(text)
  if (kernel !== null && isWriting(kernel)) return kernel
  const names = WRITING_KERNELS.map(({ name }) => name)
  throw new KhoError('usage', `--blobs: '${text}' is none of ${names.join(', ')}`)
}
