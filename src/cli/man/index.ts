import type { Terminal } from '../../commands/shared/terminal.js'
import { version } from '../../commands/shared/version.js'
import { buildProgram } from '../program.js'
import { manPage, pageName } from './page.js'

const SILENT: Terminal = { out() {}, err() {}, outIsTerminal: false, errIsTerminal: false, env: {} }

/** Every man page by the name of its file: `kho.1`, and one for each command. They come from the same tree as the help. */
export async function manPages(): Promise<Map<string, string>> {
  const program = await buildProgram(SILENT)
  const commands = program.commands.filter(command => command.name() !== 'help')
  const others = commands.map(command => command.name())
  const pages = [program, ...commands].map(
    command => [`${pageName(command)}.1`, manPage(command, { version: version(), others })] as const,
  )
  return new Map(pages)
}
