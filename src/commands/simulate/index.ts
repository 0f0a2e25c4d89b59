import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { hex } from '../../../formats/memory/fault.js'
import { applyDamage, type DamageChoice } from '../../damage/index.js'
import type { Moment } from '../../kernel/run-scenario.js'
import type { Scenario } from '../../scenario/schema.js'
import { type Simulation, simulate, writeSimulationElf, writeSimulationRaw } from '../../simulate/simulate.js'
import { openContentFile } from '../shared/content-file.js'
import { DAMAGE, parseSeed } from '../shared/damage-option.js'
import { LAYOUT, layoutsOf } from '../shared/layouts.js'
import { addOptions } from '../shared/option-specs.js'
import { CONTAINER } from '../shared/options.js'
import {
  ALLOW_OUTSIDE,
  contentsBeside,
  readScenario,
  type ScenarioOptions,
} from '../shared/scenario-input.js'
import type { Terminal } from '../shared/terminal.js'

interface SimulateCommandOptions extends ScenarioOptions {
  output: string
  container: 'elf' | 'raw'
  at?: Moment
  seed?: number
  damage?: DamageChoice[]
  quiet?: boolean
  layout?: string[]
}

const HELP = `
SCENARIO is YAML or JSON (docs/scenario.md): a machine, and the calls that its kernel carries out.
Without -q, what each call returned is said on standard output, and where the state lies.

--at  out    before the reboot call
      kexec  at the jump: everything as handed over, the scratch array not in place yet
      early  early in the next kernel: the same root, incoming

Examples:
  kho simulate fixtures/scenarios/small.yaml -o small.elf
  kho simulate machine.yaml -o memory.raw --container raw --at early
  kho simulate machine.yaml -o broken.elf --damage RADIX-CYCLE:7`

/** `kho simulate SCENARIO -o FILE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description("Write a guest's memory as the kernel of a scenario would have left it.")
    .argument('<SCENARIO>', 'a scenario file')
    .addHelpText('after', HELP)
    .action((scenario: string, options: SimulateCommandOptions) => run(scenario, options, terminal))
  addOptions(command, [
    { name: 'output', short: 'o', value: 'FILE', about: 'the dump to write; - is standard output' },
    CONTAINER,
    {
      name: 'at',
      value: 'MOMENT',
      about: 'when the memory is looked at',
      choices: ['out', 'kexec', 'early'],
    },
    { name: 'seed', value: 'N', about: "instead of the scenario's seed", parse: parseSeed },
    DAMAGE,
    ALLOW_OUTSIDE,
    LAYOUT,
    { name: 'quiet', short: 'q', about: 'say nothing' },
  ])
}

async function run(path: string, options: SimulateCommandOptions, terminal: Terminal): Promise<void> {
  if (options.output === undefined) {
    throw new KhoError('usage', 'the dump needs a file: -o FILE', {
      hint: `kho simulate ${path} -o memory.elf`,
    })
  }
  const scenario = readScenario(path)
  const layouts = await layoutsOf(options.layout, terminal)
  const simulation = simulate(scenario, {
    ...(layouts === null ? {} : { layouts }),
    open: contentsBeside(path, options, terminal),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  })
  const done = (options.damage ?? []).map(({ rule, seed }) => applyDamage(simulation, rule, seed))
  writeFile(simulation, options, [path], terminal)
  if (options.quiet !== true && options.output !== '-')
    terminal.out(new TextEncoder().encode(report(scenario, simulation, done)))
}

function writeFile(
  simulation: Simulation,
  options: SimulateCommandOptions,
  inputs: readonly string[],
  terminal: Terminal,
): void {
  const sink = openContentFile(options.output, inputs, terminal, { pack: true })
  try {
    if (options.container === 'raw') sink.finish(writeSimulationRaw(simulation, sink.write).size)
    else sink.finish(writeSimulationElf(simulation, sink.write))
  } finally {
    sink.close()
  }
}

/** What happened, a line each. */
function report(scenario: Scenario, simulation: Simulation, damages: readonly string[]): string {
  const { root, handover, log, notes, moment } = simulation
  const lines = [`kernel ${scenario.machine.kernel}, at ${moment}`]
  lines.push(root === null ? 'root FDT: none yet' : `root FDT ${hex(root)}`)
  if (handover !== null) {
    lines.push(
      `hand-over ${hex(handover.record)}, scratch array ${hex(handover.scratchArray)}+${handover.scratchBytes}`,
    )
  }
  for (const { index, name, result } of log) {
    if (result !== null) lines.push(`call ${index ?? '-'} ${name}: ${result}`)
  }
  const refused = log.filter(({ result }) => result !== null).length
  lines.push(`${log.length} calls, ${refused === 0 ? 'none' : refused} refused`)
  lines.push(...notes.map(note => `note: ${note}`), ...damages.map(done => `damage ${done}`))
  return `${lines.join('\n')}\n`
}
