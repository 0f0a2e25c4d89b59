import { CommanderError } from 'commander'
import { isKhoError, type KhoError } from '../../formats/error.js'
import { hex } from '../../formats/memory/fault.js'
import { EXIT, EXIT_OF } from '../commands/shared/exit-codes.js'
import type { Terminal } from '../commands/shared/terminal.js'
import { version } from '../commands/shared/version.js'
import { warn } from '../commands/shared/warn.js'
import { errorCode } from '../node/system-error.js'
import { ClosedPipe } from '../node/write.js'

/** Says on standard error what went wrong, and gives the exit code for it. `usage` is how the command at hand is written. */
export function reportError(
  error: unknown,
  args: readonly string[],
  terminal: Terminal,
  usage: string | null = null,
): number {
  if (error instanceof ClosedPipe) return EXIT.done
  if (error instanceof CommanderError) return reportUsage(error, args, terminal, usage)
  if (isKhoError(error) && EXIT_OF[error.code] !== undefined && EXIT_OF[error.code] !== EXIT.bug) {
    warn(terminal, describe(error))
    if (error.place.hint !== undefined && !isQuiet(args)) warn(terminal, `hint: ${error.place.hint}`)
    return EXIT_OF[error.code]
  }
  if (cannotWriteOutput(error)) {
    warn(terminal, `cannot write the output: ${messageOf(error)}`)
    return EXIT.missing
  }
  reportBug(error, args, terminal)
  return EXIT.bug
}

function describe(error: KhoError): string {
  const { address, offset, path } = error.place
  const where: string[] = []
  if (path !== undefined && !error.message.includes(path)) where.push(path)
  if (address !== undefined && !error.message.includes(hex(address))) where.push(`physical ${hex(address)}`)
  if (offset !== undefined && !namesNumber(error.message, offset)) where.push(`offset ${offset}`)
  return where.length === 0 ? error.message : `${error.message} (${where.join(', ')})`
}

/** Whether a message has a number by itself: a digit in the name of a file is none. */
function namesNumber(message: string, number: number): boolean {
  return new RegExp(`(?<![\\w./-])${number}(?![\\w./-])`).test(message)
}

/** All of commander's errors are wrong usage; what is no error is help or the version, printed already. */
function reportUsage(
  { exitCode, message }: CommanderError,
  args: readonly string[],
  terminal: Terminal,
  usage: string | null,
): number {
  if (exitCode === 0) return EXIT.done
  if (!message.startsWith('error: ')) return EXIT.usage
  warn(
    terminal,
    message
      .replace(/^error: /, '')
      .trim()
      .replaceAll('\n', ' '),
  )
  if (usage !== null && !isQuiet(args)) warn(terminal, `hint: ${usage}`)
  return EXIT.usage
}

/** Standard output is the only stream whose errors come as they are. */
function cannotWriteOutput(error: unknown): boolean {
  const code = errorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS') return true
  return code !== null && error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function reportBug(error: unknown, args: readonly string[], terminal: Terminal): void {
  warn(terminal, `internal error: ${error instanceof Error ? `${error.name}: ` : ''}${messageOf(error)}`)
  warn(terminal, `this is a bug in kho ${version()} (node ${process.version}, ${process.platform})`)
  warn(terminal, `please report it with this command line: kho ${args.join(' ')}`)
  if (terminal.env.KHO_DEBUG !== undefined && terminal.env.KHO_DEBUG !== '' && error instanceof Error) {
    terminal.err(`${error.stack ?? ''}\n`)
  } else {
    warn(terminal, 'KHO_DEBUG=1 in the environment adds a stack trace')
  }
}

/** True when the command line asks for no more than the answer. */
function isQuiet(args: readonly string[]): boolean {
  return args.includes('--quiet') || args.includes('-q')
}
