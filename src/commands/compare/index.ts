import type { Command } from 'commander'
import { geometry } from '../../../formats/memory/geometry.js'
import { type Comparison, compareState, compareTrackers } from '../../compare/compare.js'
import { writeJson } from '../../render/json.js'
import { simulate } from '../../simulate/simulate.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import {
  ALLOW_OUTSIDE,
  contentsBeside,
  readScenario,
  type ScenarioOptions,
} from '../shared/scenario-input.js'
import { isScenarioPath } from '../shared/scenario-path.js'
import type { Terminal } from '../shared/terminal.js'
import { compareJson, writeCompareText } from './text.js'

interface CompareCommand extends ImageOptions, OutputOptions, ScenarioOptions {}

const HELP = `
A file that is named .yaml, .yml or .json is a scenario, any other an image.

Each tracker is written by its own encoder and read by its own decoder; what those did is counted. Look-ups in lists, and
a reader's boot, are modelled; the figures that the models rest on are quoted, with their source.

Examples:
  kho compare vmcore
  kho compare fixtures/scenarios/16g-of-4k-pages.yaml
  kho compare vmcore --json`

/** `kho compare IMAGE|SCENARIO`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('What this state costs in every tracker: bytes, and work to build, hand over and read back.')
    .argument('<IMAGE|SCENARIO>', 'a memory dump, or a scenario file')
    .addHelpText('after', HELP)
    .action((path: string, options: CompareCommand) => run(path, options, terminal))
  addOptions(command, [ALLOW_OUTSIDE])
  addOutputOptions(command, 'document')
  addImageOptions(command)
}

async function run(path: string, options: CompareCommand, terminal: Terminal): Promise<void> {
  const comparison = isScenarioPath(path)
    ? ofScenario(path, options, terminal)
    : await ofImage(path, options, terminal)
  writeOutput(terminal, options, [path, ...(options.part ?? [])], write => {
    if (options.json === true) writeJson(write, compareJson(comparison))
    else writeCompareText(write, comparison)
  })
}

async function ofImage(path: string, options: CompareCommand, terminal: Terminal): Promise<Comparison> {
  return compareState(await openState(path, options, terminal))
}

function ofScenario(path: string, options: CompareCommand, terminal: Terminal): Comparison {
  const scenario = readScenario(path)
  const { kho } = simulate(scenario, { open: contentsBeside(path, options, terminal) })
  return compareTrackers(kho.preserved, geometry(kho.geometry.pageShift), scenario.machine.ram)
}
