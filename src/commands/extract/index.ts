import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { isAddressText } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { type ExtractPlan, planExtract, refuseMissing, writeContents } from '../../extract/extract.js'
import type { KhoState } from '../../image/state.js'
import { isPattern } from '../../model/pattern.js'
import { isFolderName } from '../../node/output-folder.js'
import { escapeText } from '../../render/escape.js'
import { writeJson } from '../../render/json.js'
import { openContentFile } from '../shared/content-file.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, type ImageOptions, type OutputOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import { targetOf } from '../shared/target.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'
import { partsOf, writeFolder } from './folder.js'
import { extractJson, folderJson } from './json.js'

interface ExtractOptions extends ImageOptions, Pick<OutputOptions, 'json' | 'quiet'> {
  output: string
  partial?: boolean
}

const HELP = `
PATH is a memfd (luo/sessions/NAME/files/TOKEN), a reserve_mem region (memblock/NAME), a blob, a vmalloc
area, or any other part that has bytes; ADDR+LENGTH is memory as it is. A memfd's file has its size, and holes
where it has holes; folios that are not up to date are zeros, as the next kernel shows them.

With several paths, or a pattern (* within a step, ** over any number of steps), each part that has
contents of its own goes into a file of the folder DIR/, named by its path, percent-encoded, with
SHA256SUMS beside them.

Exit code 5, and no file, when the dump lacks some of the bytes; with --partial they are holes, and each
range that is missing is listed on standard error (and with --json in the answer).

Examples:
  kho extract vmcore luo/sessions/vm-a/files/1 -o disk.img
  kho extract vmcore memblock/khotrace -o trace.bin
  kho extract vmcore 'luo/sessions/*/files/*' 'memblock/*' -o contents/
  kho extract vmcore fdt -o - | fdtdump /dev/stdin`

/** `kho extract IMAGE PATH -o FILE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description("Write the bytes behind a path to a file: a memfd's contents, a region, a blob.")
    .argument('<IMAGE>', 'a memory dump')
    .argument('<PATH...>', 'parts of the state, patterns, or ADDR+LENGTH')
    .addHelpText('after', HELP)
    .action((image: string, paths: string[], options: ExtractOptions) => run(image, paths, options, terminal))
  addOptions(command, [
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      about: 'the file to write, or a folder/; - is standard output',
    },
    { name: 'partial', about: 'write what is there when the dump lacks some of it' },
    { name: 'json', about: 'say what was written as JSON (kho schema extract prints its schema)' },
    { name: 'quiet', short: 'q', about: 'no hints and no progress on standard error' },
  ])
  addImageOptions(command)
}

async function run(
  image: string,
  paths: readonly string[],
  options: ExtractOptions,
  terminal: Terminal,
): Promise<void> {
  const { output, json } = options
  if (output === undefined) {
    throw new KhoError('usage', 'no file to write to', { hint: 'give -o FILE, or -o - for standard output' })
  }
  if (output === '-' && json === true)
    throw new KhoError('usage', '--json and -o - both write to standard output')
  const several = paths.length > 1 || paths.some(path => !isAddressText(path) && isPattern(path))
  if (several && (output === '-' || !isFolderName(output))) {
    throw new KhoError('usage', 'several parts need a folder to go to', { hint: `write it as -o ${output}/` })
  }
  const state = await openState(image, options, terminal)
  if (several || output.endsWith('/')) {
    extractToFolder(state, image, paths, options, terminal)
    return
  }
  const plan = planExtract(state, targetOf(state, paths[0] as string).part)
  if (options.partial !== true) refuseMissing(plan)
  const file = openContentFile(output, [image, ...(options.part ?? [])], terminal)
  try {
    writeContents(state, plan, file.write)
    file.finish(plan.size)
  } finally {
    file.close()
  }
  listMissing(plan, terminal)
  if (json !== true) return
  writeOutput(terminal, { color: 'never', json }, [], write => writeJson(write, extractJson(plan, output)))
}

function extractToFolder(
  state: KhoState,
  image: string,
  paths: readonly string[],
  { output, partial, json, part, quiet }: ExtractOptions,
  terminal: Terminal,
): void {
  const settings = { partial: partial === true, inputs: [image, ...(part ?? [])] }
  const written = writeFolder(state, partsOf(state, paths), output, settings, terminal)
  for (const { plan } of written) listMissing(plan, terminal)
  if (json !== true && quiet === true) return
  writeOutput(terminal, { color: 'never', ...(json === true ? { json } : {}) }, [], write => {
    if (json === true) writeJson(write, folderJson(written, output))
    else for (const { plan, file } of written) write(`${plan.path} ${plan.size} ${escapeText(file)}\n`)
  })
}

/** One line a range: it is what `--partial` was asked to say, so not even `--quiet` leaves it out. */
function listMissing({ missing, incomplete, path }: ExtractPlan, terminal: Terminal): void {
  for (const { start, end, address, reason } of missing) {
    const place = address === null ? 'no address' : `${hex(address)}-${hex(address + end - start)}`
    warn(terminal, `missing: bytes ${start}-${end}, at ${place} (${reason})`)
  }
  if (incomplete !== null) warn(terminal, `${path} is not whole: ${incomplete}`)
}
