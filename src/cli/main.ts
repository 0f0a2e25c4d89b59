import { KhoError } from '../../formats/error.js'
import type { Terminal } from '../commands/shared/terminal.js'
import { COMMANDS } from '../commands/table.js'
import { reportError } from './errors.js'
import { processTerminal } from './process-terminal.js'
import { buildProgram } from './program.js'
import { spellOut } from './spell-out.js'

/** The executable: `argv` as in `process.argv`. Sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const terminal = processTerminal()
  process.exitCode = await run(argv.slice(2), terminal)
  await terminal.finish()
}

/** Runs one command line; the result is its exit code. */
export async function run(line: readonly string[], terminal: Terminal): Promise<number> {
  if (line[0] === '__complete') {
    const { complete } = await import('./complete/index.js')
    return complete(line.slice(1), terminal)
  }
  const args = spellOut(line)
  try {
    const program = await buildProgram(terminal, args)
    refuseHelpForUnknown(args)
    if (args.length === 0) program.help({ error: true })
    await program.parseAsync([...args], { from: 'user' })
    return terminal.code ?? 0
  } catch (error) {
    return reportError(error, args, terminal)
  } finally {
    for (const undo of terminal.cleanups?.splice(0) ?? []) undo()
  }
}

/** `kho help nonsense`: commander would print the general help and say nothing. */
function refuseHelpForUnknown(args: readonly string[]): void {
  const name = args[0] === 'help' ? args[1] : undefined
  if (name === undefined || name === 'help' || name.startsWith('-')) return
  if (COMMANDS.some(entry => entry.name === name)) return
  throw new KhoError('usage', `unknown command '${name}'`, { hint: '`kho help` lists the commands' })
}
