import type { Command } from 'commander'
import type { KhoState } from '../../image/state.js'
import { writeJson } from '../../render/json.js'
import { whyUnjudged } from '../../replay/alone.js'
import type { AskedRegion } from '../../replay/expected.js'
import { REPLAY_WORDS, type ReplayWord } from '../../replay/judge.js'
import { type ReplayReport, replayState } from '../../replay/replay.js'
import { openScenario } from '../../replay/scenario-state.js'
import { EXIT } from '../shared/exit-codes.js'
import {
  GUEST_OPTIONS,
  type GuestOptions,
  guestOptionsOf,
  orNotAsExpected,
  requireKernel,
} from '../shared/guest-options.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import {
  ALLOW_OUTSIDE,
  contentsBeside,
  readScenario,
  type ScenarioOptions,
} from '../shared/scenario-input.js'
import { isScenarioPath } from '../shared/scenario-path.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'
import { type ReplayVerdict, replayJson, writeReplayText } from './text.js'

interface ReplayCommand extends ImageOptions, OutputOptions, GuestOptions, ScenarioOptions {
  expect?: ReplayWord
  gdb?: boolean
  force?: boolean
}

const HELP = `
A file named .yaml, .yml or .json is a scenario (docs/scenario.md), which is carried out up to early in the next kernel;
any other is an image. The guest is a fresh one, x86-64 or arm64 as the kernel is, with nothing but the state in its memory.

Exit code 0 where the kernel did what --expect says, else what \`validate\` predicts for it (where that says nothing: ok),
1 where it did something else, 125 where it has no KHO, or does not come up without a state either (for git bisect). What cannot be where it should be is exit code 5, and no guest is started; --force starts one.

--gdb stops the guest at kho_populate() and prints the command line that attaches gdb; the replay goes on when the debugger
lets the guest go on. Kernel addresses are then those of vmlinux. The time limit is then an hour, else a minute.

Examples:
  kho replay vmcore --kernel bzImage
  kho replay fixtures/scenarios/luo-two-sessions.yaml --kernel bzImage --json
  kho replay broken.elf --kernel bzImage --expect oops
  kho replay broken.elf --kernel bzImage --gdb --symbols vmlinux`

/** `kho replay IMAGE|SCENARIO --kernel BZIMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Boot a real kernel on a state in QEMU, and say what it made of it.')
    .argument('<IMAGE>', 'a memory dump, or a scenario file')
    .addHelpText('after', HELP)
    .action((path: string, options: ReplayCommand) =>
      orNotAsExpected(terminal, () => replay(path, options, terminal)),
    )
  addOptions(command, [
    ...GUEST_OPTIONS,
    {
      name: 'expect',
      value: 'OUTCOME',
      about: 'what the kernel is to do, instead of what validate predicts',
      choices: REPLAY_WORDS,
    },
    ALLOW_OUTSIDE,
    { name: 'gdb', about: 'have the guest wait for a debugger at kho_populate()' },
    { name: 'force', about: 'boot although something of the state cannot be where it should be' },
  ])
  addOutputOptions(command, 'document')
  addImageOptions(command)
}

async function replay(path: string, options: ReplayCommand, terminal: Terminal): Promise<void> {
  requireKernel(options)
  const quiet = options.quiet === true
  const say = (message: string) => {
    if (!quiet) warn(terminal, message)
  }
  const { state, regions } = await stateFrom(path, options, terminal, say)
  const how = {
    ...(regions === undefined ? {} : { regions }),
    ...guestOptionsOf(options, terminal),
    ...(options.force === true ? { force: true } : {}),
    progress: say,
    ...(options.gdb === true
      ? {
          debug: {
            ...(options.symbols === undefined ? {} : { symbols: options.symbols }),
            // Not progress, but what the option is for: also with --quiet.
            waiting: (line: string) =>
              warn(terminal, `the guest waits at kho_populate(); attach with: ${line}`),
          },
        }
      : {}),
  }
  const report = await replayState(state, how)
  const verdict = verdictOf(report, options.expect)
  const unjudged = verdict.asExpected ? null : await whyUnjudged(report, how)
  writeOutput(terminal, options, [path, ...(options.part ?? [])], write => {
    if (options.json === true) writeJson(write, replayJson(report, verdict))
    else writeReplayText(write, report, verdict, paletteOf(wantsColor(options, terminal)))
  })
  if (unjudged !== null) warn(terminal, unjudged)
  if (!verdict.asExpected) terminal.code = unjudged === null ? EXIT.found : EXIT.unjudged
}

async function stateFrom(
  path: string,
  options: ReplayCommand,
  terminal: Terminal,
  say: (message: string) => void,
): Promise<{ state: KhoState; regions?: AskedRegion[] }> {
  if (!isScenarioPath(path)) return { state: await openState(path, options, terminal) }
  const made = await openScenario(readScenario(path), contentsBeside(path, options, terminal))
  terminal.cleanups ??= []
  terminal.cleanups.push(() => made.close())
  for (const note of made.notes) say(`scenario: ${note}`)
  return made
}

/** Where nothing is predicted, a state is meant to be taken over. */
function verdictOf({ word, predicted }: ReplayReport, wanted: ReplayWord | undefined): ReplayVerdict {
  const prediction = predicted?.outcome.word ?? 'unknown'
  const expected = wanted ?? (prediction === 'unknown' ? 'ok' : prediction)
  return { expected, asExpected: word === expected }
}
