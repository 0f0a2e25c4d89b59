import type { Command } from 'commander'
import { KhoError } from '../../formats/error.js'
import { didYouMean } from '../../formats/layout/nearest.js'
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
  let usage: string | null = null
  try {
    refuseUnknown(args)
    const program = await buildProgram(terminal, args)
    usage = usageOf(program, args)
    if (args.length === 0) program.help({ error: true })
    await program.parseAsync([...args], { from: 'user' })
    return terminal.code ?? 0
  } catch (error) {
    return reportError(error, args, terminal, usage)
  } finally {
    for (const undo of terminal.cleanups?.splice(0) ?? []) undo()
  }
}

/** How the command at hand is written, for who wrote it otherwise. */
function usageOf(program: Command, args: readonly string[]): string | null {
  const command = program.commands.find(known => known.name() === args.find(word => !word.startsWith('-')))
  if (command === undefined) return null
  const { name, usage } = { name: command.name(), usage: command.usage() }
  return `kho ${name} ${usage}; \`kho help ${name}\` says more`
}

/** Says of a word that is no command what it may be; commander would look only for one that is written alike. */
function refuseUnknown(args: readonly string[]): void {
  const first = args.find(word => !word.startsWith('-'))
  const name = first === 'help' ? args[args.indexOf('help') + 1] : first
  if (name === undefined || name === 'help' || name.startsWith('-')) return
  const names = COMMANDS.flatMap(({ name: known, alias }) => (alias === undefined ? [known] : [known, alias]))
  if (names.includes(name)) return
  if (first !== 'help' && /[./]/.test(name)) {
    throw new KhoError('usage', `there is no file '${name}', and no command of that name`, {
      hint: '`kho IMAGE` shows what is in a dump, `kho help` lists the commands',
    })
  }
  throw new KhoError('usage', `unknown command '${name}'`, {
    hint: didYouMean(name, names) ?? '`kho help` lists the commands',
  })
}
