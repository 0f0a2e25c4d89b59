import { Argument, type Command } from 'commander'
import type { CommandTree } from '../shared/command.js'
import { addOptions } from '../shared/option-specs.js'
import type { OutputOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'
import { completionScript, SHELLS, type Shell } from './scripts.js'

const HELP = `
To use it now, and in every new shell:
  bash   source <(kho completion bash)               # in ~/.bashrc
  zsh    kho completion zsh > "\${fpath[1]}/_kho"
  fish   kho completion fish > ~/.config/fish/completions/kho.fish`

/** `kho completion SHELL`. */
export function configure(command: Command, terminal: Terminal, tree: CommandTree): void {
  command
    .description('Print a completion script for a shell, made from this command line.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: Shell, options: OutputOptions) => {
      const script = completionScript(shell, describe(await tree.program()))
      writeOutput(terminal, { ...options, verbatim: true }, [], write => write(script))
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
