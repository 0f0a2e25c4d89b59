import { join } from 'node:path'
import { run } from '../../../src/cli/main.js'
import type { Terminal } from '../../../src/commands/shared/terminal.js'
import { ClosedPipe } from '../../../src/node/write.js'
import { ROOT } from '../../built.js'

/** What a command line did. */
export interface Ran {
  code: number
  out: string
  err: string
}

/** What the made-up terminal is like. */
export interface Setting {
  env?: Record<string, string>
  outIsTerminal?: boolean
  errIsTerminal?: boolean
  columns?: number
  /** Standard output is closed after this many pieces. */
  closesAfter?: number
}

/** Runs a command line in this process: no build, no start-up. */
export async function kho(args: readonly string[], setting: Setting = {}): Promise<Ran> {
  const chunks: Buffer[] = []
  let err = ''
  const terminal: Terminal = {
    out(bytes) {
      if (setting.closesAfter !== undefined && chunks.length >= setting.closesAfter) throw new ClosedPipe()
      chunks.push(Buffer.from(bytes))
    },
    err: text => {
      err += text
    },
    outIsTerminal: setting.outIsTerminal ?? false,
    errIsTerminal: setting.errIsTerminal ?? false,
    columns: setting.columns ?? null,
    env: setting.env ?? {},
  }
  const code = await run(args, terminal)
  return { code, out: Buffer.concat(chunks).toString('utf8'), err }
}

/** A capture that comes with the repository: `basic-1g.s2-early`. */
export function fixture(name: string): string {
  return join(ROOT, `fixtures/linux-7.2.${name}.elf`)
}
