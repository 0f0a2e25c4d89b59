import { Argument, type Command } from 'commander'
import { addOptions } from '../shared/option-specs.js'
import type { OutputOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'
import { completionScript, SHELLS, type Shell } from './scripts.js'

const HELP = `
To use it now, and in every new shell:
  bash   source <(kho completion bash)               # in ~/.bashrc
  zsh    kho completion zsh > "\${fpath[1]}/_kho"
  fish   kho completion fish > ~/.config/fish/completions/kho.fish

Commands, options and their values complete, and the paths in an image: kho dump vmcore luo/<Tab>.`

/** `kho completion SHELL`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Print a completion script for a shell.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell, options: OutputOptions) => {
      writeOutput(terminal, { ...options, verbatim: true }, [], write => write(completionScript(shell)))
    })
  addOptions(command, [{ name: 'output', short: 'o', value: 'FILE', about: 'write the script to FILE' }])
}
