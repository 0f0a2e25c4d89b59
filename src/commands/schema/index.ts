import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { didYouMean } from '../../../formats/layout/nearest.js'
import type { CommandEntry, CommandTree } from '../shared/command.js'
import { addOptions } from '../shared/option-specs.js'
import type { OutputOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'

/** `kho schema [NAME]`. */
export function configure(command: Command, terminal: Terminal, { entries }: CommandTree): void {
  command
    .description("Print the JSON Schema of a command's output; without NAME list the names.")
    .argument('[NAME]', 'a command with JSON output')
    .action(async (name: string | undefined, options: OutputOptions) => {
      const text = name === undefined ? `${namesIn(entries).join('\n')}\n` : await schemaText(entries, name)
      writeOutput(terminal, { ...options, verbatim: name !== undefined }, [], write => write(text))
    })
  addOptions(command, [{ name: 'output', short: 'o', value: 'FILE', about: 'write the answer to FILE' }])
}

function namesIn(entries: readonly CommandEntry[]): string[] {
  return entries.filter(({ schema }) => schema !== undefined).map(({ name }) => name)
}

async function schemaText(entries: readonly CommandEntry[], name: string): Promise<string> {
  const entry = entries.find(known => known.name === name)
  if (entry?.schema === undefined) {
    throw new KhoError('usage', `no schema is called '${name}'`, {
      hint: didYouMean(name, namesIn(entries)) ?? `there are ${namesIn(entries).join(', ')}`,
    })
  }
  const { toJSONSchema } = await import('zod')
  const { schema } = await entry.schema()
  return `${JSON.stringify({ $id: `kho/${name}/1`, ...toJSONSchema(schema) }, null, 2)}\n`
}
