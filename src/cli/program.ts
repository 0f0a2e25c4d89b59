import { Command, type Option } from 'commander'
import type { Terminal } from '../commands/shared/terminal.js'
import { version } from '../commands/shared/version.js'
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
    .option('--no-pager', 'never show answers page by page')
    .hook('preAction', () => {
      if (program.opts().pager === false) delete terminal.page
    })
    .showHelpAfterError(false)
    .exitOverride()
    .configureHelp({ optionDescription })
    .configureOutput({
      getOutHelpWidth: () => helpWidth(terminal),
      getErrHelpWidth: () => helpWidth(terminal),
      writeOut: await helpWriter(terminal),
      writeErr: text => terminal.err(text),
      // src/cli/errors.ts says it, with what helps.
      outputError() {},
    })
  const tree = { entries: COMMANDS }
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).summary(entry.summary).description(entry.summary)
    if (args === undefined || args.includes(entry.name))
      (await entry.load()).configure(command, terminal, tree)
  }
  return program
}

/** Where help goes; what makes it fit a terminal is loaded only for one. */
async function helpWriter(terminal: Terminal): Promise<(text: string) => void> {
  const encoder = new TextEncoder()
  const write = (chunk: string | Uint8Array) => {
    terminal.out(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
  }
  if (!terminal.outIsTerminal) return write
  const { forPeople } = await import('../commands/shared/for-people.js')
  return text => {
    const out = forPeople(write, terminal, true)
    out.write(text)
    out.flush()
  }
}

const DEFAULT_WIDTH = 80

function helpWidth({ columns }: Terminal): number {
  return columns ?? DEFAULT_WIDTH
}

/** What the help says of an option, with its values. */
function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ]
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}
