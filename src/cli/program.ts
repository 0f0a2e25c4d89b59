import { Command } from 'commander'
import type { Terminal } from '../commands/shared/terminal.js'
import { version } from '../commands/shared/version.js'
import { warn } from '../commands/shared/warn.js'
import { COMMANDS } from '../commands/table.js'

const AFTER_HELP = `
Exit codes: 0 done, 1 found something, 2 wrong usage, 3 file unreadable, 4 no KHO state,
5 state too broken or stale, 6 something outside is missing, 70 a bug in kho.`

/**
 * The tree of commands. Only those that `args` names are filled with their options, because filling one means
 * loading its modules; without `args` all are.
 */
export async function buildProgram(terminal: Terminal, args?: readonly string[]): Promise<Command> {
  const program = new Command('kho')
  program
    .description('Read, check, compare and make the state that Linux hands over at kexec (KHO).')
    .usage('<command> IMAGE [options]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.out(new TextEncoder().encode(text)),
      writeErr: text => terminal.err(text),
      outputError: text =>
        warn(
          terminal,
          text
            .trim()
            .replace(/^error: /, '')
            .replaceAll('\n', ' '),
        ),
    })
  const tree = { entries: COMMANDS, program: () => buildProgram(terminal) }
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).summary(entry.summary).description(entry.summary)
    if (args === undefined || args.includes(entry.name))
      (await entry.load()).configure(command, terminal, tree)
  }
  return program
}
