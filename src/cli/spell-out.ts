import { existsSync } from 'node:fs'
import { COMMANDS } from '../commands/table.js'

/** What is done with an image where no command is named. */
const DEFAULT = 'stat'

/** A command line with the command's own name: `kho IMAGE` and `kho ls IMAGE` are `kho stat IMAGE`. */
export function spellOut(args: readonly string[]): readonly string[] {
  const place = args[0] === 'help' || args[0] === '--no-pager' ? 1 : 0
  const first = args[place]
  if (first === undefined || COMMANDS.some(({ name }) => name === first)) return args
  const meant = COMMANDS.find(({ alias }) => alias === first)
  if (meant !== undefined) return [...args.slice(0, place), meant.name, ...args.slice(place + 1)]
  if (args[0] === 'help' || !isImage(first)) return args
  return [...args.slice(0, place), DEFAULT, ...args.slice(place)]
}

function isImage(text: string): boolean {
  if (text === '-' || text.startsWith('qmp:')) return true
  return text !== 'help' && !text.startsWith('-') && existsSync(text)
}
