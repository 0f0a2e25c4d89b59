import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import type { KhoState } from '../../image/state.js'
import { writeJson } from '../../render/json.js'
import { planSlim, type SlimPlan, writeSlim } from '../../slim/slim.js'
import { validateState } from '../../validate/validate.js'
import { openContentFile } from '../shared/content-file.js'
import { openForCommand, stateOptionsOf } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, type ImageOptions, type OutputOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import { startSearch } from '../shared/progress.js'
import { readDocument } from '../shared/read-all.js'
import { checkKeep, type KeepOptions, keepSettings } from '../shared/slim-options.js'
import type { Terminal } from '../shared/terminal.js'
import { slimJson, writeSlimText } from './text.js'

interface SlimCommand extends ImageOptions, KeepOptions, Pick<OutputOptions, 'json' | 'quiet'> {
  output: string
}

const HELP = `
The result is an ELF core that \`readelf -l\` and \`kho\` read: p_paddr is the physical address, memory that was cut
has no bytes (FileSiz below MemSiz). The note KHO-TOOLS says what was cut and from what; VMCOREINFO is kept.

--redact zeroes every byte that is no structure of a live state: what lies beside them in their pages,
contents, a device tree's values. Names stay: --hash makes hashes of session names and kernel releases.
Names of reserve_mem regions and of files' handlers, sizes and addresses stay in any case.

Examples:
  kho slim vmcore -o state.elf
  kho slim vmcore -o state.elf --path luo/sessions/vm-a
  kho slim vmcore -o public.elf --redact --hash`

/** `kho slim IMAGE -o FILE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Keep only what kho reads, as an ELF core small enough to attach to a report.')
    .argument('<IMAGE>', 'a memory dump')
    .addHelpText('after', HELP)
    .action((image: string, options: SlimCommand) => run(image, options, terminal))
  addOptions(command, [
    { name: 'output', short: 'o', value: 'FILE', about: 'the file to write; - is standard output' },
    { name: 'contents', about: 'keep all memory that is preserved' },
    { name: 'path', value: 'PATH', about: 'keep the contents behind PATH', repeat: true },
    { name: 'redact', about: 'zero what is no structure, to post the result in public' },
    { name: 'hash', about: 'with --redact: session names and kernel releases as hashes' },
    { name: 'json', about: 'say what was written as JSON (kho schema slim prints its schema)' },
    { name: 'quiet', short: 'q', about: 'no summary and no progress' },
  ])
  addImageOptions(command)
}

async function run(path: string, options: SlimCommand, terminal: Terminal): Promise<void> {
  const { output, json } = options
  if (output === undefined) throw new KhoError('usage', 'no file to write to', { hint: 'give -o FILE' })
  if (output === '-' && json === true) {
    throw new KhoError('usage', '--json and -o - both write to standard output')
  }
  checkKeep(options)
  const plan = await makePlan(path, options, terminal)
  const file = openContentFile(output, [path, ...(options.part ?? [])], terminal, { pack: true })
  let size: number
  try {
    size = writeSlim(plan, file.write)
    file.finish(size)
  } finally {
    file.close()
  }
  if (output === '-' || (options.quiet === true && json !== true)) return
  writeOutput(terminal, { color: 'never' }, [], write => {
    if (json === true) writeJson(write, slimJson(plan, output, size))
    else writeSlimText(write, plan, output, size)
  })
}

async function makePlan(path: string, options: SlimCommand, terminal: Terminal): Promise<SlimPlan> {
  const stateOptions = await stateOptionsOf(options, terminal)
  const image = await openForCommand(path, options, terminal)
  const bar = await startSearch(terminal, options)
  try {
    return planSlim(image, {
      ...stateOptions,
      progress: bar.update,
      ...keepSettings(options),
      visit: readAll,
    })
  } finally {
    bar.stop()
  }
}

/** Whatever the other commands would read. */
function readAll(state: KhoState): void {
  readDocument(state)
  validateState(state)
}
