import type { Command } from 'commander'
import { KhoError } from '../../formats/error.js'
import { schemaNames, schemaOf } from '../render/schema.js'
import { addOptions } from './option-specs.js'
import type { OutputOptions } from './options.js'
import { writeOutput } from './output.js'
import type { Terminal } from './terminal.js'

/** `kho schema [NAME]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description("Print the JSON Schema of a command's output; without NAME list the names.")
    .argument('[NAME]', 'a command with JSON output')
    .action((name: string | undefined, options: OutputOptions) => schema(name, options, terminal))
  addOptions(command, [{ name: 'output', short: 'o', value: 'FILE', about: 'write the answer to FILE' }])
}

function schema(name: string | undefined, options: OutputOptions, terminal: Terminal): void {
  if (name === undefined) {
    writeOutput(terminal, options, [], write => write(`${schemaNames().join('\n')}\n`))
    return
  }
  const found = schemaOf(name)
  if (found === null) {
    throw new KhoError('usage', `no schema is called '${name}'`, {
      hint: `there are ${schemaNames().join(', ')}`,
    })
  }
  writeOutput(terminal, options, [], write => write(`${JSON.stringify(found, null, 2)}\n`))
}
