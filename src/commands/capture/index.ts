import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { runCapture } from '../../capture/capture.js'
import { defaultScenario } from '../../capture/default-scenario.js'
import { MOMENTS, type Moment } from '../../capture/moments.js'
import { planCapture } from '../../capture/scenario-plan.js'
import { judgeCapture } from '../../capture/verdict.js'
import { writeTruth } from '../../capture/write-truth.js'
import { readBootImage } from '../../guest/boot-image.js'
import { writeJson } from '../../render/json.js'
import { EXIT } from '../shared/exit-codes.js'
import { GUEST_OPTIONS, type GuestOptions, guestOptionsOf, requireKernel } from '../shared/guest-options.js'
import { addOptions } from '../shared/option-specs.js'
import { COLOR, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import { readScenario } from '../shared/scenario-input.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'
import { captureJson, writeCaptureText } from './text.js'

interface CaptureCommand extends GuestOptions, Pick<OutputOptions, 'json' | 'color' | 'quiet'> {
  output: string
  moment?: Moment[]
  dump: 'elf' | 'kdump-zlib'
}

const HELP = `
Boots BZIMAGE, or an arm64 Image, in QEMU, has user space and the kernel preserve what SCENARIO says (docs/scenario.md; without one: two
sessions, three memfds, reserve_mem, kho_test), jumps to the same kernel, and takes everything back. Dumps, in DIR:

  ready      everything is preserved, the next kernel is loaded
  jump       the last moment of the first kernel
  early      the next kernel, about to read the map
  retrieved  user space has taken everything back

Beside them is what the guest itself says: debugfs files, digests and page frames of the memfds, logs, and the blocks that
the next kernel reserved. Exit code 0 where all of that is what kho reads from the dumps and nobody complains, 1 where not.

Examples:
  kho capture --kernel bzImage -o captured
  kho capture scenario.yaml --kernel arch/x86/boot/bzImage -o captured --moment jump --json`

/** `kho capture [SCENARIO] --kernel BZIMAGE -o DIR`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Boot a guest, preserve, kexec, dump memory on the way, and check it all.')
    .argument('[SCENARIO]', 'a scenario file')
    .addHelpText('after', HELP)
    .action((path: string | undefined, options: CaptureCommand) => capture(path, options, terminal))
  addOptions(command, [
    { name: 'output', short: 'o', value: 'DIR', about: 'the folder for dumps and what belongs to them' },
    ...GUEST_OPTIONS,
    {
      name: 'moment',
      value: 'MOMENT',
      about: 'dump at this moment only',
      choices: MOMENTS,
      repeat: true,
    },
    {
      name: 'dump',
      value: 'FORMAT',
      about: 'what QEMU writes',
      choices: ['elf', 'kdump-zlib'],
      fallback: 'elf',
    },
    { name: 'json', about: 'one JSON document (kho schema capture prints its schema)' },
    COLOR,
    { name: 'quiet', short: 'q', about: 'no progress on standard error' },
  ])
}

async function capture(path: string | undefined, options: CaptureCommand, terminal: Terminal): Promise<void> {
  const kernel = requireKernel(options)
  const { output, symbols } = options
  if (output === undefined) throw new KhoError('usage', 'no folder for the dumps', { hint: 'give -o DIR' })
  const say = (message: string) => {
    if (options.quiet !== true) warn(terminal, message)
  }
  const { notes, ...plan } = planCapture(
    path === undefined ? defaultScenario(readBootImage(kernel)) : readScenario(path),
  )
  for (const note of notes) say(note)
  const captured = await runCapture({
    ...plan,
    ...guestOptionsOf(options, terminal),
    folder: output,
    ...(symbols === undefined ? {} : { symbols }),
    ...(options.moment === undefined ? {} : { moments: options.moment }),
    dump: options.dump,
    progress: say,
  })
  for (const note of captured.notes) say(note)
  const truth = writeTruth(output, captured)
  say('checking')
  const verdict = await judgeCapture(captured)
  const answer = { color: options.color }
  writeOutput(terminal, answer, [], write => {
    const outcome = { capture: captured, verdict, truth, notes: [...notes, ...captured.notes] }
    if (options.json === true) writeJson(write, captureJson(outcome))
    else writeCaptureText(write, outcome, paletteOf(wantsColor(answer, terminal)))
  })
  if (!verdict.ok) terminal.code = captured.unjudged ? EXIT.unjudged : EXIT.found
}
