import { Argument, type Command } from 'commander'
import { completionScript, SHELLS, type Shell } from '../render/completion.js'
import { addOptions } from './option-specs.js'
import type { OutputOptions } from './options.js'
import { writeOutput } from './output.js'
import { buildProgram } from './program.js'
import type { Terminal } from './terminal.js'

const HELP = `
To use it now, and in every new shell:
  bash   source <(kho completion bash)               # in ~/.bashrc
  zsh    kho completion zsh > "\${fpath[1]}/_kho"
  fish   kho completion fish > ~/.config/fish/completions/kho.fish`

/** `kho completion SHELL`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Print a completion script for a shell, made from this command line.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: Shell, options: OutputOptions) => {
      const script = completionScript(shell, describe(await buildProgram(terminal)))
      writeOutput(terminal, options, [], write => write(script))
    })
  addOptions(command, [{ name: 'output', short: 'o', value: 'FILE', about: 'write the script to FILE' }])
}

function describe(program: Command) {
  return program.commands.map(command => ({
    name: command.name(),
    summary: command.summary(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map(option => ({
        long: option.long ?? '',
        short: option.short ?? null,
        about: option.description,
        value: option.required || option.optional,
        choices: option.argChoices ?? null,
      })),
    arguments: command.registeredArguments.map(argument => ({
      name: argument.name(),
      choices: argument.argChoices ?? null,
    })),
  }))
}
