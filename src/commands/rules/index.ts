import type { Command } from 'commander'
import { writeJson } from '../../render/json.js'
import { findRule, RULES } from '../../rules/catalogue.js'
import { nameAmong } from '../shared/names.js'
import { addOutputOptions, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { rulesJson, writeRule, writeRules } from './text.js'

const HELP = `
A rule's severity says how bad it is for the state; what a kernel makes of it is another matter, and told apart.

Examples:
  kho rules
  kho rules RADIX-SHARED-NODE
  kho rules --json`

/** `kho rules [RULE]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('List the rules that kho validate knows, or explain one.')
    .argument('[RULE]', 'the id of a rule')
    .addHelpText('after', HELP)
    .action((id: string | undefined, options: OutputOptions) => rules(id, options, terminal))
  addOutputOptions(command, 'document')
}

function rules(id: string | undefined, options: OutputOptions, terminal: Terminal): void {
  const chosen =
    id === undefined
      ? RULES
      : [
          findRule(
            nameAmong(
              id,
              RULES.map(rule => rule.id),
              'rule',
              'kho rules',
            ),
          ),
        ]
  const palette = paletteOf(wantsColor(options, terminal))
  writeOutput(terminal, options, [], write => {
    if (options.json === true) writeJson(write, rulesJson(chosen))
    else if (id === undefined) writeRules(write, chosen, palette)
    else writeRule(write, chosen[0]!, palette)
  })
}
